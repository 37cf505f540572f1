"""What a study will cost, before it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from giantstep.studies.index import Index
from giantstep.studies.kinds import KINDS
from giantstep.studies.store import Store
from giantstep.studies.study import Point, Study
from giantstep.threads import check_threads
from giantstep.training.choice import Cost

_OVERHEAD = 0.04
"""Seconds to set up and write a point."""

_WORKER = 180 * 2.0**20
"""Bytes of a worker that has loaded what points need and computed a small one."""

_START = 2.0
"""Seconds for a worker to start."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected cost of what is left to do, good to a factor of two.

    Attributes
    ----------
    points, done : int
        Points in all, and those the folder holds already.
    seconds : float
        Wall time of the rest on the given number of workers.
    memory : float
        Bytes at the peak, all workers together.
    """

    points: int
    done: int
    seconds: float
    memory: float


def estimate(study: Study, folder: str | Path | None = None, *, workers: int | None = None) -> Estimate:
    """Return what running the study would cost; for ``--dry-run`` and the ten-minute rule.

    Parameters
    ----------
    study : Study
    folder : path, optional
        A results folder; what it holds already costs nothing.
    workers : int, optional
        Processes; all cores by default.

    Raises
    ------
    SpecError
        For workers out of range.

    Examples
    --------
    >>> from giantstep.studies import Study
    >>> study = Study.parse('[[sweep]]\\nkind = "certificate"\\nproduct.target = ["z1", "z1*z2"]')
    >>> estimate(study, workers=1).points
    2
    """
    workers = check_threads(workers, "workers")
    left = list(_left(study, folder).values())
    if not left:
        return Estimate(len(study.points), len(study.points), 0.0, 0.0)
    costs = [cost_of(point) for point in left]
    total, longest = sum(cost.seconds for cost in costs), max(cost.seconds for cost in costs)
    start = _START if workers > 1 else 0.0
    memory = sum(sorted((cost.memory for cost in costs), reverse=True)[:workers])
    return Estimate(
        len(study.points), len(study.points) - len(left), start + max(total / workers, longest), memory
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """Points that differ in their replicate only, before they are run.

    Attributes
    ----------
    kind, sweep : str
    labels : dict
        Axis -> label, replicate apart.
    points, done : int
    seconds, memory : float
        Of one point, on one thread.
    """

    kind: str
    sweep: str
    labels: dict[str, Any]
    points: int
    done: int
    seconds: float
    memory: float


def settings_of(study: Study, folder: str | Path | None = None) -> list[Setting]:
    """Return what a study would compute, one row a setting, in the order of the file.

    Parameters
    ----------
    study : Study
    folder : path, optional
        A results folder; the rows say what it holds already.
    """
    left = set(_left(study, folder))
    groups: dict[str, list[Point]] = {}
    for point in study.points:
        labels = {name: label for name, label in point.labels.items() if name != "replicate"}
        groups.setdefault(json.dumps([point.sweep, point.kind, labels]), []).append(point)
    rows = []
    for key, points in groups.items():
        sweep, kind, labels = json.loads(key)
        cost = cost_of(points[0])
        done = sum(point.hash not in left for point in points)
        rows.append(Setting(kind, sweep, labels, len(points), done, cost.seconds, cost.memory))
    return rows


def _left(study: Study, folder: str | Path | None) -> dict[str, Point]:
    points = {point.hash: point for point in study.points}
    if folder is None:
        return points
    return {name: points[name] for name in Index.open(Store(Path(folder))).left(points)}


def seconds_of(point: Point) -> float:
    """Return the expected seconds of a point on one thread."""
    return cost_of(point).seconds


def cost_of(point: Point) -> Cost:
    """Return what a point is expected to take, writing it included."""
    spec = json.loads(point.task)
    # The replicates of one setting cost alike.
    if KINDS[point.kind].has_replicates:
        spec.pop("replicate")
    return _cost(json.dumps(spec, sort_keys=True))


@lru_cache(maxsize=65536)
def _cost(setting: str) -> Cost:
    spec = json.loads(setting)
    own = KINDS[spec["kind"]].cost(spec)
    return Cost(own.seconds + _OVERHEAD, max(own.memory, _WORKER))
