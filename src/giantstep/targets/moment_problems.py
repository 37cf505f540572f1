"""Linear conditional-moment problems: find f with E[Y - sum_j c_j f(X_j) | Z] = 0.

The saddle point of L(f, g) = E[g(Z) (Y - sum_j c_j f(X_j)) - g(Z)^2 / 2 + (penalty / 2) f(X_1)^2] is what
networks f and g play for. A problem is a value: two are here, anything with the same fields is a third.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_number
from giantstep.gaussian.orthonormal import orthonormal_operator
from giantstep.gaussian.quadrature import Rule, hermite_rule
from giantstep.targets.moment_solutions import Displaced, HermiteSeries, Solution

Array = NDArray[np.float64]


# E f(rho s + spread G) of functions as smooth as tanh: good to 1e-9.
_INNOVATION_NODES = 24
_BLOCK = 256


class Sample(NamedTuple):
    """Labels Y (n,), inputs X_1..X_J (J, n) and instruments Z (n,)."""

    labels: Array
    inputs: Array
    instruments: Array


@runtime_checkable
class MomentProblem(Protocol):
    """What a linear conditional-moment problem is; Z and every X_j are standard normal.

    Attributes
    ----------
    name : str
    coefficients : tuple of float
        c_1, .., c_J.
    solution : Solution
        f*, with E[Y | Z] = (T f*)(Z), (T f)(z) = E[sum_j c_j f(X_j) | Z = z].
    """

    @property
    def name(self) -> str:
        """A name for figures and messages."""

    @property
    def coefficients(self) -> tuple[float, ...]:
        """c_1, .., c_J."""

    @property
    def solution(self) -> Solution:
        """f*."""

    def operator(self, rule: Rule) -> Array:
        """Return T on values at the nodes, shape (nodes, nodes)."""

    def sample(self, generator: np.random.Generator, count: int) -> Sample:
        """Draw independent samples."""

    def naive_limit(self, rule: Rule) -> Array:
        """Return, at the nodes, the minimiser of E (Y - sum_j c_j f(X_j))^2: what ignores the instrument."""


@dataclass(frozen=True)
class InstrumentalVariable:
    """Y = f*(X) + kap V + noise, X = rho Z + sqrt(1 - rho^2) V: the error is correlated with X, not with Z.

    Parameters
    ----------
    solution : Solution
        f*.
    correlation : float
        rho, of X with its instrument Z; 0 < rho < 1.
    confounding : float
        kap. Plain regression of Y on X converges to f*(x) + kap sqrt(1 - rho^2) x.
    noise : float
        VARIANCE of the rest of the error.

    References
    ----------
    arXiv 2404.12312; theory note 50, S7.1.

    Examples
    --------
    >>> problem = InstrumentalVariable()
    >>> rule = hermite_rule(40)
    >>> bias = problem.naive_limit(rule) - problem.solution(rule.nodes)
    >>> round(float(rule.weights @ bias**2), 10)
    0.1296
    """

    solution: Solution = field(default_factory=Displaced)
    correlation: float = 0.8
    confounding: float = 0.6
    noise: float = 0.04

    name = "instrumental-variable"
    coefficients = (1.0,)

    def __post_init__(self) -> None:
        _check_solution(self.solution)
        _check("correlation", self.correlation, 0.0, 1.0, "a correlation between 0 and 1")
        _check("confounding", self.confounding, -1e30, 1e30, "a number below 1e30 in size")
        _check_noise(self.noise)

    def operator(self, rule: Rule) -> Array:
        """Return E[f(X) | Z]: h_k -> rho^k h_k."""
        return orthonormal_operator(rule, self.correlation ** np.arange(len(rule.nodes)))

    def sample(self, generator: np.random.Generator, count: int) -> Sample:
        """Draw independent samples: instruments, then the confounder, then noise."""
        z, v, noise = (generator.standard_normal(count) for _ in range(3))
        x = self.correlation * z + math.sqrt(1 - self.correlation**2) * v
        labels = self.solution(x) + self.confounding * v + math.sqrt(self.noise) * noise
        return Sample(labels, x[None], z)

    def naive_limit(self, rule: Rule) -> Array:
        """Return plain regression's limit, E[Y | X]."""
        slope = self.confounding * math.sqrt(1 - self.correlation**2)
        return self.solution(rule.nodes) + slope * rule.nodes


