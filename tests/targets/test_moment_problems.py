"""Moment problems: their operators against their samples, and against closed forms found another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from giantstep.errors import SpecError
from giantstep.gaussian.orthonormal import orthonormal_values
from giantstep.gaussian.quadrature import hermite_rule, product_grid
from giantstep.gaussian.tanh_kernel import tanh_kernel
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation
from giantstep.targets.moment_solutions import Displaced, HermiteSeries

from ..moments import Regression

PROBLEMS = [InstrumentalVariable(), PolicyEvaluation(), Regression()]
NAMES = [problem.name for problem in PROBLEMS]


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_the_residual_of_the_solution_has_mean_zero_given_the_instrument(problem):
    sample = problem.sample(np.random.default_rng(3), 2_000)
    coefficients = np.array(problem.coefficients)[:, None]
    residual = sample.labels - np.sum(coefficients * problem.solution(sample.inputs), axis=0)
    each = residual * orthonormal_values(sample.instruments, 4)
    error = each.std(axis=1) / math.sqrt(each.shape[1])
    z = each.mean(axis=1) / np.maximum(error, 1e-12)
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_the_operator_is_the_conditional_mean_of_the_samples(problem):
    grid = MomentGrid(problem)
    sample = problem.sample(np.random.default_rng(4), 2_000)
    function = HermiteSeries((0.3, -0.5, 0.4))
    coefficients = np.array(problem.coefficients)[:, None]
    seen = np.sum(coefficients * function(sample.inputs), axis=0)
    image = grid.operator @ function(grid.rule.nodes)
    basis = orthonormal_values(sample.instruments, 3)
    expected = orthonormal_values(grid.rule.nodes, 3) @ (grid.rule.weights * image)
    z = (basis @ seen / len(seen) - expected) / ((basis * seen).std(axis=1) / math.sqrt(len(seen)))
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("problem", PROBLEMS, ids=NAMES)
def test_the_adjoint_moves_the_operator_across_the_inner_product(problem):
    grid = MomentGrid(problem)
    first, second = np.random.default_rng(0).standard_normal((2, 40))
    # At the outermost nodes weights of 1e-35 magnify round-off of values that the weights then remove.
    assert grid.inner(grid.operator @ first, second) == pytest.approx(
        float(grid.inner(first, grid.adjoint @ second)), rel=1e-9
    )


def test_the_value_of_a_polynomial_reward_is_the_discounted_sum_of_its_future():
    problem = PolicyEvaluation.of_reward((0.2, 1.0, -0.5, 0.3), correlation=0.7, discount=0.85)
    # Independent of any Bellman equation: E[r(S_t) | S_0 = s] by quadrature over S_t = rho^t s + .. G.
    s, rule = np.array([-1.3, 0.4, 2.0]), hermite_rule(8)
    total = np.zeros(3)
    for t in range(300):
        rho = 0.7**t
        reached = np.add.outer(rho * s, math.sqrt(1 - rho**2) * rule.nodes)
        total += 0.85**t * (HermiteSeries((0.2, 1.0, -0.5, 0.3))(reached) @ rule.weights)
    assert_allclose(problem.solution(s), total, rtol=1e-12)
    assert_allclose(problem.reward(s), HermiteSeries((0.2, 1.0, -0.5, 0.3))(s), rtol=1e-11)


def test_the_bellman_operator_is_one_minus_gamma_rho_to_the_k():
    problem = PolicyEvaluation(correlation=0.6, discount=0.5)
    rule = hermite_rule(40)
    basis = orthonormal_values(rule.nodes, 6)
    found = problem.operator(rule) @ basis.T
    # At the outermost nodes round-off is magnified as above: compare in the norm.
    off = found - basis.T * (1 - 0.5 * 0.6 ** np.arange(7))
    assert np.sqrt(rule.weights @ off**2).max() < 1e-12


def test_the_naive_limit_of_policy_evaluation_is_stationary_for_the_squared_temporal_difference():
    problem = PolicyEvaluation.of_reward((0.0, 1.0, -0.5, 0.3), correlation=0.7, discount=0.8)
    rule, small = hermite_rule(40), hermite_rule(12)
    limit = orthonormal_values(rule.nodes, 5) @ (rule.weights * problem.naive_limit(rule))
    points, weights = product_grid((small, small))
    state, following = points[:, 0], 0.7 * points[:, 0] + math.sqrt(1 - 0.49) * points[:, 1]
    fitted = HermiteSeries(tuple(limit))
    difference = problem.reward(state) - fitted(state) + 0.8 * fitted(following)
    directions = orthonormal_values(state, 5) - 0.8 * orthonormal_values(following, 5)
    assert_allclose(directions @ (weights * difference), 0.0, atol=1e-10)


def test_the_listed_solution_and_its_constant():
    solution, rule = Displaced(), hermite_rule(40)
    coefficients = orthonormal_values(rule.nodes, 5) @ (rule.weights * solution(rule.nodes))
    assert_allclose(coefficients, [-0.3205, 0.7414, 0.2182, -0.2233, -0.1003, 0.1041], atol=5e-5)
    assert float(rule.weights @ solution(rule.nodes) ** 2) == pytest.approx(0.7816, abs=5e-5)
    pull = HermiteSeries((0.0, 1.0, 4.0, -3.0))(rule.nodes)
    assert_allclose(
        solution(rule.nodes), tanh_kernel(rule.nodes, rule.nodes) @ (rule.weights * pull), atol=1e-12
    )


def test_the_saddle_point_is_the_closed_form_of_the_diagonal_operator():
    grid = MomentGrid(InstrumentalVariable(HermiteSeries((0.5, 1.0, -0.7))), penalty=0.3)
    primal, dual = grid.saddle()
    basis = orthonormal_values(grid.rule.nodes, 2)
    f, g = basis @ (grid.rule.weights * primal), basis @ (grid.rule.weights * dual)
    image = 0.8 ** np.arange(3.0)
    star = np.array([0.5, 1.0, -0.7])
    assert_allclose(f, image**2 * star / (image**2 + 0.3), rtol=1e-10)
    assert_allclose(g, image * (star - f), rtol=1e-10)
    # .. and where both pulls vanish.
    assert np.abs(grid.squared(np.array(grid.pulls(primal, dual)))).max() < 1e-18


def test_the_regularisation_bias_of_the_note():
    grid = MomentGrid(InstrumentalVariable(), penalty=0.02)
    assert float(grid.squared(grid.saddle()[0] - grid.solution)) == pytest.approx(0.00376, abs=5e-6)


def test_polynomials_and_penalties_have_no_finite_constant():
    assert MomentGrid(InstrumentalVariable(HermiteSeries((0.0, 1.0)))).constant == math.inf
    assert MomentGrid(InstrumentalVariable(), penalty=0.1).constant == math.inf
    assert MomentGrid(PolicyEvaluation()).constant == pytest.approx(1.1420883374643216, rel=1e-12)


class Broken(Regression):
    def operator(self, rule):
        return np.full((len(rule.nodes),) * 2, np.nan)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: InstrumentalVariable(correlation=1.0), "correlation: found 1.0"),
        (lambda: InstrumentalVariable(noise=-1.0), "noise: found -1.0"),
        (lambda: InstrumentalVariable(solution="z1"), "solution: found str"),
        (lambda: PolicyEvaluation(discount=1.0), "discount: found 1.0"),
        (lambda: HermiteSeries((math.nan,)), "orthonormal: found"),
        (lambda: Displaced(()), "orthonormal_pull: found"),
        (lambda: MomentGrid("iv"), "expected a MomentProblem"),
        (lambda: MomentGrid(Broken()), "operator gave shape .* with NaN"),
        (lambda: MomentGrid(Regression(), penalty=-0.1), "penalty: found -0.1"),
        (lambda: Clock(step=0.0), "step: found 0.0"),
        (lambda: Clock(until=1.0, step=2.0), "expected 1 to"),
        (lambda: Clock(until=1.0, at=(2.0,)), "expected times from 0"),
        (lambda: Clock(points=1), "points: found 1"),
    ],
)
def test_bad_input_is_one_line(build, words):
    with pytest.raises(SpecError, match=words) as caught:
        build()
    assert "\n" not in str(caught.value)
