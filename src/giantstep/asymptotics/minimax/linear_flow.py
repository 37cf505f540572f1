"""Descent-ascent with frozen kernels: what an output scale alpha -> infinity leaves of two networks.

    f' = K_f (T* g - lam f),    g' = K_g (E[Y - T f | Z] - g)       (theory note 50, S7.2 and S7.3)

Particles move by 1/alpha: alpha W2 tends to |int (T* g - lam f) dt|_K, the root mean square of the frozen
gradients along that integral. At lam = 0 it tends to |f*|_K = sqrt(2 V(0)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LinearPath:
    """The recorded states of one flow.

    Attributes
    ----------
    primal, dual : array, shape (times, nodes)
        f and g at the nodes.
    gap_integral : array, shape (times,)
        Left Riemann sum of the gap from 0.
    primal_movement, dual_movement : array, shape (times,)
        Limit of alpha W2 between the particles then and at 0.
    """

    primal: Array
    dual: Array
    gap_integral: Array
    primal_movement: Array
    dual_movement: Array


def stable_step(grid: MomentGrid, primal_kernel: Array, dual_kernel: Array) -> float:
    """Return the largest step at which explicit Euler does not blow up the frozen flow.

    Euler multiplies a mode of rate mu by 1 + step mu, of size at most one up to -2 Re(mu) / |mu|^2. Rates
    below 1e-6 of the largest are rounding, or too slow to grow.

    Examples
    --------
    >>> from giantstep.gaussian.tanh_kernel import tanh_kernel
    >>> from giantstep.targets.moment_problems import InstrumentalVariable
    >>> grid = MomentGrid(InstrumentalVariable())
    >>> kernel = tanh_kernel(grid.rule.nodes, grid.rule.nodes)
    >>> round(stable_step(grid, kernel, kernel), 2)
    1.94
    """
    size = len(grid.rule.nodes)
    still = np.stack(grid.pulls(np.zeros(size), np.zeros(size)))
    pushes = [np.stack(grid.pulls(unit[:size], unit[size:])) - still for unit in np.eye(2 * size)]
    slopes = np.stack(pushes, axis=-1)
    kernels = np.stack([primal_kernel, dual_kernel]) * grid.rule.weights
    rates = np.linalg.eigvals(np.einsum("knm,kms->kns", kernels, slopes).reshape(2 * size, 2 * size))
    rates = rates[np.abs(rates) > 1e-6 * np.abs(rates).max()]
    return float(np.min(-2 * rates.real / np.abs(rates) ** 2))


def linear_flow(
    grid: MomentGrid,
    primal_kernel: Array,
    dual_kernel: Array,
    clock: Clock,
    initial: Array | None = None,
) -> LinearPath:
    """Return explicit Euler; f and g move together from their old values.

    Parameters
    ----------
    grid : MomentGrid
    primal_kernel, dual_kernel : array, shape (nodes, nodes)
        K at pairs of nodes; the integral over x carries the weights of the rule.
    clock : Clock
    initial : array, shape (2, nodes), optional
        f and g at the start; by default zero, as of paired particles.
    """
    weights, first, second = grid.rule.weights, *grid.saddle()
    kernels = np.stack([primal_kernel * weights, dual_kernel * weights])
    pulled = np.zeros((2, len(weights)))
    state = pulled.copy() if initial is None else initial
    total, rows = 0.0, []
    recorded = set(clock.recorded.tolist())
    absurd = grid.absurd**2
    for number in range(clock.count + 1):
        if not np.all(grid.squared(state) < absurd):
            break
        if number in recorded:
            norms = np.sqrt(np.einsum("kn,kn->k", weights * pulled, np.einsum("knm,km->kn", kernels, pulled)))
            rows.append((*state.copy(), total, *norms))
        primal, dual = state
        total += clock.step * float(grid.penalty * grid.squared(primal - first) + grid.squared(dual - second))
        slopes = np.stack(grid.pulls(primal, dual))
        state = state + clock.step * np.einsum("knm,km->kn", kernels, slopes)
        pulled += clock.step * slopes
    missing = len(clock.recorded) - len(rows)
    blank = np.full(len(weights), np.nan)
    rows += [(blank, blank, np.nan, np.nan, np.nan)] * missing
    primals, duals, totals, first_norms, second_norms = zip(*rows, strict=True)
    return LinearPath(
        np.array(primals), np.array(duals), np.array(totals), np.array(first_norms), np.array(second_norms)
    )
