"""Derivatives of any order of an expression in one variable: Taylor coefficients pushed through its tree.

A jet holds u_0, u_1, .., u_m with u(x + h) = sum_k u_k h^k.  Every function of the language has a recurrence
for the jet of its value, exact to round-off: no differences, no growing formulas.  Written to the array API.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from array_api_compat import array_namespace

from giantstep.targets.constants import constant_value
from giantstep.targets.tree import Call, Inverse, Negative, Node, Power, Product, Sum, Variable
from giantstep.targets.vocabulary import HERMITE_ORDER

Jet = list[Any]
"""Taylor coefficients; each an array, or a number where it is the same everywhere."""


def derivatives_of(node: Node, x: Any, order: int, erf: Callable[[Any], Any]) -> list[Any]:
    """Return the value and the derivatives up to ``order`` of a tree in z1 alone.

    At a kink it is what `Expression.gradient` says of it; ``sign`` counts as constant.

    Parameters
    ----------
    node : Node
    x : array
        Values of z1; its library and dtype are kept.
    order : int
        >= 0.
    erf : callable
        The error function of that library, which the array API does not have.

    Returns
    -------
    list of array
        order + 1 arrays of the shape of ``x``.

    Examples
    --------
    >>> import numpy as np
    >>> from giantstep.targets.grammar import parse
    >>> [float(d) for d in derivatives_of(parse("z1**3"), np.array(2.0), 3, np.sin)]
    [8.0, 12.0, 12.0, 6.0]
    """
    jet = _Jets(x, order, erf).visit(node)
    return [0.0 * x + math.factorial(k) * coefficient for k, coefficient in enumerate(jet)]


class _Jets:
    """One variable at one array of places."""

    def __init__(self, x: Any, order: int, erf: Callable[[Any], Any]) -> None:
        self.x = x
        self.order = order
        self.xp = array_namespace(x)
        self.erf = erf

    def visit(self, node: Node) -> Jet:
        value = constant_value(node)
        if value is not None:
            return [float(value), *[0.0] * self.order]
        match node:
            case Variable():
                return [self.x, 1.0, *[0.0] * self.order][: self.order + 1]
            case Negative(operand):
                return [-u for u in self.visit(operand)]
            case Inverse(operand):
                return self.inverse(self.visit(operand))
            case Sum(terms):
                return [sum(parts[1:], parts[0]) for parts in zip(*map(self.visit, terms), strict=True)]
            case Product(factors):
                total = self.visit(factors[0])
                for factor in factors[1:]:
                    total = self.times(total, self.visit(factor))
                return total
            case Power(base, exponent):
                return self.power(self.visit(base), int(constant_value(exponent) or 0))
            case Call(name, arguments):
                return self.call(name, [self.visit(argument) for argument in arguments])
        raise TypeError(f"not a node to differentiate: {node!r}")

    def times(self, u: Jet, v: Jet) -> Jet:
        return [_dot(u[: k + 1], v[k::-1]) for k in range(self.order + 1)]

    def power(self, base: Jet, count: int) -> Jet:
        total = base
        for _ in range(count - 1):
            total = self.times(total, base)
        return total

    def inverse(self, u: Jet) -> Jet:
        v = [1.0 / u[0]]
        for k in range(1, self.order + 1):
            v.append(-v[0] * _dot(u[1 : k + 1], v[::-1]))
        return v

    def integral(self, start: Any, u: Jet, slope: Callable[[Jet], Any]) -> Jet:
        """Return v with v' = w u', v_0 = ``start``; ``slope`` gives w_k once v_0..v_k are known."""
        v, w = [start], []
        for k in range(1, self.order + 1):
            w.append(slope(v))
            v.append(_dot([j * u[j] for j in range(1, k + 1)], w[::-1]) / k)
        return v

    def call(self, name: str, arguments: list[Jet]) -> Jet:
        # 0*z is the number 0 by now; functions of the library want an array
        u = [arguments[0][0] + 0.0 * self.x, *arguments[0][1:]]
        if name in HERMITE_ORDER:
            return self.hermite(u, HERMITE_ORDER[name])
        match name:
            case "sign":
                return [self.xp.sign(u[0]), *[0.0] * self.order]
            case "abs":
                side = self.xp.sign(u[0])
                return [side * part for part in u]
            case "relu":
                on = self.where_positive(u[0])
                return [on * part for part in u]
            case "min" | "max":
                return self.extreme(arguments, 1.0 if name == "max" else -1.0)
            case "exp":
                return self.integral(self.xp.exp(u[0]), u, lambda v: v[-1])
            case "tanh":
                return self.integral(self.xp.tanh(u[0]), u, _tanh_slope)
            case "sin" | "cos":
                return self.circle(u)[name == "cos"]
            case "sqrt":
                return self.root(u)
            case "erf":
                bell = self.call("exp", [[-square for square in self.times(u, u)]])
                scale = 2.0 / math.sqrt(math.pi)
                return self.integral(self.erf(u[0]), u, lambda v: scale * bell[len(v) - 1])
        raise TypeError(f"not a function of the language: {name!r}")

    def where_positive(self, x: Any) -> Any:
        return self.xp.astype(x > 0, x.dtype)

    def extreme(self, arguments: list[Jet], side: float) -> Jet:
        best = arguments[0]
        for other in arguments[1:]:
            gap = self.xp.zeros_like(self.x) + side * (best[0] - other[0])
            kept = self.where_positive(gap)
            best = [kept * u + (1.0 - kept) * v for u, v in zip(best, other, strict=True)]
        return best

    def circle(self, u: Jet) -> tuple[Jet, Jet]:
        sine, cosine = [self.xp.sin(u[0])], [self.xp.cos(u[0])]
        for k in range(1, self.order + 1):
            rates = [j * u[j] for j in range(1, k + 1)]
            up, down = _dot(rates, cosine[::-1]) / k, _dot(rates, sine[::-1]) / k
            sine.append(up)
            cosine.append(-down)
        return sine, cosine

    def root(self, u: Jet) -> Jet:
        v = [self.xp.sqrt(u[0])]
        on = self.where_positive(v[0])
        half = 0.5 * on / (v[0] + (1.0 - on))
        for k in range(1, self.order + 1):
            inner = _dot(v[1:], v[:0:-1]) if k > 1 else 0.0
            v.append((u[k] - inner) * half)
        return v

    def hermite(self, u: Jet, order: int) -> Jet:
        before: Jet = [1.0, *[0.0] * self.order]
        here = u
        for k in range(1, order):
            risen = self.times(u, here)
            before, here = here, [up - k * down for up, down in zip(risen, before, strict=True)]
        return here


def _dot(u: list[Any], v: list[Any]) -> Any:
    """Return sum_j u_j v_j, without the terms whose factor is the number 0."""
    total: Any = 0.0
    for left, right in zip(u, v, strict=True):
        if not (isinstance(left, float) and left == 0.0) and not (isinstance(right, float) and right == 0.0):
            total = total + left * right
    return total


def _tanh_slope(v: Jet) -> Any:
    square = _dot(v, v[::-1])
    return 1.0 - square if len(v) == 1 else -square
