"""The value of a part of the tree that holds no variable: exact where it is rational."""

from __future__ import annotations

import math
from fractions import Fraction

from giantstep.targets.tree import (
    Call,
    Constant,
    Inverse,
    Negative,
    Node,
    Number,
    Power,
    Product,
    Sum,
    Variable,
)
from giantstep.targets.vocabulary import HERMITE_ORDER, hermite_coefficients

Real = Fraction | float

_MAX_BITS = 512
"""Longer rationals become floats, so that nested powers cannot build numbers of a million digits."""

_CONSTANTS = {"pi": math.pi, "e": math.e}
_FLOAT_FUNCTIONS = {
    "tanh": math.tanh,
    "erf": math.erf,
    "sin": math.sin,
    "cos": math.cos,
    "exp": math.exp,
}


def constant_value(node: Node) -> Real | None:
    """Return the value of `node`, or None when it depends on a variable.

    The parser has refused division by zero, roots of negatives and oversized powers before this is asked.
    """
    match node:
        case Number(literal):
            return literal
        case Constant(name):
            return _CONSTANTS[name]
        case Variable():
            return None
        case Negative(operand):
            value = constant_value(operand)
            return None if value is None else -value
        case Inverse(operand):
            value = constant_value(operand)
            return None if value is None else _short(1 / value)
        case Power(base, exponent):
            value, power = constant_value(base), constant_value(exponent)
            if power == 0:
                return Fraction(1)
            return None if value is None or power is None else power_of(value, power)
        case Sum(parts) | Product(parts) | Call(_, parts):
            values: list[Real] = []
            for part in parts:
                # a variable anywhere decides it, before the other parts are looked at
                value = constant_value(part)
                if value is None:
                    return None
                values.append(value)
            return _combine(node, values)
    raise TypeError(f"not a node: {node!r}")


def power_of(base: Real, exponent: Real) -> Real:
    """Return ``base ** exponent``, exact for a whole exponent and for the root of a perfect square."""
    if exponent == int(exponent):
        return _short(base ** int(exponent))
    if isinstance(exponent, Fraction) and exponent.denominator == 2:
        return _short(square_root(base) ** exponent.numerator)
    return float(base) ** float(exponent)


def square_root(value: Real) -> Real:
    """Return the square root, exact when numerator and denominator are perfect squares."""
    if isinstance(value, Fraction):
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    return math.sqrt(value)


def _combine(node: Node, values: list[Real]) -> Real:
    match node:
        case Sum():
            return _short(sum(values, Fraction(0)))
        case Product():
            return _short(math.prod(values, start=Fraction(1)))
        case Call(name):
            return _short(_apply(name, values))
    raise TypeError(f"not a node with parts: {node!r}")


def _apply(name: str, values: list[Real]) -> Real:
    value = values[0]
    if name in HERMITE_ORDER:
        total: Real = Fraction(0)
        for coefficient in reversed(hermite_coefficients(HERMITE_ORDER[name])):
            total = total * value + coefficient
        return total
    match name:
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "abs":
            return value if value >= 0 else -value
        case "relu":
            return value if value > 0 else Fraction(0)
        case "sign":
            return Fraction((value > 0) - (value < 0))
        case "sqrt":
            return square_root(value)
    return _FLOAT_FUNCTIONS[name](value)


def _short(value: Real) -> Real:
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        return float(value) if bits > _MAX_BITS else value
    return value
