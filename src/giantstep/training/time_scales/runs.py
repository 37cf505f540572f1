"""`run_descent`: a finite network with a fast readout, by its population flow or by one-pass SGD."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import (
    CapabilityError,
    SpecError,
    instance,
    one_of,
    real_array,
    real_number,
    shown,
    whole_number,
)
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.streams import Role, fingerprint
from giantstep.threads import one_blas_thread
from giantstep.training.choice import Cost
from giantstep.training.time_scales.finite_flow import FiniteFlow, FlowPath, integrate_finite
from giantstep.training.time_scales.one_pass import one_pass
from giantstep.training.time_scales.rows import gram_of, rows_of

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

METHODS = ("flow", "sgd")

_WIDE = 10.0
_SMALL_STEP = 0.1
_MAX_ROWS = 2**27


def run_descent(
    components: HermiteComponents,
    *,
    time_scale_ratio: float,
    start: ParticleStart,
    times: Array,
    method: str = "flow",
    step: float | None = None,
    batch: int = 20,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Simulate the network whose limit `learning_times` predicts, at finite width and dimension.

    Parameters
    ----------
    components, time_scale_ratio
        As for `giantstep.asymptotics.learning_times`, one ratio eps.
    start : ParticleStart
        With a dimension; theory that starts from the same one has the same a(0) and s(0).
    times : array
        Ascending times > 0.
    method : {"flow", "sgd"}
        Population gradient flow, exact through the cosines of the rows (d costs nothing); or one-pass SGD.
    step : float, optional
        Step of SGD, below eps; by default eps / 50.
    batch : int
        Fresh samples of an SGD step.

    Returns
    -------
    xarray.Dataset
        ``risk`` (replicate, time_point), ``readout`` and ``overlaps`` (.., neuron), ``time``, ``status``,
        ``message``; attribute ``warnings``.

    Raises
    ------
    SpecError
        For a start without dimension, a step not below eps, or numbers out of range.
    CapabilityError
        When the rows do not fit in memory: SGD keeps m x d numbers.

    Examples
    --------
    >>> pair = HermiteComponents((0.5, 0.8), (0.5, 1.0))
    >>> data = run_descent(pair, time_scale_ratio=0.1, start=ParticleStart(width=8, seeds=2, dimension=10**6),
    ...                    times=np.array([0.1, 1.0]))
    >>> data.risk.dims, bool((data.risk[:, 1] < data.risk[:, 0]).all())
    (('replicate', 'time_point'), True)
    """
    import xarray as xr

    instance("components", components, HermiteComponents)
    instance("start", start, ParticleStart)
    between = "a number between 0 and 1"
    ratio = real_number("time_scale_ratio", time_scale_ratio, between, lambda number: 0 < number < 1)
    if start.dimension is None:
        raise SpecError("dimension: found none, expected the input dimension of the simulated network.")
    times = real_array("times", times, "ascending numbers > 0")
    if times.ndim != 1 or not len(times) or not np.all(np.diff(times, prepend=0.0) > 0):
        raise SpecError(f"times: found {shown(times)}, expected ascending numbers > 0.")
    step = check_method(method, ratio, step, start, batch)
    flow = FiniteFlow(components.sigma, components.phi, ratio)
    paths = []
    with one_blas_thread():
        for replicate in range(start.seeds):
            readout, overlaps = start.draw(replicate)
            streams = start.streams(replicate)
            others = streams.generator(Role.OFF_AXIS)
            if method == "flow":
                gram = gram_of(overlaps, start.dimension, others)
                paths.append(integrate_finite(flow, readout, overlaps, gram, times))
            else:
                rows = rows_of(overlaps, start.dimension, others)
                words: dict[str, Any] = {"step": step, "batch": int(batch), "times": times}
                samples = streams.generator(Role.BATCH)
                paths.append(one_pass(components, flow, readout, rows, generator=samples, **words))
            on_progress(1)
    dataset = xr.Dataset(
        _table(paths),
        {
            "replicate": np.arange(start.seeds),
            "time_point": np.arange(len(times)),
            "neuron": np.arange(start.width),
        },
    )
    dataset["time"] = ("time_point", times)
    dataset.attrs |= {
        "engine": method,
        "time_scale_ratio": ratio,
        "dimension": int(start.dimension),
        "width": start.width,
        "warnings": cautions(ratio, start.width, method, step),
        "seed": str(start.seed),
        "fingerprint": fingerprint(),
    }
    return dataset


