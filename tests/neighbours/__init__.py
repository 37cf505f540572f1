"""The listed values of theory note 50, and rows of the table that lays ours beside them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from giantstep.significance import needed_t

POINTS = json.loads((Path(__file__).parents[1] / "data" / "neighbours.json").read_text())["points"]


def points(group, **params):
    """Entries of a group whose parameters are the given ones."""
    found = [point for point in POINTS if point["group"] == group]
    assert found, group
    return [
        point for point in found if all(point["params"].get(key) == value for key, value in params.items())
    ]


def z_score(mean, error, point):
    """Our measurement against the listed one, in combined standard errors."""
    return (mean - point["sim"]) / math.hypot(error, point["se"] or 0.0)


def allowed(tests, seeds):
    """|z| that holds for all of several tests at 1e-3 together; few seeds have heavy tails."""
    return needed_t(tests, seeds - 1, single=3.29)


@dataclass(frozen=True)
class Row:
    """Our value of one listed entry.

    Attributes
    ----------
    point : dict
    ours, error : float
        Ours, and its standard error; NaN where it is not drawn.
    score : float
        z of a statistical entry, else the distance from what is listed.
    limit : float
        Of the score's size.
    note : str
        What else is worth reading.
    own : float
        z of our measurement against the theory of its own weights or tasks; NaN where there is none.
    """

    point: dict
    ours: float
    error: float
    score: float
    limit: float
    note: str = ""
    own: float = math.nan

    @property
    def met(self):
        return abs(self.score) <= self.limit

    def __str__(self):
        given = ", ".join(
            f"{key} {value}" for key, value in self.point["params"].items() if isinstance(value, int | str)
            or key in NAMED
        )  # fmt: skip
        listed = self.point["theory"] if self.point["kind"] == "exact" else self.point["sim"]
        ours = f"{self.ours:.6g}" + (f" ± {self.error:.2g}" if math.isfinite(self.error) else "")
        score = (
            f"{'z' if self.point['kind'] == 'statistical' else 'off'} {self.score:.2g} of {self.limit:.2g}"
        )
        own = f"own theory z {self.own:.1f}; " if math.isfinite(self.own) else ""
        verdict = "" if self.met else "   NOT MET"
        return (
            f"{self.point['group']:16}{self.point['kind']:14}{given:60} {ours:24}{listed:<14.6g}{score:24}"
            f"{own}{self.note}{verdict}"
        )


NAMED = ("eps", "lam", "n_over_p", "eta", "q", "t", "dt", "alpha")
"""Parameters that are numbers with a point, and no further results."""


def exact(point, value):
    """The formula's own digits."""
    return Row(point, value, math.nan, value / point["theory"] - 1, 1e-10)


def deterministic(point, value, limit=1e-4, note=""):
    """A flow or a seeded run, relative to the listed one."""
    return Row(point, value, math.nan, value / point["sim"] - 1, limit, note)


def statistical(point, mean, error, *, tests, seeds, note="", own=math.nan):
    """Our own seeds against the listed ones."""
    return Row(point, mean, error, z_score(mean, error, point), allowed(tests, seeds), note, own)


def near(point, value, limit, note=""):
    """An asymptotic entry or a bound: an absolute distance from what is listed."""
    return Row(point, value, math.nan, value - point["sim"], limit, note)
