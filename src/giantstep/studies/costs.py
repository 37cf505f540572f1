"""What a study will cost, before it runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.studies.store import Store
from giantstep.studies.study import Point, Study
from giantstep.targets import Target
from giantstep.threads import check_threads
from giantstep.training.choice import choose
from giantstep.training.experiment import Experiment
from giantstep.training.retraining import Retraining

_OVERHEAD = 0.04
"""Seconds to set up and write a point."""

_CERTIFICATE = 0.2
"""Seconds of a typical certificate; kinked targets take longer."""

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
    """Return what running the study would cost; for ``--dry-run`` and the ten-minute rule."""
    workers = check_threads(workers)
    left = list(study.points)
    if folder is not None:
        store = Store(Path(folder))
        left = [point for point in left if not store.is_done(point.hash)]
    if not left:
        return Estimate(len(study.points), len(study.points), 0.0, 0.0)
    costs = [cost_of(point) for point in left]
    total, longest = sum(seconds for seconds, _ in costs), max(seconds for seconds, _ in costs)
    start = _START if workers > 1 else 0.0
    memory = sum(sorted((memory for _, memory in costs), reverse=True)[:workers])
    return Estimate(
        len(study.points), len(study.points) - len(left), start + max(total / workers, longest), memory
    )


def seconds_of(point: Point) -> float:
    """Return the expected seconds of a point on one thread."""
    return cost_of(point)[0]


def cost_of(point: Point) -> tuple[float, float]:
    """Return (seconds on one thread, bytes) that a point is expected to take."""
    if point.kind == "certificate":
        return _CERTIFICATE, 2.0**28
    spec = json.loads(point.task)
    # The replicates of one setting cost alike.
    spec.pop("replicate")
    return _cost(json.dumps(spec, sort_keys=True))


@lru_cache(maxsize=65536)
def _cost(setting: str) -> tuple[float, float]:
    spec = json.loads(setting)
    target = Target.parse(
        spec["target"]["expression"], rank=spec["target"]["rank"], noise=spec["target"]["noise"]
    )
    experiment = Experiment(
        target, Network(**spec["network"]), Protocol.from_spec(spec["protocol"]), spec["dimension"]
    )
    if spec["kind"] == "scan":
        cost = choose(experiment, "reduced").cost
        return cost.seconds + _OVERHEAD, cost.memory + 2.0**27
    cost = choose(experiment, spec.get("engine", "auto")).cost
    sizes = {"dimension": experiment.dimension, "width": experiment.network.width}
    readout = Retraining.parse(spec.get("ridge"), spec.get("ridge_batch"), **sizes).cost(experiment)
    return cost.seconds + readout.seconds + _OVERHEAD, max(cost.memory, readout.memory) + 2.0**27
