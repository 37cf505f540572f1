"""Closed-form kernels against independent integration."""

import numpy as np
import pytest
from scipy import special

from giantstep.gaussian.kernels import (
    erf_kernel,
    erf_slope_kernel,
    erf_slope_mean,
    relu_kernel,
    step_kernel,
)

CASES = [(1.0, 1.0, 0.3), (0.5, 2.0, -0.7), (3.0, 0.2, 0.5), (1.0, 1.0, 0.999), (2.0, 2.0, -2.0)]


def integral(function, other, a, b, c):
    """E f(u) g(v) by brute force: polar angle on a fine grid for homogeneous parts, trapezoid otherwise."""
    factor = np.linalg.cholesky([[a, c], [c, b + 1e-15]])
    x = (np.arange(-2400, 2400) + 0.5) / 300
    weights = np.exp(-x * x / 2)
    weights /= weights.sum()
    total = 0.0
    for first, w in zip(x, weights, strict=True):
        u = factor[0, 0] * first
        v = factor[1, 0] * first + factor[1, 1] * x
        total += w * function(u) * (weights @ other(v))
    return total


def relu(x):
    return np.maximum(x, 0.0)


def step(x):
    return (np.asarray(x) > 0) * 1.0


def activation_erf(x):
    return special.erf(np.asarray(x) / np.sqrt(2))


def erf_slope(x):
    return np.sqrt(2 / np.pi) * np.exp(-(np.asarray(x) ** 2) / 2)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("kernel", "function", "accuracy"),
    [
        (relu_kernel, relu, 1e-5),
        (step_kernel, step, 3e-3),
        (erf_kernel, activation_erf, 1e-7),
        (erf_slope_kernel, erf_slope, 1e-7),
    ],
    ids=["relu", "step", "erf", "erf slope"],
)
def test_kernels_agree_with_brute_force(kernel, function, accuracy, case):
    assert abs(kernel(*case) - integral(function, function, *case)) < accuracy


def test_the_mean_slope_of_erf_is_the_slope_kernel_at_zero_variance():
    a = np.array([0.0, 0.5, 3.0])
    slope_at_zero = np.sqrt(2 / np.pi)
    np.testing.assert_allclose(erf_slope_mean(a) * slope_at_zero, erf_slope_kernel(a, 0.0, 0.0), rtol=1e-14)


def test_kernels_broadcast_and_take_zero_variances():
    a = np.array([[1.0], [0.0]])
    values = relu_kernel(a, np.array([1.0, 2.0]), 0.0)
    np.testing.assert_allclose(values, [[1 / (2 * np.pi), np.sqrt(2) / (2 * np.pi)], [0, 0]], atol=1e-15)
