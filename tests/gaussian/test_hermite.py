"""Hermite polynomials and expansions, against scipy and closed forms."""

import math

import numpy as np
import pytest
from scipy import integrate, special

from giantstep.errors import SpecError
from giantstep.gaussian.hermite import hermite_expansion, hermite_values


def test_values_are_those_of_scipy():
    x = np.linspace(-6, 6, 41)
    values = hermite_values(x, 12)
    for k in range(13):
        np.testing.assert_allclose(values[k], special.eval_hermitenorm(k, x), rtol=1e-12, atol=1e-9)


def test_relu_coefficients_are_the_closed_form():
    # c_k = He_{k-2}(0) / sqrt(2 pi) for k >= 2.
    found = hermite_expansion(lambda x: np.maximum(x, 0.0), 12, kinks=(0.0,))
    expected = [1 / math.sqrt(2 * math.pi), 0.5]
    expected += [special.eval_hermitenorm(k - 2, 0.0) / math.sqrt(2 * math.pi) for k in range(2, 13)]
    np.testing.assert_allclose(found.coefficients, expected, atol=1e-11)
    assert found.nonzero().tolist() == [bool(abs(c) > 1e-9) for c in expected]


@pytest.mark.parametrize(("variance", "shift"), [(1.0, 0.0), (0.3, 0.7), (2.5, -1.2)])
def test_coefficients_at_any_variance_and_shift_agree_with_adaptive_integration(variance, shift):
    def function(x):
        return np.tanh(x) + np.maximum(x - 0.4, 0.0)

    found = hermite_expansion(function, 5, kinks=(0.4,), variance=variance, shift=shift)
    scale = math.sqrt(variance)
    for k in range(6):

        def integrand(g, k=k):
            value = function(shift + scale * g) * special.eval_hermitenorm(k, g)
            return value * math.exp(-g * g / 2) / math.sqrt(2 * math.pi)

        place = (0.4 - shift) / scale
        exact = sum(integrate.quad(integrand, *ends, epsabs=1e-13)[0] for ends in ((-12, place), (place, 12)))
        assert abs(found.coefficients[k] - exact) < 1e-10


def test_sin_keeps_its_small_high_orders():
    # c_k = exp(-1/2) (+-1) for odd k although c_k / sqrt(k!) is tiny.
    found = hermite_expansion(np.sin, 21)
    assert found.nonzero().tolist() == [k % 2 == 1 for k in range(22)]


def test_a_function_that_is_not_finite_is_refused():
    with pytest.raises(SpecError, match="not finite"), np.errstate(all="ignore"):
        hermite_expansion(lambda x: 1.0 / np.maximum(x, 0.0), 2)
