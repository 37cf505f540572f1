"""The one place where verbs meet: analyse, predict, simulate, compare."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.sizes import Size
from giantstep.targets import Target

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.comparison import Comparison
    from giantstep.staircase import Certificate


WIDEST, LONGEST = 64, 12
"""Width and number of steps up to which a walk stops to compute the predicted overlaps."""
QUICK_SAMPLES = 2**19
"""Samples of those predictions: standard errors of about 3e-3."""


@dataclass(frozen=True, slots=True)
class Magnitude:
    """How large theory says a learnt direction is: rms over neurons of w_i . direction, when it is learnt."""

    step: int
    direction: tuple[float, ...]
    overlap: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """`predict.overlaps` where theory and budget allow it; else None and the reason why not."""

    overlaps: xr.Dataset | None
    note: str = ""


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
    prediction : Prediction
        The overlaps that theory expects at the largest dimension.
    """

    certificate: Certificate
    data: xr.Dataset
    comparison: Comparison
    prediction: Prediction


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
    prediction = expected_overlaps(target, network, protocol, dimension=max(dimensions), seed=seed)
    return Walk(certificate, data, compare(certificate, data), prediction)


def needs_dimension(network: Network, protocol: Protocol) -> bool:
    """Whether theory needs the input dimension to say what a batch or a rate is worth.

    >>> needs_dimension(Network(4), Protocol.repeat(1, batch="2d", learning_rate="p"))
    False
    >>> needs_dimension(Network(4), Protocol.repeat(1, batch="2d", learning_rate="sqrt(d)"))
    True
    """
    rates = [network.readout_scale, *(step.learning_rate for step in protocol.steps)]
    return any(rate.d_power for rate in rates) or any(step.batch.d_power < 1 for step in protocol.steps)


def expected_overlaps(
    target: Target, network: Network, protocol: Protocol, *, dimension: int | None = None, seed: int = 0
) -> Prediction:
    """Return the overlaps that theory expects, quickly; what it does not cover comes back as a note.

    >>> expected_overlaps(Target.parse("z1*z2"), Network(1000), Protocol.repeat(1)).note
    'predicted overlaps: left out above width 64; predict overlaps computes them'
    """
    from giantstep import asymptotics

    for name, found, most in (("width", network.width, WIDEST), ("steps", len(protocol.steps), LONGEST)):
        if found > most:
            note = f"left out above {name} {most}; predict overlaps computes them"
            return Prediction(None, f"predicted overlaps: {note}")
    try:
        theory = asymptotics.overlaps(
            target,
            network,
            protocol,
            dimension=dimension if needs_dimension(network, protocol) else None,
            samples=QUICK_SAMPLES,
            seed=seed,
        )
    except (CapabilityError, SpecError) as error:
        return Prediction(None, f"predicted overlaps: {error}")
    status = theory.attrs["status"]
    return Prediction(theory, "" if status == "completed" else f"predicted overlaps: {status}")


def error_bounds(
    target: Target, network: Network, certificate: Certificate, *, samples: int, dimension: int
) -> xr.Dataset | None:
    """Return B(U_t, k) along the chain for this width and so many readout samples; None if unknown.

    k is `readout_order` (theory note 10, section 6).
    """
    from giantstep import asymptotics
    from giantstep.asymptotics.lower_bounds import readout_order

    order = readout_order(Size.parse(samples), width=network.width, dimension=dimension)
    chain = [np.zeros((0, target.rank)), *(step.subspace for step in certificate.steps)]
    try:
        return asymptotics.bounds(target, chain, order=order)
    except (CapabilityError, SpecError):
        return None


def magnitudes(certificate: Certificate, theory: xr.Dataset) -> list[Magnitude]:
    """Return the predicted size of every direction of the chain at the step that learns it.

    A direction can be learnt and tiny: the third stair of z1 + z1 z2 + z1 z2 z3 has norm 0.012.
    """
    found = []
    last = theory.sizes["step"] - 1
    rank = theory.sizes["direction"]
    known: NDArray[np.float64] = np.zeros((0, rank))
    for step in certificate.steps:
        if step.step > last:
            break
        rest = np.asarray(step.subspace, dtype=np.float64).reshape(-1, rank)
        rest = rest - rest @ known.T @ known
        _, values, rows = np.linalg.svd(rest, full_matrices=False)
        overlaps = theory["overlaps"].values[step.step]
        errors = theory["overlaps_se"].values[step.step]
        for row in rows[values > 1e-6]:
            inside, spread = overlaps @ row, errors**2 @ row**2
            size = float(np.sqrt(np.mean(inside**2)))
            error = float(np.sqrt(np.sum(inside**2 * spread)) / (len(inside) * size)) if size else 0.0
            found.append(Magnitude(step.step, tuple(map(float, row)), size, error))
        known = np.vstack([known, rows[values > 1e-6]])
    return found


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
