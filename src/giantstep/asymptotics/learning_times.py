"""`learning_times`: when gradient flow learns each Hermite component, the readout moving 1/eps faster."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.time_scales.closed_forms import exponent, first_time, plateaus, zeroth_time
from giantstep.asymptotics.time_scales.exponents import local_slopes
from giantstep.asymptotics.time_scales.integrate import REMEDY, Path, integrate
from giantstep.asymptotics.time_scales.reduced_flow import ReducedFlow
from giantstep.errors import SpecError, instance, real_array, real_number, shown, whole_number
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.significance import means_and_errors
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

DEFAULT_UNTIL = 3.0
LATEST = 1e6
POINTS = 240


def learning_times(
    components: HermiteComponents,
    *,
    time_scale_ratio: float | Sequence[float],
    start: ParticleStart | None = None,
    until: float = DEFAULT_UNTIL,
    points: int = POINTS,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Predict when gradient flow learns each Hermite component of a target of one direction.

    The limit d -> infinity, then width -> infinity, of y = phi(<u*, x>), f = (1/m) sum_i a_i sigma(<u_i, x>)
    with |u_i| = 1 and risk E (y - f)^2 / 2; the readout flows 1/eps faster than the first layer, time counts
    m x gradient. A component is learned when its squared residual has fallen to a quarter.

    Parameters
    ----------
    components : HermiteComponents
        ORTHONORMAL coefficients, given or of a Target and an Activation.
    time_scale_ratio : float or sequence of float
        eps; below 1e-18 the flow is too stiff and only the closed forms are given.
    start : ParticleStart, optional
        a(0) and s(0) of every replicate; by default 64 particles, 3 replicates, zero overlaps.
    until : float
        Last time of the flow.
    points : int
        Length of the log-spaced grid of times from eps/100 to ``until``.
    on_progress : callable
        Called with 1 after every flow.

    Returns
    -------
    xarray.Dataset
        Over time_scale_ratio, replicate, component: ``learning_time`` with ``largest_readout`` and
        ``largest_overlap`` then, ``predicted_time`` (closed forms of components 0 and 1), ``risk_after`` (at
        the geometric midpoint to the next time; the last: where the flow ended). Over component:
        ``exponent``, ``plateau``. Over ratio and component: ``mean_time`` (geometric), ``local_slope`` to the
        next larger ratio and their ``*_se``; ``local_slope_without_log`` for t_1 / log(1/eps). Over ratio,
        replicate and time_point: ``risk``, ``residuals``; ``time``. ``status`` and ``message`` a flow.

    Raises
    ------
    SpecError
        For ratios, times or starts out of range.

    References
    ----------
    arXiv 2303.00055; theory note 50, S6.

    Examples
    --------
    >>> pair = HermiteComponents((0.5, 0.8, 0.5, 0.4), (0.5, 1.0, 0.8, 0.6))
    >>> found = learning_times(pair, time_scale_ratio=1e-4, start=ParticleStart(width=8, seeds=1))
    >>> found.plateau.values.round(3).tolist(), str(found.status.values[0, 0])
    ([1.0, 0.5, 0.18, 0.0], 'completed')
    >>> round(float(found.learning_time[0, 0, 0] / found.predicted_time[0, 0, 0]), 3)
    1.0
    """
    if not isinstance(components, HermiteComponents):
        raise SpecError(
            f"components: found {type(components).__name__}, expected HermiteComponents; "
            "HermiteComponents.of(target, activation) makes them."
        )
    ratios = _ratios(time_scale_ratio)
    start = ParticleStart() if start is None else start
    instance("start", start, ParticleStart)
    least = float(ratios.max())
    words = f"a time above the ratio {least:g}, at most {LATEST:g}"
    until = real_number("until", until, words, lambda number: least < number <= LATEST)
    points = whole_number("points", points, 2, 10**5)
    clocks = np.array([np.geomspace(ratio / 100, until, points) for ratio in ratios])
    flows = [ReducedFlow(components.sigma, components.phi, float(ratio)) for ratio in ratios]
    rows = []
    with one_blas_thread():
        for flow, clock in zip(flows, clocks, strict=True):
            paths = []
            for replicate in range(start.seeds):
                readout, overlaps = start.draw(replicate)
                path = integrate(flow, readout, overlaps, until)
                paths.append(_measured(flow, path, clock) | _closed(flow, readout, overlaps))
                on_progress(1)
            rows.append(paths)
    return _labelled(components, start, ratios, clocks, rows, until)


def _ratios(values: float | Sequence[float]) -> Array:
    words = "numbers between 0 and 1"
    ratios = np.atleast_1d(real_array("time_scale_ratio", values, words))
    if ratios.ndim != 1 or not len(ratios) or not np.all((ratios > 0) & (ratios < 1)):
        raise SpecError(f"time_scale_ratio: found {shown(values)}, expected {words}.")
    if len(set(ratios.tolist())) < len(ratios):
        raise SpecError(f"time_scale_ratio: found {shown(values)}, expected each ratio once.")
    return ratios


