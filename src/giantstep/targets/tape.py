"""A tree flattened to a list of NumPy calls, and its derivative by one sweep back over the list.

Equal parts are computed once, constants are folded, powers and Hermite polynomials become products.  Running
a tape costs one NumPy call per entry; intermediate arrays are written over as soon as nobody needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from giantstep.targets.constants import Real, constant_value
from giantstep.targets.tree import (
    Call,
    Inverse,
    Negative,
    Node,
    Power,
    Product,
    Sum,
    Variable,
)
from giantstep.targets.vocabulary import HERMITE_ORDER, hermite_coefficients

Array = np.ndarray
_NONE = -1


def _erf(x: Array, out: Array | None = None) -> Array:
    # scipy.special takes longer to import than everything else here together
    from scipy.special import erf

    return erf(x, out=out)


_UNARY: dict[str, Callable[..., Array]] = {
    "negative": np.negative,
    "sign": np.sign,
    "abs": np.abs,
    "tanh": np.tanh,
    "erf": _erf,
    "sin": np.sin,
    "cos": np.cos,
    "exp": np.exp,
    "sqrt": np.sqrt,
}
_BINARY: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "max": np.maximum,
    "min": np.minimum,
}
_COMMUTES = frozenset({"add", "multiply", "max", "min"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One call: registers of its operands (`right` -1: none) and a register whose array it may write over."""

    name: str
    left: int
    right: int
    reuse: int = _NONE


@dataclass(frozen=True, slots=True)
class Tape:
    """Registers hold the inputs, then the constants, then one value per entry; `result` is the answer's."""

    inputs: tuple[int, ...]
    constants: tuple[float, ...]
    entries: tuple[Entry, ...]
    result: int

    def run(self, columns: list[Array]) -> Any:
        """Return the value; `columns` are the arrays of `inputs`, all of one shape with at least one axis."""
        registers: list[Any] = [*columns, *self.constants]
        with np.errstate(all="ignore"):
            for entry in self.entries:
                out = registers[entry.reuse] if entry.reuse != _NONE else None
                if entry.right == _NONE:
                    registers.append(_UNARY[entry.name](registers[entry.left], out=out))
                else:
                    call = _BINARY[entry.name]
                    registers.append(call(registers[entry.left], registers[entry.right], out=out))
        return registers[self.result]

    def gradient(self, columns: list[Array]) -> list[Any]:
        """Return the derivative by each input (0.0 where it does not matter)."""
        registers: list[Any] = [*columns, *self.constants]
        first = len(registers)
        adjoints: list[Any] = [0.0] * (first + len(self.entries))
        adjoints[self.result] = 1.0
        with np.errstate(all="ignore"):
            for entry in self.entries:
                if entry.right == _NONE:
                    registers.append(_UNARY[entry.name](registers[entry.left]))
                else:
                    registers.append(_BINARY[entry.name](registers[entry.left], registers[entry.right]))
            for place in range(len(self.entries) - 1, -1, -1):
                entry, here = self.entries[place], first + place
                left = registers[entry.left]
                if entry.right == _NONE:
                    slope = _slope(entry.name, left, registers[here])
                    adjoints[entry.left] = adjoints[entry.left] + adjoints[here] * slope
                else:
                    right = registers[entry.right]
                    by_left, by_right = _slopes(entry.name, left, right, registers[here])
                    adjoints[entry.left] = adjoints[entry.left] + adjoints[here] * by_left
                    adjoints[entry.right] = adjoints[entry.right] + adjoints[here] * by_right
        return adjoints[: len(self.inputs)]


def _slope(name: str, x: Array, value: Array) -> Any:
    """Return the derivative of a function of one argument; at a kink, what `np.sign` suggests."""
    match name:
        case "negative":
            return -1.0
        case "sign":
            return 0.0
        case "abs":
            return np.sign(x)
        case "tanh":
            return 1.0 - value * value
        case "erf":
            return (2.0 / np.sqrt(np.pi)).item() * np.exp(-x * x)
        case "sin":
            return np.cos(x)
        case "cos":
            return -np.sin(x)
        case "exp":
            return value
        case "sqrt":
            # the root's own slope is infinite at 0; 0 keeps sqrt(z1**2) in step with abs(z1)
            return np.where(value > 0, 0.5 / value, 0.0).astype(x.dtype)
    raise TypeError(f"not a function of one argument: {name!r}")


def _slopes(name: str, x: Any, y: Any, value: Array) -> tuple[Any, Any]:
    match name:
        case "add":
            return 1.0, 1.0
        case "subtract":
            return 1.0, -1.0
        case "multiply":
            return y, x
        case "divide":
            return 1.0 / y, -value / y
        case "max" | "min":
            # relu is max(x, 0): strict on the left, so that relu'(0) = 0
            chosen = (x > y if name == "max" else x < y).astype(value.dtype)
            return chosen, 1.0 - chosen
    raise TypeError(f"not a function of two arguments: {name!r}")


def record(node: Node) -> Tape:
    """Return the tape of a tree.

    >>> from giantstep.targets.grammar import parse
    >>> [entry.name for entry in record(parse("He2(z1) + z1**2")).entries]
    ['multiply', 'add', 'add']
    """
    recorder = _Recorder()
    return recorder.finish(recorder.visit(node))


