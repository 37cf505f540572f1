"""Probabilists' Hermite polynomials He_k (E He_k^2 = k!) and expansions of a function of one Gaussian.

Everywhere in giantstep He_k is unnormalised, and the k-th coefficient of f is c_k = E[f(G) He_k(G)], so that
f = sum_k c_k He_k / k! (theory note 10, section 0).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError
from giantstep.gaussian.quadrature import split_rule

Array = NDArray[np.float64]


def hermite_values(x: Any, order: int) -> Array:
    """Return He_0(x), ..., He_order(x) by the three-term recurrence, which is stable on the real line.

    Parameters
    ----------
    x : array, shape (...)
    order : int
        >= 0.

    Returns
    -------
    array, shape (order + 1, ...)

    Examples
    --------
    >>> hermite_values(2.0, 3).tolist()
    [1.0, 2.0, 3.0, 2.0]
    """
    points = np.asarray(x, dtype=np.float64)
    values = np.empty((order + 1, *points.shape))
    values[0] = 1.0
    if order:
        values[1] = points
    for k in range(1, order):
        values[k + 1] = points * values[k] - k * values[k - 1]
    return values


def hermite_norms(order: int) -> Array:
    """Return sqrt(k!) for k = 0..order, the L2 norms of He_k.

    >>> hermite_norms(3).round(3).tolist()
    [1.0, 1.0, 1.414, 2.449]
    """
    return np.exp(0.5 * np.array([math.lgamma(k + 1.0) for k in range(order + 1)]))


@dataclass(frozen=True, slots=True)
class Expansion:
    """Hermite coefficients c_0..c_K of one function, with the error of each.

    Attributes
    ----------
    coefficients, errors : array, shape (K + 1,)
        c_k = E[f(G) He_k(G)], and the change of c_k between two resolutions (never below round-off).
    """

    coefficients: Array
    errors: Array

    @property
    def orthonormal(self) -> Array:
        """c_k / sqrt(k!), the coefficients on polynomials of norm one; they are square summable."""
        return self.coefficients / hermite_norms(len(self.coefficients) - 1)

    def nonzero(self, relative: float = 1e-12) -> NDArray[np.bool_]:
        """Which coefficients are not zero: above 20 errors and above ``relative`` times the norm."""
        norms = hermite_norms(len(self.coefficients) - 1)
        size = np.sqrt(np.sum(self.orthonormal**2))
        floor = np.maximum(20.0 * self.errors, relative * size * norms)
        return np.abs(self.coefficients) > floor


def hermite_expansion(
    function: Callable[[Array], Any],
    order: int,
    *,
    kinks: Iterable[float] = (),
    variance: float = 1.0,
    shift: float = 0.0,
) -> Expansion:
    """Expand f(shift + sqrt(variance) G) in He_k(G), splitting the integrals at the kinks of f.

    Parameters
    ----------
    function : callable
        Array to array of the same shape; smooth between its kinks.
    order : int
        Highest order K.
    kinks : iterable of float
        Arguments of ``function`` where it or a derivative jumps.
    variance, shift : float
        Law of the argument of ``function``.

    Returns
    -------
    Expansion

    Raises
    ------
    SpecError
        When the variance is not positive or the function is not finite on the real line.

    References
    ----------
    theory note 10, section 1 (the c_k of an activation at pre-activation variance q and bias b).

    Examples
    --------
    >>> relu = hermite_expansion(lambda x: np.maximum(x, 0.0), 4, kinks=(0.0,))
    >>> (relu.coefficients * math.sqrt(2 * math.pi)).round(12).tolist()[2:]
    [1.0, 0.0, -1.0]
    """
    if not variance > 0:
        raise SpecError(f"variance: found {variance}, expected a positive number.")
    scale = math.sqrt(variance)
    breaks = tuple((float(kink) - shift) / scale for kink in kinks)
    results = []
    for nodes in (40, 56):
        rule = split_rule(breaks, nodes)
        values = np.asarray(function(shift + scale * rule.nodes), dtype=np.float64)
        if values.shape != rule.nodes.shape or not np.all(np.isfinite(values)):
            raise SpecError(
                "function: found a value that is not finite (or of another shape) between -11 and 11, "
                "expected finite values. Give a function that is finite on the real line."
            )
        weighted = rule.weights * values
        basis = hermite_values(rule.nodes, order)
        results.append((basis @ weighted, np.abs(basis) @ np.abs(weighted)))
    (coarse, _), (fine, scale_of_sum) = results
    return Expansion(fine, np.abs(fine - coarse) + 8 * np.finfo(float).eps * scale_of_sum)
