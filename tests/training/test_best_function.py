"""The floor under every function of a subspace."""

from __future__ import annotations

import math

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.targets import Target
from giantstep.training.best_function import best_function_error


@pytest.mark.parametrize(
    ("expression", "subspace", "expected"),
    [
        ("z1 + z1*z2", [], 2.0),
        ("z1 + z1*z2", [[1, 0]], 1.0),
        ("z1 + z1*z2", [[0, 1]], 2.0),
        ("z1 + z1*z2", [[3, 0], [1, 1]], 0.0),
        ("He3(z1)/sqrt(6) + 2*z2", [[1, 0]], 4.0),
        ("z1*z2", [[1, 1]], 0.5),
        ("z1**2", [[2, 0]], 0.0),
    ],
)
def test_polynomials_are_exact(expression, subspace, expected):
    best = best_function_error(Target.parse(expression, rank=2), subspace)
    assert best.method == "exact"
    assert abs(best.test_error_clean - expected) < 1e-12


def test_noise_is_added_and_the_whole_space_leaves_only_it():
    best = best_function_error(Target.parse("tanh(z1)", noise=0.3), [[1.0]])
    assert (best.test_error, best.test_error_clean, best.standard_error) == (0.3, 0.0, 0.0)


@pytest.mark.parametrize(
    ("expression", "subspace", "expected"),
    [
        ("relu(z1)", [], 0.5 - 1 / (2 * math.pi)),
        ("sign(z1) + sign(z2)", [[1, 0]], 1.0),
        ("abs(z1) + z2**2", [[0, 1]], 1 - 2 / math.pi),
        ("sin(z1)*z2", [[1, 0]], 0.5 * (1 - math.exp(-2))),
    ],
)
def test_targets_with_kinks_and_smooth_ones_come_by_quadrature(expression, subspace, expected):
    best = best_function_error(Target.parse(expression), subspace)
    assert best.method == "quadrature"
    assert abs(best.test_error_clean - expected) < 1e-6


def test_anything_else_is_sampled_with_a_standard_error():
    target = Target.from_callable(lambda z: z[..., 0] * np.abs(z[..., 1]) + z[..., 2], 3)
    best = best_function_error(target, [[1, 0, 0]])
    assert best.method == "sampled"
    # E z1^2 Var|z2| + 1.
    assert abs(best.test_error_clean - (2 - 2 / math.pi)) < 3 * best.standard_error
    assert best.standard_error < 0.01


def test_the_answer_depends_on_the_subspace_and_not_on_its_basis():
    target = Target.parse("z1*z2 + z3 + z1*z2*z3")
    rows = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 1.0]])
    mixed = np.array([[2.0, 1.0], [0.5, -1.0]]) @ rows
    first, second = (
        best_function_error(target, rows),
        best_function_error(target, np.vstack([mixed, mixed[0]])),
    )
    np.testing.assert_allclose(first.test_error, second.test_error, rtol=1e-12)


@pytest.mark.parametrize("subspace", [[1.0, 0.0], [[1.0, 0.0, 0.0]], [[math.nan, 1.0]]])
def test_a_subspace_is_rows_in_z_coordinates(subspace):
    with pytest.raises(SpecError, match=r"subspace: found an array of shape .* expected finite rows"):
        best_function_error(Target.parse("z1*z2"), subspace)