class _Recorder:
    """Value numbering: the same call on the same values gets the same number."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[Any, ...], int] = {}
        self.is_constant: list[bool] = []

    def number(self, *key: Any) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.numbers)
            self.is_constant.append(key[0] == "constant")
        return self.numbers[key]

    def constant(self, value: Real) -> int:
        return self.number("constant", float(value))

    def call(self, name: str, *operands: int) -> int:
        if name in _COMMUTES:
            # constants last: the left operand of every entry but a division or a negation is an array
            operands = tuple(sorted(operands, key=lambda place: (self.is_constant[place], place)))
        return self.number(name, *operands)

    def visit(self, node: Node) -> int:
        value = constant_value(node)
        if value is not None:
            return self.constant(value)
        match node:
            case Variable(index):
                return self.number("input", index)
            case Negative(operand):
                return self.call("negative", self.visit(operand))
            case Sum(terms):
                return self.sum(terms)
            case Product(factors):
                return self.product(factors)
            case Power(base, exponent):
                return self.power(self.visit(base), int(constant_value(exponent) or 0))
            case Call(name, arguments):
                return self.function(name, [self.visit(argument) for argument in arguments])
        raise TypeError(f"not a node to evaluate: {node!r}")

    def sum(self, terms: tuple[Node, ...]) -> int:
        folded = constant_value(Sum(tuple([term for term in terms if constant_value(term) is not None]))) or 0
        rest = [term for term in terms if constant_value(term) is None]
        added = [self.visit(term) for term in rest if not isinstance(term, Negative)]
        taken = [self.visit(term.operand) for term in rest if isinstance(term, Negative)]
        if added:
            total = added[0]
            for place in added[1:]:
                total = self.call("add", total, place)
        else:
            total, taken, folded = self.call("subtract", self.constant(folded), taken[0]), taken[1:], 0
        for place in taken:
            total = self.call("subtract", total, place)
        return self.call("add", total, self.constant(folded)) if folded else total

    def product(self, factors: tuple[Node, ...]) -> int:
        folded = constant_value(Product(tuple([f for f in factors if constant_value(f) is not None])))
        assert folded is not None
        rest = [factor for factor in factors if constant_value(factor) is None]
        times = [self.visit(factor) for factor in rest if not isinstance(factor, Inverse)]
        over = [self.visit(factor.operand) for factor in rest if isinstance(factor, Inverse)]
        if times:
            total = times[0]
            for place in times[1:]:
                total = self.call("multiply", total, place)
            if folded != 1:
                total = self.call("multiply", total, self.constant(folded))
        else:
            total = self.constant(folded)
        for place in over:
            total = self.call("divide", total, place)
        return total

    def power(self, base: int, count: int) -> int:
        """Multiply by repeated squaring: z**2 is z*z, z**5 is (z*z)*(z*z)*z; `count` is at least 1."""
        result = None
        while count:
            if count % 2:
                result = base if result is None else self.call("multiply", base, result)
            count //= 2
            if count:
                base = self.call("multiply", base, base)
        assert result is not None
        return result

    def function(self, name: str, operands: list[int]) -> int:
        if name in HERMITE_ORDER:
            return self.hermite(operands[0], HERMITE_ORDER[name])
        if name == "relu":
            return self.call("max", operands[0], self.constant(0.0))
        if name in ("min", "max"):
            total = operands[0]
            for place in operands[1:]:
                total = self.call(name, total, place)
            return total
        return self.call(name, operands[0])

    def hermite(self, x: int, order: int) -> int:
        """Use Horner in x*x, times x for an odd order."""
        coefficients = hermite_coefficients(order)[order % 2 :: 2]
        if len(coefficients) == 1:
            return x
        square = total = self.call("multiply", x, x)
        for place, coefficient in enumerate(reversed(coefficients[:-1])):
            total = total if place == 0 else self.call("multiply", total, square)
            total = self.call("add", total, self.constant(coefficient))
        return self.call("multiply", total, x) if order % 2 else total

    def finish(self, result: int) -> Tape:
        """Lay the values out as inputs, constants, calls; find which arrays may be written over."""
        keys = list(self.numbers)
        inputs = [place for place, key in enumerate(keys) if key[0] == "input"]
        constants = [place for place, key in enumerate(keys) if key[0] == "constant"]
        calls = [place for place, key in enumerate(keys) if key[0] not in ("input", "constant")]
        register = {place: i for i, place in enumerate([*inputs, *constants, *calls])}
        first = len(inputs) + len(constants)
        operands = [tuple([register[operand] for operand in keys[place][1:]]) for place in calls]
        last_use = {register[result]: len(calls)}
        for i in range(len(calls) - 1, -1, -1):
            for operand in operands[i]:
                last_use.setdefault(operand, i)
        entries = []
        for i, place in enumerate(calls):
            free = [operand for operand in operands[i] if operand >= first and last_use[operand] == i]
            left, right = (*operands[i], _NONE)[:2]
            entries.append(Entry(keys[place][0], left, right, free[0] if free else _NONE))
        return Tape(
            tuple([keys[place][1] for place in inputs]),
            tuple([keys[place][1] for place in constants]),
            tuple(entries),
            register[result],
        )
