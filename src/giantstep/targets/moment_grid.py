"""A moment problem on quadrature nodes: functions are their values there, expectations are sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError, real_number
from giantstep.gaussian.quadrature import Rule, hermite_rule
from giantstep.targets.moment_problems import MomentProblem
from giantstep.targets.moment_solutions import NODES

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MomentGrid:
    """The population version of a problem, on 40 Gauss-Hermite nodes.

    Attributes
    ----------
    rule : Rule
    operator, adjoint : array, shape (nodes, nodes)
        T and its adjoint under the rule's weights.
    solution, label_mean : array, shape (nodes,)
        f* and E[Y | Z] = T f*.
    penalty : float
        lam >= 0, of f(X_1)^2 / 2.

    Raises
    ------
    SpecError
        For a problem that lacks a field, an operator or solution with NaN, or a penalty below 0.
    """

    problem: MomentProblem
    penalty: float = 0.0
    rule: Rule = field(init=False)
    operator: Array = field(init=False)
    adjoint: Array = field(init=False)
    solution: Array = field(init=False)
    label_mean: Array = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.problem, MomentProblem):
            raise SpecError(
                f"problem: found {type(self.problem).__name__}, expected a MomentProblem: name, solution, "
                "coefficients, operator(rule), sample(generator, count) and naive_limit(rule)."
            )
        real_number("penalty", self.penalty, "a finite number >= 0", lambda number: number >= 0)
        rule = hermite_rule(NODES)
        operator = _checked("operator", self.problem.operator(rule), (NODES, NODES))
        solution = _checked("solution", self.problem.solution(rule.nodes), (NODES,))
        for name, value in {
            "rule": rule,
            "operator": operator,
            "adjoint": (operator.T * rule.weights) / rule.weights[:, None],
            "solution": solution,
            "label_mean": operator @ solution,
        }.items():
            object.__setattr__(self, name, value)

    def inner(self, first: Array, second: Array) -> Array:
        """Return E[u v] of values at the nodes, along the last axis."""
        return np.sum(self.rule.weights * first * second, axis=-1)

    def squared(self, values: Array) -> Array:
        """Return E[u^2] of values at the nodes, along the last axis."""
        return self.inner(values, values)

    def pulls(self, primal: Array, dual: Array) -> tuple[Array, Array]:
        """Return minus the slope of L by f, and the slope by g: T* g - lam f and E[Y - T f | Z] - g."""
        return (
            self.adjoint @ dual - self.penalty * primal,
            self.label_mean - self.operator @ primal - dual,
        )

    def saddle(self) -> tuple[Array, Array]:
        """Return f_lam = (T* T + lam)^{-1} T* T f* and g_lam = T (f* - f_lam); f* and 0 without penalty.

        Raises
        ------
        CapabilityError
            When the equations are singular.
        """
        if self.penalty == 0.0:
            return self.solution, np.zeros_like(self.solution)
        root = np.sqrt(self.rule.weights)
        # In the basis sqrt(w) f the adjoint is the transpose, and T* T is symmetric.
        symmetric = self.operator * root[:, None] / root
        gram = symmetric.T @ symmetric
        try:
            shrunk = np.linalg.solve(gram + self.penalty * np.eye(len(gram)), gram @ (root * self.solution))
        except np.linalg.LinAlgError:
            raise CapabilityError("saddle point: the equations are singular. Raise the penalty.") from None
        primal = shrunk / root
        return primal, self.operator @ (self.solution - primal)

    def judged(self, primal: Array, dual: Array) -> dict[str, Array]:
        """Return the errors of f and g at the nodes: squared distances, along all leading axes."""
        first, second = self.saddle()
        to_saddle = self.squared(primal - first)
        return {
            "error": self.squared(primal - self.solution),
            "error_to_saddle": to_saddle,
            "projected_residual": self.squared((primal - self.solution) @ self.operator.T),
            "gap": self.penalty * to_saddle + self.squared(dual - second),
        }

    @property
    def absurd(self) -> float:
        """A size of f or g that only a diverging game has: a million times that of the solution.

        tanh saturates and the frozen flow is linear, so either grows for long before it overflows.
        """
        return 1e6 * (1.0 + math.sqrt(float(self.squared(self.solution))))

    @property
    def constant(self) -> float:
        """V(0) = (|f_lam|_K^2 + |g_lam|_K^2) / 2 from f = g = 0, where it is known: without penalty.

        With a penalty f_lam is not known to lie in the space of the kernel, and for the instrumental-variable
        problem its norm grows without bound as small eigenvalues are kept: infinite.
        """
        if self.penalty > 0.0:
            return math.inf
        return 0.5 * self.problem.solution.squared_norm


def _checked(name: str, values: Array, shape: tuple[int, ...]) -> Array:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != shape or not np.isfinite(found).all():
        broken = "" if np.isfinite(found).all() else " with NaN or infinity"
        raise SpecError(
            f"problem: its {name} gave shape {found.shape}{broken}, expected {shape} of finite numbers."
        )
    return found
