"""One-pass mini-batch SGD of the same network: fresh samples every step, rows kept at length one.

    a_i <- a_i + (delta/eps) mean e sigma(<u_i, x>)
    u_i <- u_i + delta a_i mean e sigma'(<u_i, x>) x, brought back to length one

e = y - f; time = delta x iteration. The readout's step is delta/eps: above 1 it is no longer a small step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from giantstep.networks.hermite_components import HermiteComponents
from giantstep.training.time_scales.finite_flow import FiniteFlow, FlowPath

Array = NDArray[np.float64]

_BLOCK = 64


def one_pass(
    components: HermiteComponents,
    flow: FiniteFlow,
    readout: Array,
    rows: Array,
    *,
    step: float,
    batch: int,
    times: Array,
    generator: np.random.Generator,
) -> FlowPath:
    """Return the exact population risk of the trained network at ascending times > 0.

    Parameters
    ----------
    readout, rows : array, shapes (m,) and (m, d)
        The start; the target's direction is the first coordinate.
    step : float
        delta.
    batch : int
        Fresh samples of a step.
    times : array
        Rounded to whole steps.
    """
    a, u = readout.copy(), rows.copy()
    m, d = u.shape
    wanted = np.rint(times / step).astype(np.int64)
    risks: list[float] = []
    readouts: list[Array] = []
    overlaps: list[Array] = []
    x = noise = np.empty(0)
    with np.errstate(over="ignore", invalid="ignore"):
        for number in range(int(wanted[-1]) + 1):
            while len(risks) < len(wanted) and number == wanted[len(risks)]:
                risks.append(flow.risk(a, u[:, 0], u @ u.T))
                readouts.append(a.copy())
                overlaps.append(u[:, 0].copy())
            if not np.isfinite(a).all() or len(risks) == len(wanted):
                break
            place = number % _BLOCK
            if place == 0:
                # Drawn a block at a time: a step alone is too little work for a generator's call.
                x = generator.standard_normal((_BLOCK, batch, d))
                noise = np.sqrt(components.noise) * generator.standard_normal((_BLOCK, batch))
            sample = x[place]
            value, slope = components.activation_values(sample @ u.T)
            error = components.target_values(sample[:, 0]) + noise[place] - value @ a / m
            a_step = error @ value / batch
            u_step = a[:, None] * ((error[:, None] * slope).T @ sample) / batch
            a = a + step / flow.ratio * a_step
            u = u + step * u_step
            u /= np.linalg.norm(u, axis=1, keepdims=True)
    missing = len(times) - len(risks)
    blank = np.full((missing, m), np.nan)
    risk = np.array(risks + [np.nan] * missing)
    return FlowPath(
        risk,
        np.concatenate([np.reshape(readouts, (-1, m)), blank]),
        np.concatenate([np.reshape(overlaps, (-1, m)), blank]),
        missing == 0 and bool(np.isfinite(risk).all()),
    )
