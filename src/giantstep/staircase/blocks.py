"""Hermite symbols in the frame [U; complement] and their conditional blocks T_{j,k}.

The symbol of g is G(x) = E[g(x + z)] = sum_alpha C_alpha x^alpha / alpha!.  Written in frame coordinates
x = sum_a u_a f_a + sum_b v_b f_b, the part of degree j in u and k in v is the block T_{j,k}: the tensor
C_{j+k} with j indices inside the learnt subspace U and k outside (theory note 10, section 2.2).  The span
that order k offers is the range of its matricisations, hence of G_k = sum_j mat T mat T^T / (j! k!).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.monomials import Terms, unpack
from giantstep.staircase.subspaces import Subspace, Vector, primitive

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Symbol:
    """The Hermite symbol of a label (or of a transform of it) in frame coordinates.

    Attributes
    ----------
    frame : tuple of integer vectors, or array of orthonormal rows
        Orthogonal; the first ``inside`` span U.
    terms : dict
        Coefficients C_alpha / alpha! / ``scale`` of the packed monomials.
    scale : Fraction
        Common factor taken out to keep exact coefficients whole.
    entry_errors : dict or None
        Error of each coefficient (float polynomials).
    order_errors : tuple of float
        Error of the Frobenius norm of each tensor C_k (quadrature, Monte Carlo); empty for polynomials.
    order : int
        Highest total order held.
    complete : bool
        Whether all tensors beyond ``order`` vanish.
    margin : float
        A norm between tolerance and ``margin`` times tolerance decides nothing.
    """

    frame: tuple[Vector, ...] | Array
    inside: int
    terms: Terms
    order: int
    complete: bool
    scale: Fraction = Fraction(1)
    entry_errors: Terms | None = None
    order_errors: tuple[float, ...] = ()
    margin: float = 10.0

    @property
    def exact(self) -> bool:
        return self.entry_errors is None and not self.order_errors


@dataclass(frozen=True, slots=True)
class Block:
    """One conditional block T_{j,k}, matricised with one complement index left.

    Attributes
    ----------
    inside, outside : int
        j and k.
    strength : float
        Frobenius norm |T_{j,k}|.
    tolerance : float
        Norms below mean nothing; 0 for an exact block.
    vectors : tuple of integer vectors
        Exact blocks: what the rows span, in z coordinates.
    matrix : array, shape (anything, r - q)
        Float blocks: weighted rows in complement coordinates, |matrix|_F = strength.
    axes_inside, axes_outside : frozenset of int
        Frame axes that occur, for the words.
    """

    inside: int
    outside: int
    strength: float
    tolerance: float
    vectors: tuple[Vector, ...] = ()
    matrix: Array = field(default_factory=lambda: np.zeros((0, 0)))
    axes_inside: frozenset[int] = frozenset()
    axes_outside: frozenset[int] = frozenset()
    margin: float = 10.0


def conditional_blocks(symbol: Symbol, subspace: Subspace, outside: int) -> list[Block]:
    """Return the blocks T_{j,k} with 1 <= k <= outside that are not zero, by k, then j.

    Exact symbols drop exact zeros only.  Float symbols also return blocks below their tolerance, so that the
    caller can tell "zero" from "not resolved".
    """
    rank, inside = subspace.rank, symbol.inside
    entries: dict[tuple[int, int], dict[tuple[int, ...], list[Any]]] = {}
    squares: dict[tuple[int, int], Any] = {}
    doubts: dict[tuple[int, int], float] = {}
    used: dict[tuple[int, int], set[int]] = {}
    norms = [sum(x * x for x in row) for row in symbol.frame] if symbol.exact else [1] * rank
    factorial = [math.factorial(n) for n in range(symbol.order + 1)]
    for key, value in symbol.terms.items():
        powers = unpack(key, rank)
        k = sum(powers[inside:])
        if not 0 < k <= outside:
            continue
        j = sum(powers[:inside])
        place = (j, k)
        weight = math.prod(factorial[p] for p in powers)
        entry = value * weight
        # (j!/alpha!)(k!/beta!) counts how often the entry occurs in the full tensor.
        count = factorial[j] * factorial[k] // weight
        length = math.prod(n**p for n, p in zip(norms, powers, strict=True)) if symbol.exact else 1
        squares[place] = squares.get(place, 0) + (
            Fraction(count * entry * entry, length) if symbol.exact else count * entry * entry
        )
        used.setdefault(place, set()).update(a for a, p in enumerate(powers) if p)
        if symbol.entry_errors is not None:
            doubts[place] = doubts.get(place, 0.0) + count * (symbol.entry_errors.get(key, 0.0) * weight) ** 2
        rows = entries.setdefault(place, {})
        for q in range(inside, rank):
            if powers[q]:
                lower = (*powers[:q], powers[q] - 1, *powers[q + 1 :])
                row = rows.setdefault(lower, [0] * (rank - inside))
                if symbol.exact:
                    row[q - inside] = entry
                else:
                    free = math.prod(factorial[p] for p in lower)
                    row[q - inside] = entry * math.sqrt(factorial[j] * factorial[k - 1] / free)
    orders = _order_norms(symbol) if subspace.error else {}
    blocks = []
    for place in sorted(entries, key=lambda jk: (jk[1], jk[0])):
        j, k = place
        axes = used[place]
        inner = frozenset(a for a in axes if a < inside)
        outer = frozenset(a for a in axes if a >= inside)
        rows = entries[place]
        if symbol.exact:
            strength = _root(squares[place] * symbol.scale**2)
            block = Block(
                j, k, strength, 0.0, _in_z(symbol, rows, norms), axes_inside=inner, axes_outside=outer
            )
        else:
            matrix = np.array(list(rows.values()), dtype=np.float64)
            strength = math.sqrt(squares[place])
            error = symbol.order_errors[j + k] if symbol.order_errors else math.sqrt(doubts.get(place, 0.0))
            error += (j + k) * subspace.error * orders.get(j + k, 0.0)
            block = Block(
                j, k, strength, error, (), matrix, axes_inside=inner, axes_outside=outer, margin=symbol.margin
            )
        blocks.append(block)
    return blocks


def _in_z(symbol: Symbol, rows: dict[tuple[int, ...], list[Any]], norms: list[Any]) -> tuple[Vector, ...]:
    """Rows of entries contracted with frame vectors, as directions: v = sum_q t_q f_q / |f_q|^2."""
    outer = list(range(symbol.inside, len(symbol.frame)))
    common = math.lcm(*(int(norms[q]) for q in outer))
    found: dict[Vector, None] = {}
    for row in rows.values():
        vector = [0] * len(symbol.frame)
        for q, entry in zip(outer, row, strict=True):
            if entry:
                factor = entry * (common // int(norms[q]))
                vector = [x + factor * y for x, y in zip(vector, symbol.frame[q], strict=True)]
        if any(vector):
            found[primitive(vector)] = None
    return tuple(found)


def _root(square: Fraction) -> float:
    """Square root of a fraction whose numerator and denominator may be beyond the range of floats."""
    shift = 2 * ((square.numerator.bit_length() - square.denominator.bit_length()) // 2)
    scaled = square / Fraction(2) ** shift
    try:
        return math.ldexp(math.sqrt(scaled), shift // 2)
    except OverflowError:
        return math.inf


def _order_norms(symbol: Symbol) -> dict[int, float]:
    """Frobenius norms of the tensors C_k of a float symbol."""
    totals: dict[int, float] = {}
    for key, value in symbol.terms.items():
        powers = unpack(key, len(symbol.frame))
        order = sum(powers)
        count = math.factorial(order) * math.prod(math.factorial(p) for p in powers)
        totals[order] = totals.get(order, 0.0) + count * float(value) ** 2
    return {order: math.sqrt(total) for order, total in totals.items()}
