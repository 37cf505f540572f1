"""Descent-ascent at output scale -> infinity: Lyapunov's identity, a matrix exponential, listed values."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm

from giantstep.asymptotics import descent_ascent
from giantstep.asymptotics.minimax.linear_flow import stable_step
from giantstep.gaussian.tanh_kernel import tanh_kernel
from giantstep.networks.tanh_particles import TanhStart
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation
from giantstep.targets.moment_solutions import HermiteSeries

from ..moments import Regression, listed_start

PROBLEMS = [InstrumentalVariable(), PolicyEvaluation(), Regression()]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_lyapunovs_function_falls_by_exactly_the_gap(problem):
    # V = (|f - f*|_K^2 + |g|_K^2) / 2. With f = K u and f* = K v: |f - f*|_K^2 = |u|^2_K - 2 <v, f> + 2 V(0).
    steps = (0.01, 0.005)
    lost = []
    for step in steps:
        found = descent_ascent(problem, clock=Clock(3.0, step, at=(3.0,))).isel(time_point=0)
        grid = MomentGrid(problem)
        pull = HermiteSeries(problem.solution.orthonormal_pull)(grid.rule.nodes)
        constant = found.attrs["constant"]
        across = float(grid.inner(pull, found.primal.values))
        left = 0.5 * (float(found.primal_movement) ** 2 - 2 * across + 2 * constant)
        left += 0.5 * float(found.dual_movement) ** 2
        lost.append(constant - left - float(found.gap_integral))
    # Euler's error is of first order in the step: extrapolated, nothing is left.
    assert 2 * lost[1] - lost[0] == pytest.approx(0.0, abs=3e-4)
    assert abs(lost[1]) < 0.6 * abs(lost[0])


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_flow_is_the_exponential_of_its_matrix(problem):
    penalty, time = 0.1, 2.0
    grid = MomentGrid(problem, penalty)
    nodes, root = grid.rule.nodes, np.sqrt(grid.rule.weights)
    kernel = root[:, None] * tanh_kernel(nodes, nodes) * root
    operator = root[:, None] * grid.operator / root
    matrix = np.block([[-penalty * kernel, kernel @ operator.T], [-kernel @ operator, -kernel]])
    saddle = np.concatenate([root * part for part in grid.saddle()])
    exact = (saddle - expm(time * matrix) @ saddle)[:40] / root
    found = [
        descent_ascent(problem, penalty=penalty, clock=Clock(time, step, at=(time,))).primal.values[0]
        for step in (2e-3, 1e-3)
    ]
    extrapolated = 2 * found[1] - found[0]
    assert float(grid.squared(extrapolated - exact)) < 1e-12


def test_the_integral_of_the_gap_stays_below_its_constant_at_small_steps_only():
    small = descent_ascent(clock=Clock(100.0, 0.01))
    assert float(small.gap_integral.max()) < small.attrs["constant"]
    assert small.attrs["warnings"] == []
    large = descent_ascent(clock=Clock(400.0, 0.05))
    assert float(large.gap_integral.max()) > large.attrs["constant"]
    assert "bound holds for steps up to 0.01" in large.attrs["warnings"][0]


def test_the_movement_tends_to_the_norm_of_the_solution():
    found = descent_ascent(clock=Clock(400.0, 0.05, at=(100.0, 400.0)))
    gap = found.attrs["movement_limit"] - found.primal_movement.values
    assert 0 < gap[1] < 0.3 * gap[0]
    assert gap[1] < 0.02


def test_without_a_finite_constant_the_output_says_so():
    polynomial = descent_ascent(InstrumentalVariable(HermiteSeries((0.0, 1.0))), clock=Clock(1.0, 0.01))
    assert polynomial.attrs["constant"] is None
    assert "no finite V(0)" in polynomial.attrs["warnings"][0]
    penalised = descent_ascent(penalty=0.02, clock=Clock(1.0, 0.01))
    assert "with a penalty" in penalised.attrs["warnings"][0]


def test_the_average_gap_of_a_penalised_polynomial_decays_more_slowly_than_one_over_t():
    problem = InstrumentalVariable(HermiteSeries((0.0, 1.0, 0.5, -0.5)))
    found = descent_ascent(problem, penalty=0.02, clock=Clock(400.0, 0.05, at=(40.0, 400.0)))
    slope = np.log(found.average_gap.values[1] / found.average_gap.values[0]) / np.log(10)
    assert -0.9 < slope < -0.3
    # .. while a solution of finite norm has the rate.
    finite = descent_ascent(clock=Clock(400.0, 0.05, at=(40.0, 400.0))).average_gap.values
    assert np.log(finite[1] / finite[0]) / np.log(10) < -0.9


def test_kernels_of_particles_make_one_flow_a_replicate():
    found = descent_ascent(start=TanhStart(width=20, seeds=2), clock=Clock(2.0))
    assert found.error.dims == ("replicate", "time_point")
    assert float(abs(found.error[0, -1] - found.error[1, -1])) > 1e-6


def test_finite_width_passes_the_constant_and_great_width_comes_to_the_limit():
    clock = Clock(100.0, 0.05, at=(100.0,))
    narrow, wide = (
        descent_ascent(start=listed_start(3, width)[0], clock=clock).gap_integral.values
        for width in (300, 3000)
    )
    limit = float(descent_ascent(clock=clock).gap_integral[0])
    assert narrow.max() > 1.1420883374643216
    assert np.abs(wide - limit).max() < 0.03 < np.abs(narrow - limit).max()


def test_a_step_too_large_ends_in_a_status():
    found = descent_ascent(clock=Clock(3000.0, 30.0))
    assert str(found.status.values) == "nonfinite"
    assert "lower the step" in str(found.message.values)
    assert np.isnan(found.error.values[-1])


def test_policy_evaluation_converges_to_the_closed_form_value():
    problem = PolicyEvaluation(correlation=0.5, discount=0.5)
    found = descent_ascent(problem, clock=Clock(400.0, 0.05, at=(0.0, 40.0, 400.0)))
    assert_allclose(found.error[0], MomentGrid(problem).squared(problem.solution(found.node.values)))
    assert found.error.values[2] < 0.1 * found.error.values[1] < 0.1 * found.error.values[0]
    # Ignoring the instrument stays at its bias: the double-sampling problem.
    assert found.attrs["naive_bias"] > 100 * found.error.values[2]


@pytest.mark.parametrize("penalty", [0.0, 10.0])
def test_euler_blows_up_just_above_its_largest_stable_step_and_says_so(penalty):
    grid = MomentGrid(InstrumentalVariable(), penalty)
    kernel = tanh_kernel(grid.rule.nodes, grid.rule.nodes)
    largest = stable_step(grid, kernel, kernel)
    clocks = [Clock(until=800 * largest, step=factor * largest, points=2) for factor in (0.97, 1.03)]
    below, above = (descent_ascent(penalty=penalty, clock=clock) for clock in clocks)
    assert below["error"].values[-1] < 1
    assert not above["error"].values[-1] < 1e6
    said = [any("blows up" in line for line in found.attrs["warnings"]) for found in (below, above)]
    assert said == [False, True]
