"""What is known in closed form of the phases: times of the first two, exponents and plateaus of all.

Theory note 50, S6.3. Times are those at which the squared residual falls to a quarter of its start.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEARNED = 0.25
"""A component is learned when its squared residual has fallen to this part of its start."""

_MAX_CLOCK = 350.0


def exponent(component: int) -> float:
    """Return the exponent of t_k ~ eps^exponent: 1, 1/2 (times log 1/eps), 1/4, 1/6, ..

    >>> [round(exponent(k), 3) for k in range(4)]
    [1.0, 0.5, 0.25, 0.167]
    """
    return 1.0 if component == 0 else 1.0 / (2 * component)


def plateaus(phi: Array) -> Array:
    """Return the risk after each component is learned: half the squared norm of the later ones.

    >>> plateaus(np.array([0.5, 1.0, 0.8, 0.6])).round(10).tolist()
    [1.0, 0.5, 0.18, 0.0]
    """
    tails = np.cumsum((phi**2)[::-1])[::-1]
    return 0.5 * np.append(tails[1:], 0.0)


def zeroth_time(sigma: Array, ratio: float) -> float:
    """Return t_0 = eps log 2 / sigma_0^2; NaN where sigma_0 = 0.

    >>> round(float(zeroth_time(np.array([0.5]), 1e-4)), 10)
    0.0002772589
    """
    return ratio * math.log(2.0) / float(sigma[0]) ** 2 if sigma[0] else math.nan


def first_time(sigma: Array, phi: Array, ratio: float, readout: Array) -> float:
    """Return t_1 of readouts a(0) and zero overlaps, in closed form up to one integral; NaN if never learned.

    In the clock d theta = sigma_1 c_1 dt / sqrt(eps) the particles move on hyperbolas and

        c_1(theta) = phi_1 - sigma_1 sqrt(eps) ((v/2) sinh 2 theta + abar^2 theta),

    abar = phi_0 / sigma_0 and v the variance of a(0). Where sigma_0 = 0 nothing holds the mean of a, and the
    same lines give abar = 0 and v = mean a(0)^2.

    Parameters
    ----------
    sigma, phi : array, shape (K + 1,)
        Orthonormal coefficients.
    ratio : float
        eps.
    readout : array, shape (m,)
    """
    if len(sigma) < 2 or not sigma[1] or not phi[1]:
        return math.nan
    centre = phi[0] / sigma[0] if sigma[0] else 0.0
    spread = float(np.var(readout)) if sigma[0] else float(np.mean(readout**2))
    if spread == 0.0 and centre == 0.0:
        return math.nan
    root = math.sqrt(ratio)
    strength = abs(float(sigma[1]))

    def residual(theta: float) -> float:
        moved = 0.5 * spread * math.sinh(2 * theta) + centre**2 * theta
        return abs(float(phi[1])) - strength * root * moved

    from scipy.integrate import quad
    from scipy.optimize import brentq

    goal = math.sqrt(LEARNED) * abs(float(phi[1]))
    if residual(_MAX_CLOCK) > goal:
        return math.nan
    high = 1.0
    while residual(high) > goal:
        high = min(2 * high, _MAX_CLOCK)
    end = brentq(lambda theta: residual(theta) - goal, 0.0, high, xtol=1e-14, rtol=1e-14)
    value, _ = quad(lambda theta: 1.0 / residual(theta), 0.0, end, epsabs=0.0, epsrel=1e-11, limit=200)
    return root * value / strength
