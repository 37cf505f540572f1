"""The frozen tree of a target's expression, and its canonical text.

Sums and products are flat (one node for any number of terms), a subtraction is a `Negative` term and a
division an `Inverse` factor, and minus signs are pulled out of products.  So every expression has few
shapes, the depth of a tree is bounded by the depth of brackets, and ``parse(text_of(tree)) == tree``.
Nodes should be made with `add`, `multiply` and `negate`, which keep these rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Number:
    """A literal, kept as the exact rational it spells (0.25 is 1/4); never negative."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Constant:
    """`pi` or `e`."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """The coordinate z_{index + 1}; `index` counts from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class Negative:
    """Minus `operand`."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Inverse:
    """One over `operand`; it only lives as a factor of a product, and never as the first one."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Sum:
    """Two terms or more, none of them a sum."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Two factors or more, none of them a product or a negative."""

    factors: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Power:
    """`base` to the power `exponent`, a constant."""

    base: Node
    exponent: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the vocabulary applied to its arguments."""

    name: str
    arguments: tuple[Node, ...]


Node = Number | Constant | Variable | Negative | Inverse | Sum | Product | Power | Call

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))


def negate(node: Node) -> Node:
    """Return ``-node``; two minus signs cancel."""
    return node.operand if isinstance(node, Negative) else Negative(node)


def add(left: Node, right: Node) -> Node:
    """Return ``left + right`` as one flat sum."""
    terms = left.terms if isinstance(left, Sum) else (left,)
    more = right.terms if isinstance(right, Sum) else (right,)
    return Sum(terms + more)


def multiply(left: Node, right: Node) -> Node:
    """Return ``left * right`` as one flat product with its sign in front."""
    if isinstance(left, Negative):
        return negate(multiply(left.operand, right))
    if isinstance(right, Negative):
        return negate(multiply(left, right.operand))
    factors = left.factors if isinstance(left, Product) else (left,)
    more = right.factors if isinstance(right, Product) else (right,)
    return Product(factors + more)


def divide(left: Node, right: Node) -> Node:
    """Return ``left / right`` as a product with an inverse factor."""
    if isinstance(right, Negative):
        return negate(divide(left, right.operand))
    return multiply(left, Inverse(right))


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly below `node`."""
    match node:
        case Negative(operand) | Inverse(operand):
            return (operand,)
        case Sum(parts) | Product(parts) | Call(_, parts):
            return parts
        case Power(base, exponent):
            return (base, exponent)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield every node of the tree, parents first."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        yield here
        waiting.extend(children(here))


def variables_of(node: Node) -> frozenset[int]:
    """Return the 0-based indices of the variables that occur in the tree."""
    return frozenset(here.index for here in walk(node) if isinstance(here, Variable))


def text_of(node: Node) -> str:
    """Return the canonical text of a tree.

    >>> text_of(add(Variable(0), negate(multiply(Number(Fraction(1, 2)), Variable(1)))))
    'z1 - 0.5*z2'
    """
    match node:
        case Number(value):
            return _decimal(value)
        case Constant(name):
            return name
        case Variable(index):
            return f"z{index + 1}"
        case Negative(operand):
            return "-" + _bracketed(operand, Sum)
        case Sum(terms):
            text = text_of(terms[0])
            for term in terms[1:]:
                if isinstance(term, Negative):
                    text += " - " + _bracketed(term.operand, Sum)
                else:
                    text += " + " + text_of(term)
            return text
        case Product(factors):
            text = _bracketed(factors[0], Sum, Negative)
            for factor in factors[1:]:
                if isinstance(factor, Inverse):
                    text += "/" + _bracketed(factor.operand, Sum, Negative, Product)
                else:
                    text += "*" + _bracketed(factor, Sum, Negative)
            return text
        case Power(base, exponent):
            kinds = (Sum, Negative, Product, Power)
            return _bracketed(base, *kinds) + "**" + _bracketed(exponent, *kinds)
        case Call(name, arguments):
            return name + "(" + ", ".join([text_of(argument) for argument in arguments]) + ")"
        case Inverse(operand):
            return "1/" + _bracketed(operand, Sum, Negative, Product)
    raise TypeError(f"not a node: {node!r}")


def _bracketed(node: Node, *kinds: type) -> str:
    text = text_of(node)
    return f"({text})" if isinstance(node, kinds) else text


def _decimal(value: Fraction) -> str:
    """Return the finite decimal of a literal; its denominator has no prime factor but 2 and 5."""
    digits = 0
    denominator = value.denominator
    while 10**digits % denominator:
        digits += 1
    whole = str(value.numerator * (10**digits // denominator))
    if digits == 0:
        stripped = whole.rstrip("0")
        zeros = len(whole) - len(stripped)
        return f"{stripped}e{zeros}" if stripped and zeros > 6 else whole
    if digits > 12 and len(whole) < digits - 4:
        return f"{whole}e-{digits}"
    whole = whole.rjust(digits + 1, "0")
    return f"{whole[:-digits]}.{whole[-digits:]}"
