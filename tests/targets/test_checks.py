"""The rules for / sqrt exp and powers let through what is harmless and nothing else."""

import numpy as np
import pytest

from giantstep.targets.expression import Expression

HARMLESS = [
    "z1/(1 + z2**2)",
    "1/(2 + sin(z1))",
    "1/(1 + exp(-z1))",
    "z1/(-1 - abs(z2))",
    "1/max(z1, 1)",
    "1/sqrt(1 + z1**2)",
    "z1/exp(tanh(z2))",
    "sqrt(abs(z1))",
    "sqrt(z1**2 + z2**2)",
    "sqrt(z1*z1)",
    "sqrt(1 - sin(z1)**2)",
    "sqrt(relu(z1)*exp(z2))",
    "sqrt(1 + tanh(z1))",
    "exp(z1)",
    "exp(2*z1 - z2/3)",
    "exp(-z1**2)",
    "exp(1 - z1**4)",
    "exp(z1*tanh(z2))",
    "exp(-exp(z1))",
    "exp(sqrt(1 + z1**2))",
    "exp(abs(z1))",
    "exp(z1)**2*z2",
    "2**0.5*z1 + 3**-2*z2",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_let_through_is_finite_with_finite_slopes(text):
    g = Expression.parse(text, 2)
    z = np.random.default_rng(0).standard_normal((20_000, 2))
    assert np.isfinite(g(z)).all()
    assert np.isfinite(g.gradient(z)).all()
    assert np.isfinite(g(np.zeros(2)))
    assert np.isfinite(g.gradient(np.zeros(2))).all()


def test_the_highest_degree_fits_float32_at_the_largest_draw_of_a_big_batch():
    g = Expression.parse("(z1**12)**4")
    assert np.isfinite(g(np.float32([6.0])))
