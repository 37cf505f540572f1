"""The reduced flow of d -> infinity, then m -> infinity: a readout and an overlap a particle.

    eps a_i' = sum_k sigma_k c_k s_i^k,    s_i' = a_i (1 - s_i^2) sum_k k sigma_k c_k s_i^{k-1},
    c_k = phi_k - sigma_k M_k,  M_k = (1/m) sum_j a_j s_j^k       (theory note 50, S6.2)

In the clock tau = log t every rate is multiplied by t. The state is the vector (a, s).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Moments(NamedTuple):
    """What every rate is made of: a, s (m,), powers s^k and derivatives k s^(k-1) (K + 1, m), residuals c."""

    a: Array
    s: Array
    powers: Array
    slopes: Array
    residuals: Array


@dataclass(frozen=True, slots=True)
class ReducedFlow:
    """The reduced flow of one instance.

    Parameters
    ----------
    sigma, phi : array, shape (K + 1,)
        Orthonormal Hermite coefficients of activation and target.
    ratio : float
        eps, how much faster the readout moves.
    """

    sigma: Array
    phi: Array
    ratio: float

    def moments(self, state: Array) -> Moments:
        """Return powers of the overlaps and the residual of every component."""
        a, s = np.split(state, 2)
        orders = np.arange(len(self.sigma))
        powers = np.ones((len(orders), len(s)))
        for k in orders[1:]:
            powers[k] = powers[k - 1] * s
        slopes = np.zeros_like(powers)
        slopes[1:] = orders[1:, None] * powers[:-1]
        return Moments(a, s, powers, slopes, self.phi - self.sigma * (powers @ a) / len(a))

    def residuals(self, state: Array) -> Array:
        """Return c_0..c_K."""
        return self.moments(state).residuals

    def rate(self, clock: float, state: Array) -> Array:
        """Return d(a, s)/d log t."""
        at = self.moments(state)
        pull = self.sigma * at.residuals
        readout = pull @ at.powers / self.ratio
        return np.exp(clock) * np.concatenate([readout, at.a * (1 - at.s**2) * (pull @ at.slopes)])

    def jacobian(self, clock: float, state: Array) -> Array:
        """Return the derivative of `rate` by the state, shape (2m, 2m): O(m^2 K)."""
        at = self.moments(state)
        m, orders = len(at.a), np.arange(len(self.sigma))
        pull, squares = self.sigma * at.residuals, (self.sigma**2)[:, None] / m
        bends = np.zeros_like(at.powers)
        bends[2:] = (orders * (orders - 1))[2:, None] * at.powers[:-2]
        slope, room = pull @ at.slopes, 1 - at.s**2
        found = np.empty((2 * m, 2 * m))
        diagonal = np.arange(m)
        # dc_k/da_j = -sigma_k s_j^k / m and dc_k/ds_j = -sigma_k k a_j s_j^(k-1) / m couple all particles ..
        found[:m, :m] = -(at.powers.T @ (squares * at.powers)) / self.ratio
        found[:m, m:] = -(at.powers.T @ (squares * at.slopes)) * at.a / self.ratio
        found[m:, :m] = -(at.a * room)[:, None] * (at.slopes.T @ (squares * at.powers))
        found[m:, m:] = -(at.a * room)[:, None] * (at.slopes.T @ (squares * at.slopes)) * at.a
        # .. and the explicit a_i, s_i act on their own particle.
        found[diagonal, m + diagonal] += slope / self.ratio
        found[m + diagonal, diagonal] += room * slope
        found[m + diagonal, m + diagonal] += at.a * (room * (pull @ bends) - 2 * at.s * slope)
        return np.exp(clock) * found


def conserved(state: Array, ratio: float, component: int) -> Array:
    """Return eps a_i^2 + log(1 - s_i^2) / k, which is constant while component k >= 1 alone is active.

    >>> conserved(np.array([2.0, 0.0]), 0.01, 1).tolist()
    [0.04]
    """
    a, s = np.split(state, 2)
    return ratio * a**2 + np.log1p(-(s**2)) / component
