"""The effective penalty nu: what the readout's own penalty becomes when features are sampled n times.

nu = penalty + (nu / n) tr[Omega (Omega + nu)^-1] (theory note 50, S5.2). In u = log nu the unknown side,
T(u) = penalty / nu + tr[Omega (Omega + nu)^-1] / n, falls through 1 exactly once, so a Newton step on log T
that is kept inside a bracket always arrives; from below, Newton on the equation itself can reach a negative
root.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST_STEPS = 200
_BLOCK = 2**21
_SMALL_STEP = 4e-16


@dataclass(frozen=True, slots=True)
class EffectiveRidge:
    """The root at each point, with what is left of the equation there.

    Attributes
    ----------
    nu : array, shape (points,)
        0 where penalty = 0 and there are at least as many samples as directions.
    residual : array, shape (points,)
        |T - 1| at nu; 0 where nu = 0.
    steps : array of int, shape (points,)
    """

    nu: Array
    residual: Array
    steps: NDArray[np.int64]


def effective_ridge(eigenvalues: Array, samples: Array, penalties: Array) -> EffectiveRidge:
    """Solve for nu at each point, in blocks that stay small.

    Parameters
    ----------
    eigenvalues : array, shape (rank,)
        Positive eigenvalues of the features' covariance.
    samples, penalties : array, shape (points,)
        n > 0 and the penalty >= 0 of (1/n) sum of squares + penalty |beta|^2.

    Examples
    --------
    >>> found = effective_ridge(np.ones(4), np.array([2.0, 8.0]), np.zeros(2))  # 4 / (1 + nu) = n
    >>> found.nu.round(12).tolist()
    [1.0, 0.0]
    """
    nu = np.zeros(len(samples))
    residual, steps = np.zeros(len(samples)), np.zeros(len(samples), np.int64)
    open_points = np.flatnonzero((penalties > 0) | (samples < len(eigenvalues)))
    size = max(1, _BLOCK // max(1, len(eigenvalues)))
    for start in range(0, len(open_points), size):
        block = open_points[start : start + size]
        nu[block], residual[block], steps[block] = _solve(eigenvalues, samples[block], penalties[block])
    return EffectiveRidge(nu, residual, steps)


def _solve(eigenvalues: Array, samples: Array, penalties: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    # T(upper) <= 1 since tr[Omega / (Omega + nu)] <= tr Omega / nu; T(lower) >= 1 since every term is at
    # least the one of the smallest eigenvalue.
    upper = np.log(penalties + eigenvalues.sum() / samples)
    smallest = eigenvalues.min() * (len(eigenvalues) - samples) / samples
    with np.errstate(divide="ignore"):
        lower = np.log(np.maximum(penalties, smallest))
    u, steps = upper.copy(), np.zeros(len(samples), np.int64)
    residual = np.full(len(samples), np.inf)
    active = np.arange(len(samples))
    for _ in range(MOST_STEPS):
        nu = np.exp(u[active])
        inverse = 1.0 / (eigenvalues + nu[:, None])
        shrunk = penalties[active] / nu
        side = shrunk + inverse @ eigenvalues / samples[active]
        slope = -shrunk - nu * (np.square(inverse, out=inverse) @ eigenvalues) / samples[active]
        residual[active] = np.abs(side - 1.0)
        above = side > 1.0
        lower[active] = np.where(above, u[active], lower[active])
        upper[active] = np.where(above, upper[active], u[active])
        new = u[active] - np.log(side) * side / slope
        middle = 0.5 * (lower[active] + upper[active])
        new = np.where((new >= lower[active]) & (new <= upper[active]), new, middle)
        done = (side == 1.0) | (np.abs(new - u[active]) <= _SMALL_STEP * (1.0 + np.abs(u[active])))
        steps[active] += 1
        u[active] = np.where(done, u[active], new)
        active = active[~done]
        if not active.size:
            break
    return np.exp(u), residual, steps
