"""From a tree to the polynomial it spells, when it spells one."""

from __future__ import annotations

from giantstep.targets.constants import constant_value
from giantstep.targets.polynomial import Polynomial
from giantstep.targets.tree import Call, Negative, Node, Power, Product, Sum, Variable
from giantstep.targets.vocabulary import HERMITE_ORDER, hermite_coefficients


def expand(node: Node, rank: int) -> Polynomial | None:
    """Return the polynomial of a tree in `rank` variables, or None when a part is not polynomial.

    Raises
    ------
    CapabilityError
        When it is a polynomial of too many terms to write out.

    Examples
    --------
    >>> from giantstep.targets.grammar import parse
    >>> {index: str(c) for index, c in sorted(expand(parse("0.5*He2(z1)"), 1).terms.items())}
    {(0,): '-1/2', (2,): '1/2'}
    """
    value = constant_value(node)
    if value is not None:
        return Polynomial.constant(value, rank)
    match node:
        case Variable(index):
            return Polynomial.variable(index, rank)
        case Negative(operand):
            inner = expand(operand, rank)
            return None if inner is None else -inner
        case Sum(parts) | Product(parts):
            result: Polynomial | None = None
            for part in parts:
                inner = expand(part, rank)
                if inner is None:
                    return None
                if result is None:
                    result = inner
                else:
                    result = result + inner if isinstance(node, Sum) else result * inner
            return result
        case Power(base, exponent):
            inner, power = expand(base, rank), constant_value(exponent)
            return None if inner is None or power is None else inner ** int(power)
        case Call(name, (argument,)) if name in HERMITE_ORDER:
            inner = expand(argument, rank)
            return None if inner is None else hermite_of(inner, HERMITE_ORDER[name])
    return None


def hermite_of(inner: Polynomial, order: int) -> Polynomial:
    """Return He_order of a polynomial, by Horner."""
    total = Polynomial.constant(0, inner.rank)
    for coefficient in reversed(hermite_coefficients(order)):
        total = total * inner + coefficient
    return total
