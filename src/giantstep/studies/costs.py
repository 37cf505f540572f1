"""What a study will cost, before it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from giantstep.studies.study import Study


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
    raise NotImplementedError
