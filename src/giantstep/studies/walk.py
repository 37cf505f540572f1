"""The one place where verbs meet: analyse, simulate, compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.comparison import Comparison
    from giantstep.staircase import Certificate


@dataclass(frozen=True, slots=True)
class Walk:
    """One setting, seen by theory and by simulation.

    Attributes
    ----------
    certificate : Certificate
        What can be learnt.
    data : xarray.Dataset
        What `simulate` measured, with ``predicted_alignment`` and ``predicted_dimension``; with several
        dimensions it has a ``dimension`` axis.
    comparison : Comparison
        The verdict.
    """

    certificate: Certificate
    data: xr.Dataset
    comparison: Comparison


def walk(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int | Sequence[int],
    seeds: int = 1,
    seed: int = 0,
    engine: str = "auto",
    ridge: float | str | Sequence[float] | None = None,
    ridge_batch: str | int | None = None,
    threads: int | None = None,
    on_progress: Callable[[int], None] | None = None,
    **others: Any,
) -> Walk:
    """Analyse, simulate and compare; arguments as `simulate`, several dimensions give slopes a verdict."""
    raise NotImplementedError
