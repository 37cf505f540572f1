"""The one place where verbs meet: analyse, simulate, compare."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.sizes import Size
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
    from giantstep.training.simulation import simulate

    one_dimension = isinstance(dimension, int | np.integer)
    dimensions = [int(d) for d in np.atleast_1d(dimension)]
    certificate = certify(target, network, protocol, dimension=max(dimensions))
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


def certify(
    target: Target, network: Network | None, protocol: Protocol | None, *, dimension: int | None
) -> Certificate:
    """Return `analyze`'s certificate, plain-number batches read as powers of d.

    A batch that does not mention d has the exponent log n / log d to the nearest half: 4096 samples at
    d = 4000 are n ~ d, not d^1.003.
    """
    from giantstep.staircase import analyze

    if protocol is not None and dimension is not None and dimension > 1:
        width = 1 if network is None else network.width
        steps = [
            step
            if step.batch.exponent is not None
            else replace(step, batch=_as_power(step.batch.count(dimension=dimension, width=width), dimension))
            for step in protocol.steps
        ]
        protocol = Protocol(tuple(steps))
    return analyze(target, network, protocol, dimension=dimension)


def _as_power(samples: int, dimension: int) -> Size:
    halves = round(2 * math.log(samples) / math.log(dimension))
    # Half a power stands for everything below d: nothing is learnt there.
    return Size(Fraction(1), d_power=Fraction(max(halves, 1), 2))
