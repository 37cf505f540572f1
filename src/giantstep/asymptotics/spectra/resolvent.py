"""Traces of the resolvent of random features, as an explicit curve in one parameter (theory note 40, A.3).

    lam m1 + (phi/psi) delta/(1 + delta) = 1,    psi (m1 - m2)(1 + delta) = c1^2 m1 m2,
    delta = c1^2 m2 + sigma_perp^2 m1.

Given delta, m1 is the root of a quadratic and m2 and lam follow: nothing is iterated.  delta > 0 is a penalty
lam > 0; delta in (edge, 0) is lam = -l with l above the bulk, l falling from infinity to the bulk's edge.  So
the continuation of the note is a walk along this curve, and every equation in lam is a scalar root in delta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True, slots=True)
class Traces:
    """One point of the curve; ``m1_slope`` and ``m2_slope`` are derivatives by lam, negative at lam > 0."""

    delta: float
    ridge: float
    m1: float
    m2: float
    m1_slope: float
    m2_slope: float
    ridge_slope: float
    """d lam / d delta; zero at the edge of the bulk."""


@dataclass(frozen=True, slots=True)
class FeatureBulk:
    """The features F0 of a random first layer, n x N, in the proportional limit.

    Attributes
    ----------
    samples_per_width : float
        n / N = psi / phi.
    dimensions_per_width : float
        psi = d / N.
    linear : float
        c_1^2, above 0.
    rest : float
        sigma_perp^2, at least 0.
    """

    samples_per_width: float
    dimensions_per_width: float
    linear: float
    rest: float

    def at(self, delta: float) -> Traces:
        """Return the point of the curve at delta, in (-1, 0) or above 0."""
        psi, c, s, load = self.dimensions_per_width, self.linear, self.rest, 1.0 / self.samples_per_width
        q = 1.0 + delta
        # s c m1^2 + B m1 - psi delta q = 0, the root that vanishes with delta, without cancellation
        b = psi * q * (s + c) - c * delta
        root = math.sqrt(max(b * b + 4 * s * c * psi * delta * q, 0.0))
        m1 = 2 * psi * delta * q / (b + root) if b > 0 else (root - b) / (2 * s * c)
        m2 = psi * q * m1 / (psi * q + c * m1)
        ridge = (1.0 - load * delta / q) / m1
        m1_rate = (psi * (q + delta) - (psi * (s + c) - c) * m1) / (2 * s * c * m1 + b)
        m2_rate = (1.0 - s * m1_rate) / c
        ridge_rate = -load / (q * q * m1) - ridge * m1_rate / m1
        slope = 1.0 / ridge_rate if ridge_rate else math.inf
        return Traces(delta, ridge, m1, m2, m1_rate * slope, m2_rate * slope, ridge_rate)

    def at_ridge(self, ridge: float) -> Traces:
        """Return the traces at a penalty lam > 0.

        Examples
        --------
        >>> found = FeatureBulk(800 / 560, 400 / 560, 1.0, 0.5).at_ridge(0.5)
        >>> round(found.m1, 4), round(found.m2, 5), round(found.delta, 4)
        (1.2085, 0.69639, 1.3007)
        """

        def gap(log_delta: float) -> float:
            try:
                found = self.at(math.exp(log_delta)).ridge
            except ZeroDivisionError:  # a linear activation reaches lam = 0 here
                return -1e3
            return math.log(found / ridge) if found > 0 else -1e3

        # m1 <= 1/lam, so delta <= (c1^2 + sigma_perp^2)/lam
        top = math.log(1.001 * (self.linear + self.rest) / ridge)
        low = top - 2.0
        while gap(low) < 0:
            low -= 4.0
        return self.at(math.exp(_root(gap, low, top)))

    def edge(self) -> Traces:
        """Return the upper edge of the bulk of F0 F0^T / n; its place is ``-ridge``.

        Examples
        --------
        >>> bulk = FeatureBulk(2.0, 1e9, 1e-30, 1.0)  # independent entries: Marchenko-Pastur
        >>> round((-bulk.edge().ridge) ** 0.5, 6), round(1 + 0.5**0.5, 6)
        (1.707107, 1.707107)
        """
        return self.at(_edge(self))

    def outlier(self, equation: Callable[[Traces], float]) -> Traces | None:
        """Return where ``equation``, positive far above the bulk, vanishes first; None when it does not."""
        edge = self.edge()
        if equation(edge) >= 0:
            return None
        near = 0.5 * edge.delta
        while equation(self.at(near)) <= 0:
            near *= 0.1
        return self.at(_root(lambda delta: equation(self.at(delta)), edge.delta, near))

    def residual(self, found: Traces) -> float:
        """Return the largest relative residual of the three equations of the note."""
        psi, c, s = self.dimensions_per_width, self.linear, self.rest
        q = 1.0 + found.delta
        first = found.ridge * found.m1 + found.delta / (q * self.samples_per_width) - 1.0
        second = 1.0 - found.m2 / found.m1 - c * found.m2 / (psi * q)
        third = c * found.m2 + s * found.m1 - found.delta
        return max(abs(first), abs(second), abs(third) / abs(found.delta))


@lru_cache(maxsize=256)
def _edge(bulk: FeatureBulk) -> float:
    """Return the delta at which lam turns first on the way down from 0, where it is -infinity."""
    before = 0.0
    for x in np.arange(-30.0, 12.0, 0.25):
        delta = -1.0 / (1.0 + math.exp(-x))
        if bulk.at(delta).ridge_slope > 0:
            return _root(lambda delta: bulk.at(delta).ridge_slope, delta, before)
        before = delta
    return before


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-300, rtol=1e-14, maxiter=300))
