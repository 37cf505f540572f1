"""Real roots of a polynomial in one variable, with their multiplicities and a proof that none is missing.

Exact coefficients: Yun's square-free factorisation gives the multiplicities, Sturm's theorem the number of
distinct real roots, and only the places are floating point.  Float coefficients: the eigenvalues near the
real axis, whose multiplicities are not decidable.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from giantstep.targets.constants import Real

Coefficients = list[Fraction]
"""Ascending, without leading zeros; the empty list is zero."""

_NEAR_REAL = 1e-4
"""A multiple root of a float polynomial scatters off the axis; taking one too many only splits a panel."""


def real_roots(coefficients: Sequence[Real]) -> list[tuple[float, int]] | None:
    """Return ``(root, multiplicity)`` in ascending order, or None when they cannot be separated.

    Multiplicity 0 means "unknown" (float coefficients).

    Examples
    --------
    >>> real_roots([Fraction(0), Fraction(0), Fraction(-1), Fraction(1)])
    [(0.0, 2), (1.0, 1)]
    """
    exact = [c for c in coefficients if isinstance(c, Fraction)]
    if len(exact) < len(coefficients):
        return _float_roots([float(c) for c in coefficients])
    found: list[tuple[float, int]] = []
    for multiplicity, part in enumerate(_square_free_parts(_trimmed(exact)), start=1):
        places = _simple_roots(part)
        if places is None:
            return None
        found.extend([(place, multiplicity) for place in places])
    return sorted(found)


def _float_roots(coefficients: list[float]) -> list[tuple[float, int]]:
    largest = max([abs(c) for c in coefficients], default=0.0)
    while coefficients and abs(coefficients[-1]) <= 1e-14 * largest:
        coefficients = coefficients[:-1]
    if len(coefficients) < 2:
        return []
    roots = np.roots(coefficients[::-1])
    near = np.abs(roots.imag) <= _NEAR_REAL * (1.0 + np.abs(roots))
    return [(float(place), 0) for place in sorted(roots.real[near])]


def _simple_roots(part: Coefficients) -> list[float] | None:
    """Return the real roots of a square-free polynomial, or None when their number is not the proven one."""
    if len(part) < 2:
        return []
    if part[0] == 0:
        rest = _simple_roots(part[1:])
        return None if rest is None else sorted([0.0, *rest])
    scale = max([abs(c) for c in part])
    roots = np.roots([float(c / scale) for c in reversed(part)])
    expected = _count_real(part)
    nearest_axis = sorted(roots, key=lambda root: abs(root.imag))[:expected]
    if any(abs(root.imag) > _NEAR_REAL * (1.0 + abs(root)) for root in nearest_axis):
        return None
    return sorted([_polished(part, float(root.real)) for root in nearest_axis])


def _polished(part: Coefficients, place: float) -> float:
    """Take Newton steps in exact arithmetic, rounded to a float after each."""
    slope = _derivative(part)
    for _ in range(3):
        steep = _value(slope, Fraction(place))
        if steep == 0:
            break
        place = float(Fraction(place) - _value(part, Fraction(place)) / steep)
    return place


def _square_free_parts(f: Coefficients) -> list[Coefficients]:
    """Return a_1, a_2, .. with f = a_1 a_2**2 a_3**3 ..., each square-free (Yun's algorithm)."""
    if len(f) < 2:
        return []
    common = _gcd(f, _derivative(f))
    b, c = _divided(f, common)[0], _divided(_derivative(f), common)[0]
    d = _minus(c, _derivative(b))
    parts = []
    while len(b) > 1:
        part = _gcd(b, d)
        b, c = _divided(b, part)[0], _divided(d, part)[0]
        d = _minus(c, _derivative(b))
        parts.append(part)
    return parts


def _count_real(f: Coefficients) -> int:
    """Return the number of distinct real roots (Sturm)."""
    chain = [f, _derivative(f)]
    while len(chain[-1]) > 1:
        remainder = _divided(chain[-2], chain[-1])[1]
        if not remainder:
            break
        chain.append(_monic([-c for c in remainder]))
    at_plus = [p[-1] > 0 for p in chain]
    at_minus = [(p[-1] > 0) == (len(p) % 2 == 1) for p in chain]
    return _changes(at_minus) - _changes(at_plus)


def _changes(signs: list[bool]) -> int:
    return sum([a != b for a, b in pairwise(signs)])


def _trimmed(f: Coefficients) -> Coefficients:
    while f and f[-1] == 0:
        f = f[:-1]
    return f


def _monic(f: Coefficients) -> Coefficients:
    """Divide by the size of the leading coefficient, keeping its sign: keeps the fractions short."""
    return [c / abs(f[-1]) for c in f]


def _derivative(f: Coefficients) -> Coefficients:
    return [k * c for k, c in enumerate(f)][1:]


def _value(f: Coefficients, x: Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(f):
        total = total * x + c
    return total


def _minus(f: Coefficients, g: Coefficients) -> Coefficients:
    length = max(len(f), len(g))
    pad = [Fraction(0)] * length
    return _trimmed([a - b for a, b in zip([*f, *pad][:length], [*g, *pad][:length], strict=True)])


def _divided(f: Coefficients, g: Coefficients) -> tuple[Coefficients, Coefficients]:
    """Return quotient and remainder."""
    quotient = [Fraction(0)] * max(len(f) - len(g) + 1, 0)
    rest = list(f)
    while len(rest) >= len(g):
        factor, shift = rest[-1] / g[-1], len(rest) - len(g)
        quotient[shift] = factor
        for i, c in enumerate(g):
            rest[i + shift] -= factor * c
        rest = _trimmed(rest[:-1])
    return _trimmed(quotient), rest


def _gcd(f: Coefficients, g: Coefficients) -> Coefficients:
    while g:
        f, g = g, _divided(f, g)[1]
        if g:
            g = _monic(g)
    return _monic(f)
