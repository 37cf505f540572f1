"""Polynomials as dictionaries {packed exponents: coefficient}, over integers (exact) or floats.

The chain needs three operations on a target's polynomial, each one or two orders of magnitude faster on
packed exponents than on fractions and tuples: products (label powers), linear changes of variables
(frames), and the heat flow exp(v d^2/2) which turns g into its Hermite symbol E[g(x + noise)] (theory note
10, section 2.1). Coefficients are whatever numbers come in; with integers nothing is ever rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

Terms = dict[int, Any]

BITS = 16
"""Bits per exponent: degrees stay below 65536 (the language allows far less)."""
_MASK = (1 << BITS) - 1


def pack(exponents: Iterable[int]) -> int:
    """Return the key of a monomial; keys add when monomials multiply.

    >>> unpack(pack((2, 0, 1)) + pack((1, 1, 0)), 3)
    (3, 1, 1)
    """
    key = 0
    for place, exponent in enumerate(exponents):
        key |= exponent << (BITS * place)
    return key


def unpack(key: int, rank: int) -> tuple[int, ...]:
    """Return the exponents of a key."""
    return tuple((key >> (BITS * place)) & _MASK for place in range(rank))


def multiply(left: Terms, right: Terms) -> Terms:
    """Return the product of two polynomials.

    >>> multiply({0: 1, 1: 1}, {0: -1, 1: 1})  # (1 + x)(-1 + x)
    {0: -1, 2: 1}
    """
    out: Terms = {}
    get = out.get
    for a, x in left.items():
        for b, y in right.items():
            key = a + b
            out[key] = get(key, 0) + x * y
    return {key: value for key, value in out.items() if value}


def change_variables(terms: Terms, rows: Sequence[Sequence[Any]]) -> Terms:
    """Return the polynomial in s where z_i = sum_q rows[q][i] s_q.

    Parameters
    ----------
    terms : dict
        A polynomial in z_0..z_{r-1}.
    rows : sequence of vectors of length r
        The frame: z = rows^T s.

    Examples
    --------
    >>> z1z2 = {pack((1, 1)): 1}
    >>> square = change_variables(z1z2, [(1, 1), (1, -1)])  # (s1 + s2)(s1 - s2)
    >>> {unpack(key, 2): value for key, value in square.items()}
    {(2, 0): 1, (0, 2): -1}
    """
    rank = len(rows[0]) if rows else 0
    forms = [{1 << (BITS * q): row[i] for q, row in enumerate(rows) if row[i]} for i in range(rank)]
    powers: list[list[Terms]] = [[{0: 1}] for _ in range(rank)]

    def power(place: int, exponent: int) -> Terms:
        known = powers[place]
        while len(known) <= exponent:
            known.append(multiply(known[-1], forms[place]))
        return known[exponent]

    def expand(part: Terms, place: int) -> Terms:
        if place == rank:
            return dict(part)
        groups: dict[int, Terms] = {}
        for key, value in part.items():
            groups.setdefault(key & _MASK, {})[key >> BITS] = value
        out: Terms = {}
        for exponent, group in groups.items():
            inner = expand(group, place + 1)
            for key, value in (multiply(inner, power(place, exponent)) if exponent else inner).items():
                out[key] = out.get(key, 0) + value
        return {key: value for key, value in out.items() if value}

    return expand(terms, 0)


def heat(terms: Terms, place: int, factors: Sequence[Any], keep: int | None = None) -> Terms:
    """Return exp(v d^2/2) applied in one variable, with v^m given as ``factors[m]``.

    x^n becomes sum_m n! / (2^m m! (n - 2m)!) v^m x^{n - 2m}.  An exact caller with v = 1/N passes
    factors[m] = N^(M - m) and divides by N^M at the end, so that everything stays whole.

    Parameters
    ----------
    keep : int, optional
        Drop powers of this variable above ``keep``: blocks with more complement indices are not needed.

    Examples
    --------
    >>> heat({4: 1}, 0, [1, 1, 1])  # E (x + G)^4
    {4: 1, 2: 6, 0: 3}
    """
    shift = BITS * place
    out: Terms = {}
    get = out.get
    table: dict[int, list[tuple[int, Any]]] = {}
    for key, value in terms.items():
        n = (key >> shift) & _MASK
        if n not in table:
            table[n] = [
                (
                    m,
                    factors[m]
                    * (math.factorial(n) // (2**m * math.factorial(m) * math.factorial(n - 2 * m))),
                )
                for m in range(n // 2 + 1)
                if keep is None or n - 2 * m <= keep
            ]
        for m, weight in table[n]:
            lower = key - ((2 * m) << shift)
            out[lower] = get(lower, 0) + value * weight
    return {key: value for key, value in out.items() if value}


def highest_power(terms: Terms, place: int) -> int:
    """Return the degree in one variable."""
    return max(((key >> (BITS * place)) & _MASK for key in terms), default=0)


def total_degree(terms: Terms, rank: int) -> int:
    """Return the total degree; 0 for the zero polynomial."""
    return max((sum(unpack(key, rank)) for key in terms), default=0)
