"""The first step in closed form: at the start no neuron knows the target (theory note 10, section 3)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from giantstep.asymptotics.schedule import LimitStep, Problem
from giantstep.gaussian.quadrature import Hyperplane, gaussian_mean, split_rule
from giantstep.networks import Activation
from giantstep.networks.order_parameters import Array, OrderParameters
from giantstep.targets import Expression, Target


@dataclass(frozen=True, slots=True)
class LabelMoments:
    """E[y], E[y z] and E[y^2] (noise included); ``error`` bounds what the quadrature may be off."""

    mean: float
    slope: Array
    energy: float
    error: float


def label_moments(target: Target) -> LabelMoments:
    """Return the moments of the label that one neuron sees in its first step.

    Exact for polynomials, by quadrature otherwise.

    Raises
    ------
    CapabilityError
        When there are too many dimensions for quadrature.

    Examples
    --------
    >>> moments = label_moments(Target.parse("z1 + z1*z2"))
    >>> moments.slope.tolist(), moments.energy
    ([1.0, 0.0], 2.0)
    """
    rank = target.rank
    polynomial = target.link.polynomial()
    if polynomial is not None:
        coefficients = polynomial.hermite()
        energy = sum(
            float(value) ** 2 / math.prod(map(math.factorial, index)) for index, value in coefficients.items()
        )
        slope = [float(coefficients.get(tuple(int(i == q) for i in range(rank)), 0)) for q in range(rank)]
        mean = float(coefficients.get((0,) * rank, 0))
        return LabelMoments(mean, np.array(slope), energy + target.noise, 0.0)
    kinks: tuple[Hyperplane, ...] = ()
    if isinstance(target.link, Expression):
        kinks = target.link.kinks().hyperplanes
    factors: list[Callable[[Array], Any]] = [lambda z: 1.0]
    factors += [partial(_coordinate, q) for q in range(rank)]
    factors.append(target)
    estimates = [gaussian_mean(partial(_product, target, factor), rank, kinks=kinks) for factor in factors]
    values = [estimate.value for estimate in estimates]
    error = max(estimate.error for estimate in estimates)
    return LabelMoments(values[0], np.array(values[1:-1]), values[-1] + target.noise, error)


def _coordinate(index: int, z: Array) -> Any:
    return z[:, index]


def _product(target: Target, factor: Callable[[Array], Any], z: Array) -> Any:
    return target(z) * factor(z)


def slope_moments(activation: Activation, biases: Array) -> tuple[Array, Array, Array]:
    """Return E s'(G + b_i), E[G s'(G + b_i)] and the matrix E[s'(G + b_i) s'(G + b_j)]."""
    breaks = [kink - b for kink in activation.kinks for b in set(biases.tolist())]
    rule = split_rule(breaks, 48 if len(breaks) < 40 else 12)
    slopes = np.asarray(activation.derivative(rule.nodes + biases[:, None]), dtype=np.float64)
    weighted = slopes * rule.weights
    return weighted.sum(1), weighted @ rule.nodes, weighted @ slopes.T


def has_closed_form(problem: Problem, step: LimitStep) -> bool:
    """Whether f plays no part in the first step, and the batch only through its size."""
    return (
        step.number == 1 and not step.preprocess and (problem.network.symmetric or step.loss == "correlation")
    )


def first_step(problem: Problem, step: LimitStep) -> OrderParameters:
    """Return the order parameters after the first step from M = 0 and orthonormal rows (paired if symmetric).

    M_i = eta s_i mu1_i C_1 with s_i = a_i / sqrt p; the gradients' Gram matrix is
    s_i s_j [mu1_i mu1_j |C_1|^2 + same_ij (C_0^2 mu2_i mu2_j) + (E y^2 / alpha) nu2_ij], where nu2_ij is
    E[s'(G + b_i) s'(G + b_j)] for equal rows and mu1_i mu1_j otherwise. Biases generalise the note's formula.
    At finite dimension E[delta delta^T |x|^2] enters, which is left to sampling.

    References
    ----------
    Theory note 10, section 3 ("Step 1 closed form").
    """
    network = problem.network
    moments = label_moments(problem.target)
    mu1, mu2, nu2 = slope_moments(network.activation, problem.biases)
    block = np.eye(network.free_neurons)
    same = np.tile(block, (2, 2)) if network.symmetric else block
    s, rate, kept = problem.scale, step.learning_rate, step.kept
    pairs = np.outer(mu1, mu1)
    second = np.where(same > 0, nu2, pairs)
    square = pairs * float(moments.slope @ moments.slope) + same * (moments.mean**2 * np.outer(mu2, mu2))
    square = np.outer(s, s) * (square + moments.energy / step.sample_ratio * second)
    along = (s * moments.mean * mu2)[:, None] * same
    gram = kept**2 * same + rate * kept * (along + along.T) + rate**2 * square
    return OrderParameters(rate * np.outer(s * mu1, moments.slope), gram)
