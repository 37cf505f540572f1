"""Activations: values, slopes, names."""

import array_api_strict
import numpy as np
import pytest
from numpy.polynomial import hermite_e
from scipy import special, stats

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Activation, hermite_mixture
from giantstep.networks.activation import names

ORACLES = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "erf": lambda x: special.erf(x / np.sqrt(2)),
    "sigmoid": special.expit,
    "gelu": lambda x: x * stats.norm.cdf(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "sin": np.sin,
    "identity": lambda x: x,
}
POINTS = np.linspace(-6.0, 6.0, 240)  # misses 0, where relu has its kink


def test_every_built_in_name_has_an_oracle():
    assert set(names()) == set(ORACLES)


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_values_equal_scipy(name):
    values = Activation.named(name).value(POINTS)
    np.testing.assert_allclose(values, ORACLES[name](POINTS), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", [*sorted(ORACLES), "He1+0.5*He2-0.25*He5"])
def test_derivatives_equal_central_differences(name):
    activation, step = Activation.named(name), 1e-6
    differences = (activation.value(POINTS + step) - activation.value(POINTS - step)) / (2 * step)
    scale = 1.0 + np.abs(differences)
    assert np.max(np.abs(activation.derivative(POINTS) - differences) / scale) < 1e-8


@pytest.mark.parametrize("name", [*sorted(ORACLES), "He3"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_are_written_to_the_array_api(name, dtype):
    activation = Activation.named(name)
    points = array_api_strict.asarray(POINTS.astype(dtype))
    for function in (activation.value, activation.derivative):
        result = function(points)
        assert result.dtype == points.dtype
        np.testing.assert_allclose(np.asarray(result), function(POINTS.astype(dtype)), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [*sorted(ORACLES), "He3"])
def test_float32_stays_float32(name):
    activation = Activation.named(name)
    assert activation.value(POINTS.astype(np.float32)).dtype == np.float32
    assert activation.derivative(POINTS.astype(np.float32)).dtype == np.float32


def test_a_mixture_is_its_hermite_series():
    activation = Activation.named("2*He1 - He3 + 1.5e-1 He4")
    expected = hermite_e.hermeval(POINTS, [0, 2.0, 0, -1.0, 0.15])
    np.testing.assert_allclose(activation.value(POINTS), expected, rtol=1e-12, atol=1e-12)
    assert Activation.named(activation.name) == activation


def test_repeated_orders_add_up():
    assert Activation.named("He2+He2") == hermite_mixture({2: 2.0})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tahn", "did you mean 'tanh'"),
        ("He9", "expected He0 to He8"),
        ("He1 He2", "expected terms such as"),
        ("He1+os.system", "expected terms such as"),
        ("He" + "9" * 300, "expected He0 to He8"),
        ("", "activation: found ''"),
        ("1e400*He1", "must be finite"),
        (3, "expected a name"),
    ],
)
def test_unknown_activations_are_refused_with_the_nearest_name(name, message):
    with pytest.raises(SpecError, match=message):
        Activation.named(name)


def test_functions_of_the_user_run_but_do_not_travel():
    swish = Activation.from_functions(lambda x: x * x, lambda x: 2 * x, name="square")
    assert swish.value(3.0) == 9.0
    with pytest.raises(CapabilityError, match="'square' is a Python function"):
        swish.spec()
    with pytest.raises(SpecError, match="derivative is None"):
        Activation.from_functions(np.tanh, None)


@pytest.mark.parametrize(
    ("value", "derivative", "message"),
    [
        (lambda x: x**2, lambda x: 3 * x, "derivative is not the slope"),
        (lambda x: x[0], lambda x: x, "value gave shape"),
        (lambda x: x * np.nan, lambda x: x, "finite"),
        (lambda x: 1 / 0, lambda x: x, "value raised ZeroDivisionError"),
        (lambda x: x, lambda x: 1.0, "derivative gave shape"),
    ],
)
def test_functions_that_cannot_be_an_activation_are_refused_where_they_are_given(value, derivative, message):
    with pytest.raises(SpecError, match=message):
        Activation.from_functions(value, derivative)


def test_functions_may_jump():
    def leaky(x):
        return np.where(x > 0, x, 0.1 * x)

    assert Activation.from_functions(leaky, lambda x: np.where(x > 0, 1.0, 0.1), kinks=(0,)).kinks == (0.0,)
    Activation.from_functions(np.floor, np.zeros_like)
