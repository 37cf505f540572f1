"""The listed numbers of theory note 50, and how far two measurements may be apart."""

import json
import math
from pathlib import Path

from giantstep.significance import needed_t

FOLDER = Path(__file__).parents[1] / "data"


def points(system, group, **params):
    """Entries of a group whose parameters are the given ones."""
    listed = json.loads((FOLDER / f"{system}.json").read_text())["points"]
    return [
        point
        for point in listed
        if point["group"] == group and all(point["params"].get(key) == value for key, value in params.items())
    ]


def z_score(mean, error, point):
    """Our measurement against the listed one, in combined standard errors."""
    return (mean - point["sim"]) / math.hypot(error, point["se"] or 0.0)


def allowed(tests, seeds):
    """|z| that holds for all of several tests at 1e-3 together; few seeds have heavy tails."""
    return needed_t(tests, seeds - 1, single=3.29)