def check_method(method: str, ratio: float, step: float | None, start: ParticleStart, batch: int) -> float:
    """Return the step of SGD; `SpecError` for words or numbers that are out of range."""
    one_of("method", method, METHODS)
    whole_number("batch", batch, 1, 10**6)
    given = ratio / 50 if step is None else step
    found = real_number("step", given, "a finite number > 0", lambda number: number > 0)
    if method == "sgd" and found >= ratio:
        raise SpecError(
            f"step: found {found:g} at time-scale ratio {ratio:g}; the readout moves by step / ratio, which "
            f"must be well below 1. Use a step of {ratio / 50:.2g} or less."
        )
    if method == "sgd" and start.dimension is not None and start.width * start.dimension > _MAX_ROWS:
        raise CapabilityError(
            f"dimension: SGD keeps width x dimension = {start.width * start.dimension:.3g} numbers, more "
            f"than {_MAX_ROWS:.3g}. Use method flow, whose cost does not depend on the dimension."
        )
    return found


def cautions(ratio: float, width: int, method: str = "flow", step: float = 0.0) -> list[str]:
    """Return why a finite network is off its limit, in sentences.

    >>> cautions(1e-3, 50)[0].split(":")[0]
    'width 50 at ratio 0.001'
    >>> cautions(0.1, 10**4)
    []
    """
    found = []
    size = width * math.sqrt(ratio) / math.log(1 / ratio)
    if size < _WIDE:
        found.append(
            f"width {width} at ratio {ratio:g}: the limit needs width x sqrt(ratio) >> log(1/ratio), here "
            f"{size:.2g} times; the self-interaction of a neuron, dropped in the limit, shrinks the readout. "
            "Raise the width."
        )
    if method == "sgd" and step / ratio > _SMALL_STEP:
        found.append(
            f"step {step:g} is {step / ratio:.2g} of the ratio: the readout's steps are not small. Use "
            f"{ratio / 50:.2g} or less."
        )
    return found


def cost(ratio: float, until: float, start: ParticleStart, method: str, step: float, batch: int) -> Cost:
    """Return seconds on one thread and bytes of `run_descent`."""
    m = start.width
    if method == "sgd":
        d = int(start.dimension or 1)
        each = 4e-5 + 3e-9 * batch * m * d / 8 + 2e-8 * batch * (m + d)
        return Cost(start.seeds * until / step * each, 8.0 * (64 * batch * d + 4 * m * d))
    # Stability of the explicit method: the readout's stiffest rate is about 1/ratio.
    rates = 6 * max(until / (2.5 * ratio), 60)
    return Cost(start.seeds * rates * (2e-4 + 6e-8 * m**2 + 3e-10 * m**3), 8.0 * 200 * m**2)


def _table(paths: list[FlowPath]) -> dict[str, Any]:
    axes = ("replicate", "time_point")
    finite = np.array([path.finite for path in paths])
    words = "the network diverged: lower the step, raise the batch, or bring the coefficients nearer to 1."
    return {
        "risk": (axes, np.array([path.risk for path in paths])),
        "readout": ((*axes, "neuron"), np.array([path.readout for path in paths])),
        "overlaps": ((*axes, "neuron"), np.array([path.overlaps for path in paths])),
        "status": ("replicate", np.where(finite, "completed", "nonfinite")),
        "message": ("replicate", np.where(finite, "", words)),
    }
