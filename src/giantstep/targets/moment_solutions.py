"""Solutions of moment problems: functions of one standard normal input, and what they cost a network."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_array, shown
from giantstep.gaussian.orthonormal import orthonormal_values
from giantstep.gaussian.quadrature import hermite_rule
from giantstep.gaussian.tanh_kernel import displaced, displacement

Array = NDArray[np.float64]

LARGEST = 1e30
"""Of a coefficient, as in the expression language."""
NODES = 40
"""Gauss-Hermite nodes of every expectation of theory note 50, S7."""


@runtime_checkable
class Solution(Protocol):
    """A function of x ~ N(0, 1), with its squared norm in the space of `tanh_kernel`."""

    @property
    def squared_norm(self) -> float:
        """|f|_K^2: infinite where no displaced network of finite cost is this function."""

    def __call__(self, x: Any) -> Array:
        """Return f(x), of the shape of x."""


@dataclass(frozen=True, slots=True)
class Displaced:
    """f = K v, v = sum_k v_k h_k (orthonormal): a wide network whose particles moved a finite way.

    Parameters
    ----------
    orthonormal_pull : sequence of float
        v_0, v_1, .. on orthonormal Hermite polynomials.

    Examples
    --------
    >>> solution = Displaced()
    >>> round(solution.squared_norm / 2, 4)
    1.1421
    >>> float(solution(0.0).round(4))
    -0.6185
    """

    orthonormal_pull: tuple[float, ...] = (0.0, 1.0, 4.0, -3.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orthonormal_pull", _row("orthonormal_pull", self.orthonormal_pull))

    def __call__(self, x: Any) -> Array:
        """Return f(x), of the shape of x."""
        places = np.asarray(x, dtype=np.float64)
        return displaced(_moves(self.orthonormal_pull), places.ravel()).reshape(places.shape)

    @property
    def squared_norm(self) -> float:
        """<v, K v>."""
        rule = hermite_rule(NODES)
        return float(rule.weights @ (_pull(self.orthonormal_pull) * self(rule.nodes)))


@dataclass(frozen=True, slots=True)
class HermiteSeries:
    """f = sum_k f_k h_k (orthonormal): a polynomial, whose norm in the space of the kernel is infinite.

    Examples
    --------
    >>> HermiteSeries((0.0, 1.0))(3.0), HermiteSeries((0.0, 1.0)).squared_norm
    (array(3.), inf)
    """

    orthonormal: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "orthonormal", _row("orthonormal", self.orthonormal))

    def __call__(self, x: Any) -> Array:
        """Return f(x), of the shape of x."""
        basis = orthonormal_values(x, len(self.orthonormal) - 1)
        return np.asarray(np.tensordot(np.array(self.orthonormal), basis, axes=1))

    @property
    def squared_norm(self) -> float:
        """Infinite, unless the function is zero: K^{-1} grows without bound along polynomials."""
        return math.inf if any(self.orthonormal) else 0.0


def _pull(coefficients: tuple[float, ...]) -> Array:
    """Return v at the nodes."""
    basis = orthonormal_values(hermite_rule(NODES).nodes, len(coefficients) - 1)
    return np.asarray(np.array(coefficients) @ basis)


@lru_cache(maxsize=16)
def _moves(coefficients: tuple[float, ...]) -> Array:
    rule = hermite_rule(NODES)
    return displacement(rule.weights * _pull(coefficients), rule.nodes)


def _row(name: str, values: Any) -> tuple[float, ...]:
    found = real_array(name, values, "a list of finite numbers, orders 0, 1, ..")
    if found.ndim != 1 or not 1 <= len(found) <= 20:
        raise SpecError(f"{name}: found {shown(values)}, expected 1 to 20 finite numbers.")
    if np.abs(found).max() > LARGEST:
        raise SpecError(f"{name}: found {shown(values)}, expected sizes up to {LARGEST:g}.")
    return tuple(found.tolist())
