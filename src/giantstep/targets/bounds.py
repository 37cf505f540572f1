"""How large a part of an expression can get: its range, and how fast it grows.

Interval arithmetic over the tree.  It answers three questions of the parser by one simple, sound rule each:
may this be a divisor (range keeps away from zero), may this stand under a root (range has no negative part),
and does its exponential have moments (grows at most linearly, or is bounded above).  "Sound" means that a
target let through has every moment finite; some harmless expressions are refused because intervals forget
that two parts share a variable.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from giantstep.targets.constants import constant_value
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """Range ``[low, high]`` and growth: ``|value| <= C (1 + |z|)**degree``; degree inf means exponential."""

    low: float
    high: float
    degree: float = 0.0

    @property
    def size(self) -> float:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))


def bounds_of(node: Node, reach: float = math.inf) -> Bounds:
    """Return the range and growth of `node` where every ``|z| <= reach``.

    >>> from giantstep.targets.grammar import parse
    >>> bounds_of(parse("1 + z1**2"))
    Bounds(low=1.0, high=inf, degree=2.0)
    """
    found = _bounds(node, reach)
    return Bounds(found.low, found.high, 0.0) if found.size < math.inf else found


def _bounds(node: Node, reach: float) -> Bounds:
    match node:
        case Number() | Constant():
            value = float(constant_value(node) or 0.0)
            return Bounds(value, value)
        case Variable():
            return Bounds(-reach, reach, 1.0)
        case Negative(operand):
            inner = bounds_of(operand, reach)
            return Bounds(-inner.high, -inner.low, inner.degree)
        case Inverse(operand):
            return _inverse(bounds_of(operand, reach))
        case Sum(terms):
            parts = [bounds_of(term, reach) for term in terms]
            low, high = sum([part.low for part in parts]), sum([part.high for part in parts])
            return Bounds(low, high, max([part.degree for part in parts]))
        case Product(factors):
            result = Bounds(1.0, 1.0)
            # equal factors are one power, so that z1*z1 is known to be nonnegative
            for factor, count in Counter(factors).items():
                result = _times(result, _power(bounds_of(factor, reach), count))
            return result
        case Power(base, exponent):
            power = constant_value(exponent)
            if power is not None and power >= 0 and power == int(power):
                return _power(bounds_of(base, reach), int(power))
            value = float(constant_value(node) or 0.0)
            return Bounds(value, value)
        case Call(name, arguments):
            return _call(name, [bounds_of(argument, reach) for argument in arguments])
    raise TypeError(f"not a node: {node!r}")


def _product(a: float, b: float) -> float:
    """Multiply two ends; an end 0 beats an end inf, because the infinite end is never reached."""
    return 0.0 if a == 0.0 or b == 0.0 else a * b


def _times(a: Bounds, b: Bounds) -> Bounds:
    ends = [_product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return Bounds(min(ends), max(ends), a.degree + b.degree)


def _power(base: Bounds, count: int) -> Bounds:
    if count == 0:
        return Bounds(1.0, 1.0)
    low = high = 1.0
    for _ in range(count):
        low, high = _product(low, base.low), _product(high, base.high)
    if count % 2 == 0:
        straddles = base.low < 0.0 < base.high
        low, high = (0.0 if straddles else min(low, high)), max(low, high)
    return Bounds(low, high, count * base.degree)


def _inverse(inner: Bounds) -> Bounds:
    if inner.low <= 0.0 <= inner.high:
        return Bounds(-math.inf, math.inf, math.inf)
    return Bounds(1.0 / inner.high, 1.0 / inner.low)


def _call(name: str, inner: list[Bounds]) -> Bounds:
    first = inner[0]
    if name in HERMITE_ORDER:
        order = HERMITE_ORDER[name]
        size = 0.0
        for j, coefficient in enumerate(hermite_coefficients(order)):
            size += abs(coefficient) * _power(Bounds(first.size, first.size), j).high if coefficient else 0.0
        return Bounds(-size, size, order * first.degree)
    match name:
        case "sin" | "cos" | "sign":
            return Bounds(-1.0, 1.0)
        case "tanh":
            return Bounds(math.tanh(first.low), math.tanh(first.high))
        case "erf":
            return Bounds(math.erf(first.low), math.erf(first.high))
        case "relu":
            return Bounds(max(first.low, 0.0), max(first.high, 0.0), first.degree)
        case "abs":
            straddles = first.low < 0.0 < first.high
            return Bounds(
                0.0 if straddles else min(abs(first.low), abs(first.high)), first.size, first.degree
            )
        case "sqrt":
            return Bounds(math.sqrt(max(first.low, 0.0)), math.sqrt(max(first.high, 0.0)), first.degree / 2)
        case "exp":
            return Bounds(_exp(first.low), _exp(first.high), math.inf)
        case "min":
            low, high = min([b.low for b in inner]), min([b.high for b in inner])
            return Bounds(low, high, max([b.degree for b in inner]))
        case "max":
            low, high = max([b.low for b in inner]), max([b.high for b in inner])
            return Bounds(low, high, max([b.degree for b in inner]))
    raise TypeError(f"not a function: {name!r}")


def _exp(value: float) -> float:
    return math.exp(value) if value < 700.0 else math.inf
