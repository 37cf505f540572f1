"""Information exponent, leap, generative exponent and generative leap (theory note 10, section 2.4).

The leap is the smallest batch exponent at which the chain reaches every direction.  Its end points do not
depend on the order in which blocks are taken, so closures under all orders up to K stand for the chains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from giantstep.staircase.chain import Growth, grow_fresh, grow_reused
from giantstep.staircase.problem import Problem
from giantstep.staircase.subspaces import Subspace

Grow = Callable[[Subspace, list[int]], Growth]

MAX_GENERATIVE_ORDER = 6
"""The search for generative exponents stops here."""


@dataclass(frozen=True, slots=True)
class Exponents:
    """The four exponents of a target, None where no order reaches.

    Attributes
    ----------
    exponent : int or None
        Lowest order that shows anything (information or generative exponent).
    leap : int or None
        Lowest order whose closure is everything.
    filtration : tuple of (int, Subspace)
        End points of the chain at batch exponents where it changes.
    doubts : tuple of str
    """

    exponent: int | None
    leap: int | None
    filtration: tuple[tuple[int, Subspace], ...]
    doubts: tuple[str, ...]


def fresh_exponents(problem: Problem, whole: Subspace) -> Exponents:
    """Return information exponent and leap, as the activation sees them."""

    def grow(known: Subspace, orders: list[int]) -> Growth:
        return grow_fresh(problem, known, whole, 2, orders, lowest_only=False)

    return _climb(problem, whole, grow, problem.order)


def generative_exponents(problem: Problem, whole: Subspace, leap: int | None) -> Exponents:
    """Return generative exponent and generative leap: the same over all transforms of the label.

    The label is one of its own transforms, so neither can exceed the ``leap``.
    """

    def grow(known: Subspace, orders: list[int]) -> Growth:
        # The label itself first: its tensors are known best, and the end point is the same.
        growth = grow_fresh(problem, known, whole, 2, orders, lowest_only=False)
        if growth.subspace.dimension > known.dimension:
            return growth
        return grow_reused(problem, known, whole, orders, lowest_only=False)

    highest = min(MAX_GENERATIVE_ORDER, leap or problem.order)
    return _climb(problem, whole, grow, highest)


def _climb(problem: Problem, whole: Subspace, grow: Grow, highest: int) -> Exponents:
    known = Subspace.zero(problem.rank, exact=problem.exact)
    if whole.dimension == 0:
        return Exponents(None, None, (), ())
    exponent: int | None = None
    leap: int | None = None
    filtration: list[tuple[int, Subspace]] = []
    doubts: list[str] = []
    for order in range(1, highest + 1):
        before = known.dimension
        while known.dimension < whole.dimension:
            growth = grow(known, list(range(1, order + 1)))
            if growth.subspace.dimension == known.dimension:
                # Only the end point has to be certified: on the way, blocks that were found are enough.
                # One doubt is enough: higher closures build on the first that is not certain.
                doubts.extend(() if doubts else growth.doubts)
                break
            known = growth.subspace
        if known.dimension > before:
            exponent = exponent or order
            filtration.append((order, known))
        if known.dimension == whole.dimension:
            leap = order
            break
    return Exponents(exponent, leap, tuple(filtration), tuple(dict.fromkeys(doubts)))
