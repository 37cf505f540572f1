"""Label powers y^m of a polynomial target, as Hermite symbols in any frame: exact over integers.

Exact polynomials are scaled to integer coefficients, put into an orthogonal integer frame and never rounded.
Polynomials with irrational numbers in them, or with numbers typed to 15 digits and more (which are rounded
reals: exact arithmetic would read the rounding as a coefficient), run through the same code in floats, with
the error of every coefficient carried along.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from giantstep.staircase.blocks import Symbol
from giantstep.staircase.monomials import (
    Terms,
    change_variables,
    heat,
    highest_power,
    multiply,
    pack,
    total_degree,
)
from giantstep.staircase.subspaces import Subspace
from giantstep.targets import Polynomial

WORK_LIMIT = 1_500_000
"""Products of coefficients spent on one label power; beyond, the power is not computed (about 0.5 s)."""

ROUNDED_DIGITS = 15
_ROUND_OFF = 4 * 2.0**-52
_SIGNIFICANT = 20.0
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])(\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def typed_to_round_off(text: str) -> bool:
    """Whether some number in a text has 15 significant digits or more, so that it is a rounded real.

    >>> typed_to_round_off("z1 + 1e-13*z1*z2"), typed_to_round_off("0.70710678118654752*z1")
    (False, True)
    """
    return any(
        len(match[1].replace(".", "").lstrip("0").rstrip("0")) >= ROUNDED_DIGITS
        for match in _NUMBER.finditer(text)
    )


def smallest_number(text: str) -> float:
    """Return the smallest nonzero number written in a text; infinity when there is none.

    >>> smallest_number("relu(z1) + 1e-14*z1*z2")
    1e-14
    """
    return min((value for match in _NUMBER.finditer(text) if (value := float(match[0]))), default=math.inf)


@dataclass(frozen=True, slots=True)
class PolynomialLabels:
    """A polynomial target ready for the chain.

    Attributes
    ----------
    terms : dict
        Packed monomials in z; integers when ``exact``, else floats.
    scale : Fraction
        The target is ``scale`` times ``terms``.
    """

    rank: int
    degree: int
    terms: Terms
    scale: Fraction
    exact: bool

    @classmethod
    def of(cls, polynomial: Polynomial, *, rounded: bool) -> PolynomialLabels:
        """Return the labels of a polynomial; ``rounded`` says its numbers are rounded reals."""
        rank, degree = polynomial.rank, polynomial.degree
        if polynomial.exact and not rounded:
            values = {pack(index): Fraction(value) for index, value in polynomial.terms.items()}
            common = math.lcm(*(value.denominator for value in values.values()))
            whole = {key: int(value * common) for key, value in values.items()}
            return cls(rank, degree, whole, Fraction(1, common), True)
        floats = {pack(index): float(value) for index, value in polynomial.terms.items()}
        return cls(rank, degree, floats, Fraction(1), False)

    def symbols(
        self, subspace: Subspace, powers: list[int], outside: int
    ) -> Iterator[tuple[int, Symbol | None]]:
        """Yield (m, symbol of y^m in the frame of ``subspace``) for ascending powers m.

        Only what blocks of complement order up to ``outside`` need is kept.  The symbol is None where
        computing the power would take more than WORK_LIMIT products.
        """
        exact = self.exact and subspace.exact
        frame: Any = subspace.whole_frame() if exact else subspace.float_frame()
        rows = frame if exact else [[float(x) for x in row] for row in frame]
        start = self.terms if exact else {key: float(x * self.scale) for key, x in self.terms.items()}
        base = change_variables(start, rows)
        doubt = None if exact else _first_errors(start, rows)
        power: Terms | None = {0: 1 if exact else 1.0}
        bound: Terms | None = {0: 1.0}
        done = 0
        for m in sorted(powers):
            while done < m and power is not None:
                if len(power) * len(base) > WORK_LIMIT:
                    power = None
                    break
                grown = multiply(power, base)
                if doubt is not None and bound is not None:
                    # |d(a b)| <= |da| |b| + |a| |db|: first-order errors of products
                    size = {key: abs(x) for key, x in base.items()}
                    before = {key: abs(x) for key, x in power.items()}
                    bound = _sum(multiply(bound, size), multiply(before, doubt)) if done else dict(doubt)
                power, done = grown, done + 1
            if power is None:
                yield m, None
                continue
            yield m, _heated(self, power, bound if doubt is not None else None, subspace, frame, m, outside)


def _heated(
    labels: PolynomialLabels,
    power: Terms,
    bound: Terms | None,
    subspace: Subspace,
    frame: Any,
    m: int,
    outside: int,
) -> Symbol:
    rank, inside = labels.rank, subspace.dimension
    order = m * labels.degree
    terms = power
    if bound is not None:
        for place in [*range(inside, rank), *range(inside)]:
            keep = outside if place >= inside else None
            factors = [1.0] * (order // 2 + 1)
            terms, bound = heat(terms, place, factors, keep), heat(bound, place, factors, keep)
        errors = {key: _SIGNIFICANT * value for key, value in bound.items()}
        # A coefficient that cancelled exactly in floats may still be off by its error.
        return Symbol(
            frame, inside, {**dict.fromkeys(errors, 0.0), **terms}, order, True, entry_errors=errors
        )
    scale = labels.scale**m
    for place in [*range(inside, rank), *range(inside)]:
        norm = sum(x * x for x in frame[place])
        deepest = highest_power(terms, place) // 2
        factors = [norm ** (deepest - i) for i in range(deepest + 1)]
        terms = heat(terms, place, factors, outside if place >= inside else None)
        scale /= norm**deepest
    return Symbol(frame, inside, terms, max(order, total_degree(terms, rank)), True, scale=scale)


def _first_errors(terms: Terms, rows: Any) -> Terms:
    """Round-off of each coefficient after the change of variables, relative to the largest of its degree."""
    if not terms:
        return {}
    top = max(abs(x) for x in terms.values())
    start = {key: _ROUND_OFF * (abs(x) + 0.25 * top) for key, x in terms.items()}
    return change_variables(start, [[abs(x) for x in row] for row in rows])


def _sum(left: Terms, right: Terms) -> Terms:
    out = dict(left)
    for key, value in right.items():
        out[key] = out.get(key, 0.0) + value
    return out