def _measured(flow: ReducedFlow, path: Path, clock: Array) -> dict[str, Any]:
    """Return what one flow shows."""
    count = len(path.times)
    width = len(path.final) // 2
    residuals = np.array([flow.residuals(path.at(time)) for time in clock])
    known = [k for k in range(count) if math.isfinite(path.times[k])]
    after = np.full(count, np.nan)
    for place, k in enumerate(known):
        state = path.final
        if place + 1 < len(known):
            state = path.at(math.sqrt(path.times[k] * path.times[known[place + 1]]))
        after[k] = 0.5 * float(np.sum(flow.residuals(state) ** 2))
    return {
        "learning_time": path.times,
        "largest_readout": np.abs(path.states[:, :width]).max(1),
        "largest_overlap": np.abs(path.states[:, width:]).max(1),
        "risk_after": after,
        "residuals": residuals,
        "risk": 0.5 * np.sum(residuals**2, axis=1),
        "status": str(path.status),
        "message": REMEDY[path.status],
    }


def _closed(flow: ReducedFlow, readout: Array, overlaps: Array) -> dict[str, Any]:
    """Return the closed-form times; that of component 1 is derived for overlaps that start at zero."""
    predicted = np.full(len(flow.sigma), np.nan)
    predicted[0] = zeroth_time(flow.sigma, flow.ratio)
    if len(predicted) > 1 and not overlaps.any():
        predicted[1] = first_time(flow.sigma, flow.phi, flow.ratio, readout)
    return {"predicted_time": predicted}


def _labelled(
    components: HermiteComponents,
    start: ParticleStart,
    ratios: Array,
    clocks: Array,
    rows: list[list[dict[str, Any]]],
    until: float,
) -> xr.Dataset:
    import xarray as xr

    both = ("time_scale_ratio", "replicate")
    dims = {
        "learning_time": (*both, "component"),
        "predicted_time": (*both, "component"),
        "risk_after": (*both, "component"),
        "largest_readout": (*both, "component"),
        "largest_overlap": (*both, "component"),
        "risk": (*both, "time_point"),
        "residuals": (*both, "time_point", "component"),
        "status": both,
        "message": both,
    }
    table: dict[str, Any] = {
        name: (axes, np.array([[one[name] for one in row] for row in rows])) for name, axes in dims.items()
    }
    times = table["learning_time"][1]
    slopes, errors = local_slopes(ratios, times)
    without, without_se = local_slopes(ratios, times[..., 1:2] / np.log(1 / ratios)[:, None, None])
    mean, spread = means_and_errors(np.log(times), axis=1)
    orders = np.arange(components.degree + 1)
    across = ("time_scale_ratio", "component")
    table |= {
        "time": (("time_scale_ratio", "time_point"), clocks),
        "mean_time": (across, np.exp(mean)),
        "mean_time_se": (across, np.exp(mean) * spread),
        "local_slope": (across, slopes),
        "local_slope_se": (across, errors),
        "exponent": ("component", np.array([exponent(int(k)) for k in orders])),
        "plateau": ("component", plateaus(components.phi)),
    }
    if components.degree:
        table["local_slope_without_log"] = ("time_scale_ratio", without[:, 0])
        table["local_slope_without_log_se"] = ("time_scale_ratio", without_se[:, 0])
    coordinates = {
        "time_scale_ratio": ratios,
        "replicate": np.arange(start.seeds),
        "component": orders,
        "time_point": np.arange(clocks.shape[1]),
    }
    dataset = xr.Dataset(table, coordinates)
    dataset.attrs |= {
        "engine": "theory",
        "equations": "theory note 50, S6.2, S6.3 (arXiv 2303.00055); d -> infinity, then width -> infinity",
        "orthonormal_activation": list(components.orthonormal_activation),
        "orthonormal_target": list(components.orthonormal_target),
        "width": start.width,
        "until": float(until),
        "warnings": cautions(components),
    }
    return dataset


def cautions(components: HermiteComponents) -> list[str]:
    """Return what the exponents and plateaus do not hold for, in sentences.

    >>> cautions(HermiteComponents((0.5, 0.8, 0.0), (0.5, 1.0, 0.8)))
    ['component 2 is never learned: sigma_2 = 0 while phi_2 = 0.8; the risk stays above 0.32.']
    """
    sigma, phi = components.sigma, components.phi
    blind = [k for k in range(len(phi)) if phi[k] and not sigma[k]]
    found = [
        f"component {k} is never learned: sigma_{k} = 0 while phi_{k} = {phi[k]:.4g}; the risk stays above "
        f"{0.5 * float(phi[k] ** 2):.4g}."
        for k in blind
    ]
    last = max((k for k in range(len(phi)) if phi[k] and sigma[k]), default=0)
    gaps = [str(k) for k in range(1, last) if not phi[k] * sigma[k]]
    if gaps:
        found.append(
            f"sigma_k phi_k = 0 at k = {', '.join(gaps)}: the exponents and their order are derived for "
            "nonzero components, and missing ones are expected to break them."
        )
    turned = [str(k) for k in range(3, len(phi), 2) if phi[k] * sigma[k] * phi[1] * sigma[1] < 0]
    if turned:
        found.append(
            f"sigma_k phi_k at k = {', '.join(turned)} has the other sign than at k = 1: particles that "
            "learned component 1 have a s of one sign and pull an odd component the wrong way; it comes "
            "late, and no exponent is derived for it."
        )
    for name, lost in (("target", components.lost_target), ("activation", components.lost_activation)):
        if lost:
            found.append(
                f"the {name} has squared norm {lost:.3g} beyond degree {components.degree}, which is left "
                "out. Raise degree."
            )
    return found
