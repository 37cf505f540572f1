"""The one place where verbs meet: analyse, simulate, compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
        The verdict; one dimension gives no slope, so none.
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
) -> Walk:
    """Analyse, simulate and compare; arguments as `giantstep.simulate`.

    Parameters
    ----------
    dimension : int or sequence of int
        With several, slopes on log d give a verdict; the certificate is that of the largest.

    Examples
    --------
    >>> found = walk(Target.parse("z1"), Network(4), Protocol.repeat(1, batch="4d", learning_rate=4.0),
    ...              dimension=[100, 1000, 10000], seeds=6)
    >>> found.data.predicted_dimension.values.tolist(), found.comparison.verdict
    ([0, 1], 'agrees')
    """
    from giantstep.comparison import compare
    from giantstep.staircase import analyze
    from giantstep.training.simulation import simulate

    one_dimension = isinstance(dimension, int | np.integer)
    dimensions = [int(d) for d in np.atleast_1d(dimension)]
    certificate = analyze(target, network, protocol, dimension=max(dimensions))
    runs = []
    for d in dimensions:
        one = simulate(
            target,
            network,
            protocol,
            dimension=d,
            seeds=seeds,
            seed=seed,
            engine=engine,
            ridge=ridge,
            ridge_batch=ridge_batch,
            subspaces=certificate.subspaces,
            threads=threads,
            on_progress=on_progress or (lambda samples: None),
        )
        runs.append(one)
    data = runs[0] if one_dimension else _stacked(runs, dimensions)
    return Walk(certificate, data, compare(certificate, data))


def _stacked(runs: list[xr.Dataset], dimensions: list[int]) -> xr.Dataset:
    """Return runs at several dimensions as one Dataset; what theory says has no such axis."""
    import xarray as xr

    measured = [run.drop_vars("predicted_dimension") for run in runs]
    axis = xr.DataArray(dimensions, dims="dimension", name="dimension")
    data = xr.concat(
        measured,
        dim=axis,
        data_vars="all",
        coords="minimal",
        compat="override",
        combine_attrs="drop_conflicts",
    )
    samples = [(json.loads(run.attrs["batch"]) or [0])[-1] for run in runs]
    return data.assign(predicted_dimension=runs[0]["predicted_dimension"], samples=("dimension", samples))
