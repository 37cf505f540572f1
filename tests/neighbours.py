"""The listed values of theory note 50, by group."""

import json
from pathlib import Path

POINTS = json.loads((Path(__file__).parent / "data" / "neighbours.json").read_text())["points"]


def listed(group):
    """All points of a group."""
    found = [point for point in POINTS if point["group"] == group]
    assert found, group
    return found
