"""The readout stage: first version, to be completed (ridge regression on fresh features, test error)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from giantstep.sizes import Size
from giantstep.training.experiment import Experiment, Trajectory


@dataclass(frozen=True, slots=True)
class Retraining:
    """How the readout is refitted after the last step: penalties and batch; no penalty keeps the readout."""

    ridge: tuple[float, ...] | str | None = None
    batch: Size | None = None

    @classmethod
    def parse(cls, ridge: Any, batch: Any, *, dimension: int, width: int) -> Retraining:
        """Read what the user wrote."""
        return cls()


def assess(experiment: Experiment, trajectory: Trajectory, retraining: Retraining) -> dict[str, float]:
    """Return test_error and its sampling error."""
    return {}
