"""Quadrature rules: exact where they say so, honest about their error elsewhere."""

import math

import numpy as np
import pytest
from scipy import special

from giantstep.errors import CapabilityError
from giantstep.gaussian.quadrature import gaussian_mean, hermite_rule, kink_frame, split_rule


@pytest.mark.parametrize("nodes", [3, 10, 40])
@pytest.mark.parametrize("breaks", [(), (1.0,), (-2.0, 0.3, 0.3 + 1e-14)])
def test_split_rules_are_exact_for_polynomials(nodes, breaks):
    rule = split_rule(breaks, nodes)
    for power in range(min(2 * nodes, 13)):
        moment = special.factorial2(power - 1) if power % 2 == 0 and power else float(power == 0)
        assert abs(rule.weights @ rule.nodes**power - moment) < 1e-10 * max(1.0, moment)


def test_split_rules_are_exact_for_pieces():
    rule = split_rule((1.5,), 6)
    tail = special.ndtr(-1.5)
    density = math.exp(-1.125) / math.sqrt(2 * math.pi)
    assert abs(rule.weights @ (rule.nodes > 1.5) - tail) < 1e-15
    assert abs(rule.weights @ np.maximum(rule.nodes - 1.5, 0) - (density - 1.5 * tail)) < 1e-15


def test_smooth_steep_functions_converge_faster_than_gauss_hermite():
    def function(x):
        return np.tanh(3 * x) ** 2 * np.cos(x)

    best = split_rule((), 64)
    exact = best.weights @ function(best.nodes)
    split, hermite = split_rule((), 32), hermite_rule(64)
    assert abs(split.weights @ function(split.nodes) - exact) < 1e-8
    assert abs(hermite.weights @ function(hermite.nodes) - exact) > 1e-4


def test_a_mean_over_orthogonal_kinks_is_exact_in_a_turned_frame():
    c, s = math.cos(0.7), math.sin(0.7)
    result = gaussian_mean(
        lambda z: np.abs(c * z[:, 0] + s * z[:, 1]) * np.maximum(-s * z[:, 0] + c * z[:, 1] - 0.5, 0),
        2,
        kinks=[((c, s), 0.0), ((-s, c), 0.5)],
    )
    piece = math.exp(-0.125) / math.sqrt(2 * math.pi) - 0.5 * special.ndtr(-0.5)
    assert abs(result.value - math.sqrt(2 / math.pi) * piece) < 1e-13
    assert result.error < 1e-12


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.2])
def test_the_error_covers_the_truth_when_kinks_are_oblique(angle):
    c, s = math.cos(angle), math.sin(angle)
    result = gaussian_mean(
        lambda z: np.maximum(z[:, 0], 0) * np.maximum(c * z[:, 0] + s * z[:, 1], 0),
        2,
        kinks=[((1, 0), 0.0), ((c, s), 0.0)],
    )
    exact = (math.sin(angle) + (math.pi - angle) * c) / (2 * math.pi)
    assert abs(result.value - exact) <= 10 * result.error


def test_parallel_kinks_share_an_axis_and_keep_their_places():
    frame = kink_frame([((2.0, 0, 0), 1.0), ((-1.0, 0, 0), 3.0), ((0, 1.0, 0), 0.0)], 3)
    assert frame.aligned
    assert frame.breaks[0] == (-3.0, 0.5)
    np.testing.assert_allclose(frame.axes @ frame.axes.T, np.eye(3), atol=1e-14)


def test_too_many_points_are_refused_with_the_way_out():
    with pytest.raises(CapabilityError, match="Monte Carlo"):
        gaussian_mean(lambda z: z[:, 0], 7, nodes=8)
