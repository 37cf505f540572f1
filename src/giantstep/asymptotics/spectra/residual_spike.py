"""The outlier after one step of the square loss, where the network's own output is in the residual.

The residual y - f0 gives the step a part along the initial layer itself: with f0 = s a^T sigma(W0 x), W1 =
W0 + rate a (b - s c1 W0^T a)^T, more than noise plus an independent spike (theory note 40, section C).
"""

from __future__ import annotations

import math

from giantstep.asymptotics.spectra.bbp import edge

FARTHEST = 1e12
"""Squared singular values are looked for up to this multiple of the edge's."""


def residual_outlier(rate: float, pull: float, energy: float, width_ratio: float) -> float | None:
    """Return the singular value outside the bulk, or None when there is none.

    Parameters
    ----------
    rate : float
        learning_rate * readout scale * c1: the step along a.
    pull : float
        s c1, what the step takes back along W0^T a.
    energy : float
        |b|^2 = (E t g)^2 + (E y^2 + s^2 E sigma^2) / first_batch_ratio.
    width_ratio : float

    References
    ----------
    Theory note 40, section C: z s (|b|^2 gd + c1^2 k) = (1/(eta c1) + c1 k)^2.

    Examples
    --------
    >>> residual_outlier(4.9, 0.0, 0.04, 1.0)  # no pull: a spike below the threshold
    >>> round(residual_outlier(10.0, 0.0, 0.04, 1.0), 6)  # strength 2
    2.5
    """
    from scipy.optimize import brentq

    g = width_ratio
    if rate == 0.0:
        return None

    def gap(log_z: float) -> float:
        z = math.exp(log_z)
        b = z - 1.0 + g
        root = math.sqrt(max(b * b - 4.0 * g * z, 0.0))
        s = 2.0 / (b + root)  # the root of g z s^2 - (z - 1 + g) s + 1 = 0 that decays
        other = g * s + (1.0 - g) / z
        k = z * s * other  # z s - 1 without cancellation, by the equation of s
        return z * s * (energy * other + pull * pull * k) - (1.0 / rate + pull * k) ** 2

    low = 2.0 * math.log(edge(g)) + 1e-12
    high = low + math.log(FARTHEST)
    if not gap(low) > 0.0 > gap(high):
        return None
    return math.exp(0.5 * brentq(gap, low, high, xtol=1e-14, rtol=1e-14))
