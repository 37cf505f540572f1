"""Polynomials in several variables with exact coefficients, and their Hermite coefficients.

Coefficients are `fractions.Fraction` wherever every number is rational, so that "this coefficient is zero" is
a decision and not a tolerance; one float coefficient makes the polynomial inexact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from giantstep.errors import CapabilityError, SpecError

Coefficient = Fraction | float
Index = tuple[int, ...]

MAX_WORK = 250_000
"""Products of two terms in one multiplication: about a second of exact arithmetic."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial in z_1..z_rank.

    Parameters
    ----------
    terms : mapping of multi-index to coefficient
        ``{(2, 1): Fraction(3)}`` is ``3 z1**2 z2``; each multi-index has length `rank`.  Whole numbers become
        fractions and zero coefficients are dropped.
    rank : int
        Number of variables.

    Raises
    ------
    SpecError
        When a multi-index has the wrong length or a negative entry.

    Examples
    --------
    >>> z1, z2 = Polynomial.variable(0, 2), Polynomial.variable(1, 2)
    >>> g = (z1 + z2) ** 2
    >>> g.degree, g.exact
    (2, True)
    >>> {index: int(value) for index, value in sorted(g.hermite().items())}
    {(0, 0): 2, (0, 2): 2, (1, 1): 2, (2, 0): 2}
    """

    terms: Mapping[Index, Coefficient]
    rank: int

    def __post_init__(self) -> None:
        kept: dict[Index, Coefficient] = {}
        for index, coefficient in self.terms.items():
            if len(index) != self.rank or min(index, default=0) < 0:
                raise SpecError(
                    f"polynomial: multi-index {index}, expected {self.rank} whole numbers >= 0 (the rank)."
                )
            if coefficient != 0:
                kept[tuple(index)] = Fraction(coefficient) if isinstance(coefficient, int) else coefficient
        object.__setattr__(self, "terms", MappingProxyType(kept))

    def __reduce__(self) -> tuple[Any, ...]:
        return (Polynomial, (dict(self.terms), self.rank))

    @classmethod
    def constant(cls, value: Coefficient | int, rank: int) -> Polynomial:
        """Return the constant polynomial."""
        return cls({(0,) * rank: value}, rank)

    @classmethod
    def variable(cls, index: int, rank: int) -> Polynomial:
        """Return z_{index + 1}."""
        return cls({tuple([int(i == index) for i in range(rank)]): Fraction(1)}, rank)

    @property
    def degree(self) -> int:
        """Total degree; 0 for constants, zero included."""
        return max([sum(index) for index in self.terms], default=0)

    @property
    def exact(self) -> bool:
        """Whether every coefficient is an exact rational."""
        return all(isinstance(coefficient, Fraction) for coefficient in self.terms.values())

    def __add__(self, other: Polynomial | Coefficient | int) -> Polynomial:
        other = self._same(other)
        terms = dict(self.terms)
        for index, coefficient in other.terms.items():
            terms[index] = terms.get(index, 0) + coefficient
        return Polynomial(terms, self.rank)

    __radd__ = __add__

    def __neg__(self) -> Polynomial:
        return Polynomial({index: -coefficient for index, coefficient in self.terms.items()}, self.rank)

    def __sub__(self, other: Polynomial | Coefficient | int) -> Polynomial:
        return self + (-self._same(other))

    def __rsub__(self, other: Polynomial | Coefficient | int) -> Polynomial:
        return self._same(other) - self

    def __mul__(self, other: Polynomial | Coefficient | int) -> Polynomial:
        other = self._same(other)
        work = len(self.terms) * len(other.terms)
        if work > MAX_WORK:
            raise CapabilityError(
                f"polynomial: expanding a product of {len(self.terms)} by {len(other.terms)} terms, at most "
                f"{MAX_WORK} products are done; the target can be simulated, but not expanded: use fewer "
                "variables or a lower power."
            )
        terms: dict[Index, Coefficient] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                index = tuple([i + j for i, j in zip(left, right, strict=True)])
                terms[index] = terms.get(index, 0) + a * b
        return Polynomial(terms, self.rank)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Polynomial:
        if not isinstance(exponent, int) or exponent < 0:
            raise SpecError(f"polynomial: power {exponent!r}, expected a whole number >= 0.")
        result = Polynomial.constant(1, self.rank)
        for _ in range(exponent):
            result = result * self
        return result

    def __call__(self, z: Any) -> Any:
        """Evaluate at `z` of shape ``(..., rank)``; float32 and float64 are kept."""
        z = np.asarray(z)
        if not np.issubdtype(z.dtype, np.floating):
            z = z.astype(np.float64)
        if z.ndim == 0 or z.shape[-1] != self.rank:
            raise SpecError(f"polynomial: z has shape {z.shape}, expected (..., {self.rank}).")
        total = np.zeros(z.shape[:-1], z.dtype)
        powers: dict[tuple[int, int], Any] = {}
        for index, coefficient in self.terms.items():
            term: Any = float(coefficient)
            for i, power in enumerate(index):
                if power:
                    if (i, power) not in powers:
                        powers[i, power] = z[..., i] ** power
                    term = term * powers[i, power]
            total = total + term
        return total

    def hermite(self) -> dict[Index, Coefficient]:
        """Return ``E[g(z) He_alpha(z)]`` for z ~ N(0, I), for every multi-index where it is not zero.

        He_alpha is the product of the unnormalised probabilists' Hermite polynomials, so that
        ``g = sum_alpha c_alpha He_alpha / alpha!``.  Exact fractions when the polynomial is exact.
        Theory note 10, sections 0 and 2.1: ``z**n = sum_m n!/(2**m m! (n-2m)!) He_{n-2m}(z)``, hence
        ``E[z**n He_{n-2m}(z)] = n!/(2**m m!)``.

        Examples
        --------
        >>> Polynomial({(3,): Fraction(1)}, 1).hermite()
        {(3,): Fraction(6, 1), (1,): Fraction(3, 1)}
        """
        found: dict[Index, Coefficient] = {}
        for index, coefficient in self.terms.items():
            axes = [
                [(n - 2 * m, math.factorial(n) // (2**m * math.factorial(m))) for m in range(n // 2 + 1)]
                for n in index
            ]
            for choice in product(*axes):
                alpha = tuple([order for order, _ in choice])
                weight = math.prod([moment for _, moment in choice])
                found[alpha] = found.get(alpha, 0) + coefficient * weight
        return {alpha: value for alpha, value in found.items() if value != 0}

    def _same(self, other: Polynomial | Coefficient | int) -> Polynomial:
        if not isinstance(other, Polynomial):
            return Polynomial.constant(other, self.rank)
        if other.rank != self.rank:
            raise SpecError(f"polynomial: ranks {self.rank} and {other.rank} differ; both must be the same.")
        return other