@dataclass(frozen=True)
class PolicyEvaluation:
    """The value function of a Gaussian AR(1) state: E[R + gamma f(S') - f(S) | S] = 0.

    S' = rho S + sqrt(1 - rho^2) times a normal, S ~ N(0, 1); so X = (S, S'), c = (1, -gamma), Z = S, and the
    Bellman operator is T h_k = (1 - gamma rho^k) h_k. Rewards are R = f*(S) - gamma E[f*(S') | S] + noise.

    Parameters
    ----------
    solution : Solution
        The value function f*.
    correlation : float
        rho, of one state with the next; 0 < rho < 1.
    discount : float
        gamma; 0 < gamma < 1.
    noise : float
        VARIANCE of the reward beyond its mean.

    Examples
    --------
    >>> problem = PolicyEvaluation.of_reward((0.0, 1.0), correlation=0.5, discount=0.8)
    >>> problem.solution(np.array([3.0])).round(12).tolist()  # s + 0.4 s + 0.16 s + ..
    [5.0]
    """

    solution: Solution = field(default_factory=Displaced)
    correlation: float = 0.8
    discount: float = 0.9
    noise: float = 0.04

    name = "policy-evaluation"

    def __post_init__(self) -> None:
        _check_solution(self.solution)
        _check("correlation", self.correlation, 0.0, 1.0, "a correlation between 0 and 1")
        _check("discount", self.discount, 0.0, 1.0, "a discount between 0 and 1")
        _check_noise(self.noise)

    @classmethod
    def of_reward(
        cls, orthonormal_reward: Any, *, correlation: float = 0.8, discount: float = 0.9, noise: float = 0.04
    ) -> PolicyEvaluation:
        """Return the problem of a polynomial mean reward: f*_k = r_k / (1 - gamma rho^k)."""
        reward = HermiteSeries(orthonormal_reward).orthonormal
        cls(correlation=correlation, discount=discount, noise=noise)
        values = [r / (1 - discount * correlation**k) for k, r in enumerate(reward)]
        return cls(HermiteSeries(tuple(values)), correlation, discount, noise)

    @property
    def coefficients(self) -> tuple[float, ...]:
        """(1, -gamma), of S and S'."""
        return (1.0, -self.discount)

    def operator(self, rule: Rule) -> Array:
        """Return f - gamma E[f(S') | S]: h_k -> (1 - gamma rho^k) h_k."""
        return orthonormal_operator(rule, self._spectrum(len(rule.nodes)))

    def sample(self, generator: np.random.Generator, count: int) -> Sample:
        """Draw independent transitions from the stationary law: states, innovations, then noise."""
        state, move, noise = (generator.standard_normal(count) for _ in range(3))
        following = self.correlation * state + math.sqrt(1 - self.correlation**2) * move
        labels = self.reward(state) + math.sqrt(self.noise) * noise
        return Sample(labels, np.stack([state, following]), state)

    def reward(self, state: Array) -> Array:
        """Return the mean reward r(s) = f*(s) - gamma E f*(rho s + sqrt(1 - rho^2) G) of states (n,)."""
        rule = hermite_rule(_INNOVATION_NODES)
        spread = math.sqrt(1 - self.correlation**2)
        means = [
            self.solution(np.add.outer(self.correlation * part, spread * rule.nodes)) @ rule.weights
            for part in np.array_split(state, max(1, len(state) // _BLOCK))
        ]
        return self.solution(state) - self.discount * np.concatenate(means)

    def naive_limit(self, rule: Rule) -> Array:
        """Return the limit of the squared temporal difference, f_k = t_k^2 f*_k / (t_k^2 + v_k).

        t_k = 1 - gamma rho^k, and v_k = gamma^2 (1 - rho^{2k}) is the variance of gamma h_k(S') given S,
        which one sample of S' cannot tell from error.
        """
        orders = np.arange(len(rule.nodes))
        bellman = self._spectrum(len(orders)) ** 2
        excess = self.discount**2 * (1 - self.correlation ** (2.0 * orders))
        return orthonormal_operator(rule, bellman / (bellman + excess)) @ self.solution(rule.nodes)

    def _spectrum(self, count: int) -> Array:
        return 1 - self.discount * self.correlation ** np.arange(float(count))


def _check_solution(solution: Any) -> None:
    if not isinstance(solution, Solution):
        raise SpecError(
            f"solution: found {type(solution).__name__}, expected Displaced, HermiteSeries, or a callable "
            "with a squared_norm."
        )


def _check(name: str, value: float, low: float, high: float, words: str) -> None:
    real_number(name, value, words, lambda number: low < number < high)


def _check_noise(noise: float) -> None:
    _check("noise", noise, -1e-300, math.inf, "a variance, a finite number >= 0")
