"""Activations written as expressions, and derivatives beyond the first."""

import numpy as np
import pytest
from numpy.polynomial import hermite_e

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Activation, Network
from giantstep.networks.activation import names
from giantstep.networks.written import activation_derivatives, hermite_coefficients

POINTS = np.linspace(-3.0, 3.0, 60)


def test_an_expression_is_an_activation_that_travels_by_name():
    activation = Activation.named("tanh(z+.6)")
    np.testing.assert_allclose(activation.value(POINTS), np.tanh(POINTS + 0.6), rtol=1e-14)
    np.testing.assert_allclose(activation.derivative(POINTS), 1 - np.tanh(POINTS + 0.6) ** 2, atol=1e-14)
    assert activation.name == "tanh(z + 0.6)"
    assert Activation.named(activation.spec()) == activation
    assert Network(4, activation="tanh(z+.6)").spec()["activation"] == "tanh(z + 0.6)"
    assert activation.value(POINTS.astype(np.float32)).dtype == np.float32


def test_an_expression_knows_its_kinks():
    assert Activation.named("relu(z - 1) + abs(z)").kinks == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tahn(z)", "activation: column 1 of 'tahn.z1.': unknown name 'tahn'; did you mean 'tanh'"),
        ("z + z2", "expected an expression in z alone"),
        ("sign(z)", "no gradient sees it"),
        ("z +", "activation: column"),
        ("exp(exp(z))", "activation: column"),
    ],
)
def test_expressions_that_are_no_activation_are_refused_in_one_line(text, message):
    with pytest.raises(SpecError, match=message) as caught:
        Activation.named(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [*sorted(set(names()) - {"relu"}), "He1+0.5*He2", "tanh(z + 0.6)"])
def test_every_smooth_activation_has_derivatives_of_any_order(name):
    activation, step = Activation.named(name), 1e-4
    here = activation_derivatives(activation, POINTS, 4)
    np.testing.assert_allclose(here[0], activation.value(POINTS), atol=1e-12)
    np.testing.assert_allclose(here[1], activation.derivative(POINTS), atol=1e-12)
    above, below = (activation_derivatives(activation, POINTS + s, 4) for s in (step, -step))
    slopes = (above[:4] - below[:4]) / (2 * step)
    assert np.abs(here[1:] - slopes).max() < 1e-6 * (1 + np.abs(slopes).max())


def test_derivatives_that_do_not_exist_are_refused_with_the_remedy():
    with pytest.raises(CapabilityError, match=r"'relu' has a kink at 0.*Use a smooth activation"):
        activation_derivatives(Activation.named("relu"), POINTS, 2)
    mine = Activation.from_functions(np.tanh, lambda x: 1 - np.tanh(x) ** 2)
    with pytest.raises(CapabilityError, match="Write the activation as an expression"):
        activation_derivatives(mine, POINTS, 2)
    assert activation_derivatives(Activation.named("relu"), POINTS, 1).shape == (2, 60)


def test_hermite_coefficients_of_polynomials_are_exact():
    assert hermite_coefficients(Activation.named("He1 + 0.25*He3")) == (0.0, 1.0, 0.0, 0.25)
    found = hermite_coefficients(Activation.named("z^3 - 2*z"))
    np.testing.assert_array_equal(found, hermite_e.poly2herme([0, -2, 0, 1]))
    assert hermite_coefficients(Activation.named("identity")) == (0.0, 1.0)
    assert hermite_coefficients(Activation.named("tanh")) is None
