"""Where an expression or its derivative jumps: hyperplanes, for quadrature to split at.

A kink sits where the argument of relu, abs, sign, min, max or sqrt vanishes.  Arguments are taken apart
factor by factor; one that holds kinks itself is replaced by the finitely many polynomials it can equal, whose
zero sets together hold its own.  So the planes may be too many, never too few while `complete` is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

from giantstep.errors import CapabilityError
from giantstep.targets.bounds import bounds_of
from giantstep.targets.constants import constant_value
from giantstep.targets.expansion import hermite_of
from giantstep.targets.polynomial import Polynomial
from giantstep.targets.tree import (
    Call,
    Inverse,
    Negative,
    Node,
    Power,
    Product,
    Sum,
    Variable,
    add,
    negate,
    walk,
)
from giantstep.targets.vocabulary import HERMITE_ORDER
from giantstep.targets.zero_sets import Plane, zero_planes

MAX_BRANCHES = 64
"""Polynomials one argument may stand for."""


@dataclass(frozen=True, slots=True)
class Kinks:
    """Hyperplanes ``normal . z = offset``, each given as ``(normal, offset)`` with a normal of length one.

    When `complete` is true the function is smooth wherever no plane is crossed; when it is false some
    argument could not be factorised (or nothing is known), and there may be more.

    Attributes
    ----------
    hyperplanes : tuple of (tuple of float, float)
    complete : bool

    Examples
    --------
    >>> from giantstep.targets import Target
    >>> Target.parse("relu(z1 - 1)").link.kinks()
    Kinks(hyperplanes=(((1.0,), 1.0),), complete=True)
    """

    hyperplanes: tuple[tuple[tuple[float, ...], float], ...]
    complete: bool


def find_kinks(node: Node, rank: int) -> Kinks:
    """Return the kinks of a tree in `rank` variables.

    Examples
    --------
    >>> from giantstep.targets.grammar import parse
    >>> find_kinks(parse("relu(z1 - 1) + sign(z1*z2)"), 2).hyperplanes
    (((1.0, 0.0), 0.0), ((1.0, 0.0), 1.0), ((0.0, 1.0), 0.0))
    >>> find_kinks(parse("abs(z1**2 + z2**2 - 1)"), 2)
    Kinks(hyperplanes=(), complete=False)
    """
    found: dict[tuple[float, ...], Plane] = {}
    complete = True
    for argument, touching in _arguments(node):
        try:
            planes = _zeros(argument, rank, touching)
        except CapabilityError:
            planes = None
        complete = complete and planes is not None
        for plane in planes or []:
            # the same plane from two arguments differs by rounding
            found.setdefault(tuple([round(x, 9) + 0.0 for x in (*plane.normal, plane.offset)]), plane)
    ordered = sorted(found.values(), key=lambda p: ([-x for x in p.normal], p.offset))
    return Kinks(tuple([(plane.normal, plane.offset) for plane in ordered]), complete)


def _arguments(node: Node) -> list[tuple[Node, bool]]:
    """Return what must not vanish, and whether touching zero matters: only sqrt is rough at a double zero."""
    found: list[tuple[Node, bool]] = []
    for here in walk(node):
        match here:
            case Call("relu" | "abs" | "sign", (argument,)):
                found.append((argument, False))
            case Call("sqrt", (argument,)):
                found.append((argument, True))
            case Call("min" | "max", arguments):
                found += [(add(a, negate(b)), False) for a, b in combinations(arguments, 2)]
    return list(dict.fromkeys(found))


def _zeros(node: Node, rank: int, touching: bool) -> list[Plane] | None:
    """Return planes that hold the zeros of `node` (its sign changes only, unless `touching`)."""
    if constant_value(node) is not None:
        return []
    reach = bounds_of(node)
    if reach.low > 0 or reach.high < 0:
        return []
    if not touching and (reach.low >= 0 or reach.high <= 0):
        # no sign change; where it vanishes on a whole region, the edge is a kink of an inner function
        return []
    match node:
        case Negative(operand):
            return _zeros(operand, rank, touching)
        case Inverse() | Call("exp"):
            return []
        case Call("tanh" | "erf" | "sign" | "abs" | "relu" | "sqrt", (argument,)):
            return _zeros(argument, rank, touching)
        case Power(base):
            return _zeros(base, rank, touching)
        case Product(factors):
            counted = Counter(factors).items()
            parts = [factor for factor, count in counted if touching or count % 2]
            return _united([_zeros(part, rank, touching) for part in parts])
        case Sum(terms) if all(bounds_of(term).low >= 0 for term in terms):
            # a sum of nonnegative terms vanishes only where each of them does: any one will do
            for term in terms:
                planes = _zeros(term, rank, touching)
                if planes is not None:
                    return planes
            return None
    branches = _branches(node, rank)
    if branches is None:
        return None
    return _united([zero_planes(branch, touching) for branch in branches])


def _united(parts: list[list[Plane] | None]) -> list[Plane] | None:
    planes: list[Plane] = []
    for part in parts:
        if part is None:
            return None
        planes += part
    return planes


def _branches(node: Node, rank: int) -> list[Polynomial] | None:
    """Return every polynomial that `node` equals somewhere, or None when it is not piecewise polynomial."""
    value = constant_value(node)
    if value is not None:
        return [Polynomial.constant(value, rank)]
    zero = Polynomial.constant(0, rank)
    match node:
        case Variable(index):
            return [Polynomial.variable(index, rank)]
        case Negative(operand):
            return _mapped(_branches(operand, rank), lambda p: [-p])
        case Sum(parts) | Product(parts):
            total = _branches(parts[0], rank)
            for part in parts[1:]:
                more = _branches(part, rank)
                if total is None or more is None or len(total) * len(more) > MAX_BRANCHES:
                    return None
                total = _distinct([a + b if isinstance(node, Sum) else a * b for a in total for b in more])
            return total
        case Power(base, exponent):
            count = int(constant_value(exponent) or 0)
            return _mapped(_branches(base, rank), lambda p: [p**count])
        case Call("abs", (argument,)):
            return _mapped(_branches(argument, rank), lambda p: [p, -p])
        case Call("relu", (argument,)):
            return _mapped(_branches(argument, rank), lambda p: [p, zero])
        case Call("sign"):
            return [zero, zero + 1, zero - 1]
        case Call("min" | "max", arguments):
            lists = [_branches(argument, rank) for argument in arguments]
            known = [one for one in lists if one is not None]
            return _distinct([p for one in known for p in one]) if len(known) == len(lists) else None
        case Call(name, (argument,)) if name in HERMITE_ORDER:
            return _mapped(_branches(argument, rank), lambda p: [hermite_of(p, HERMITE_ORDER[name])])
    return None


def _mapped(
    branches: list[Polynomial] | None, change: Callable[[Polynomial], list[Polynomial]]
) -> list[Polynomial] | None:
    if branches is None:
        return None
    return _distinct([new for branch in branches for new in change(branch)])


def _distinct(branches: list[Polynomial]) -> list[Polynomial]:
    return list({frozenset(branch.terms.items()): branch for branch in branches}.values())
