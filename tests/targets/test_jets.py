"""Derivatives of any order by Taylor coefficients."""

import array_api_strict
import numpy as np
import pytest
from scipy import special

from giantstep.targets.grammar import parse
from giantstep.targets.jets import derivatives_of

POINTS = np.linspace(-1.7, 2.1, 41)
SMOOTH = [
    "tanh(z1 + 0.6)",
    "erf(z1/sqrt(2))",
    "sin(2*z1)*exp(-z1**2/2)",
    "1/(1 + z1**2)",
    "sqrt(2 + cos(z1))",
    "He5(z1) - 0.5*z1^3",
    "relu(z1**3 + 9)",
    "max(z1, z1**2 + 1)",
    "abs(z1 - 5)",
]


def derivatives(text, x, order):
    return derivatives_of(parse(text), x, order, special.erf)


@pytest.mark.parametrize("text", SMOOTH)
def test_each_derivative_is_the_slope_of_the_one_before(text):
    step = 1e-4
    low, high = derivatives(text, POINTS - step, 4), derivatives(text, POINTS + step, 4)
    here = derivatives(text, POINTS, 5)
    for order in range(5):
        slope = (high[order] - low[order]) / (2 * step)
        assert np.abs(here[order + 1] - slope).max() < 1e-6 * (1 + np.abs(slope).max()), (text, order)


def test_derivatives_of_tanh_are_the_known_polynomials_in_tanh():
    t = np.tanh(POINTS)
    found = derivatives("tanh(z1)", POINTS, 3)
    np.testing.assert_allclose(found[1], 1 - t**2, atol=1e-15)
    np.testing.assert_allclose(found[2], -2 * t * (1 - t**2), atol=1e-15)
    np.testing.assert_allclose(found[3], (1 - t**2) * (6 * t**2 - 2), atol=1e-14)


def test_a_high_derivative_of_a_gaussian_is_its_hermite_polynomial():
    found = derivatives("exp(-z1**2/2)", POINTS, 12)[12]
    expected = special.eval_hermitenorm(12, POINTS) * np.exp(-(POINTS**2) / 2)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("text", [*SMOOTH, "tanh(0*z1)", "min(z1, 2, 3 - z1)"])
def test_jets_are_written_to_the_array_api_and_keep_the_dtype(text):
    points = array_api_strict.asarray(POINTS.astype(np.float32))

    def erf(x):
        return array_api_strict.asarray(special.erf(np.asarray(x)))

    for found, expected in zip(
        derivatives_of(parse(text), points, 2, erf), derivatives(text, POINTS, 2), strict=True
    ):
        assert found.dtype == array_api_strict.float32
        np.testing.assert_allclose(np.asarray(found), expected, rtol=2e-4, atol=2e-4)
