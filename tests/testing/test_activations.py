"""check_activation accepts the built-in ones and notices each way to be wrong."""

import numpy as np
import pytest

from giantstep.networks import Activation
from giantstep.testing import ConformanceError, check_activation


@pytest.mark.parametrize("name", ["relu", "tanh", "erf", "gelu", "softplus", "sin", "He1+0.5*He2", "He3"])
def test_built_in_activations_conform(name):
    assert not check_activation(name).broken


def in_place(x):
    x *= 1.0
    x += 1e-300 + 1e-12
    return x


def activation(value, derivative, kinks=()):
    # Not through from_functions, which would refuse some of these itself.
    return Activation("wrong", value, derivative, kinks)


WRONG = {
    "the derivative is the slope of the value, away from kinks": activation(
        np.tanh, lambda x: 1 - np.tanh(x)
    ),
    "every jump of value or derivative is declared as a kink": activation(abs, np.sign),
    "float32 in gives float32 out": activation(
        lambda x: np.tanh(x.astype(float)), lambda x: 1 - np.tanh(x.astype(float)) ** 2
    ),
    "value and derivative are elementwise": activation(lambda x: x - x.mean(), lambda x: np.ones_like(x)),
    "the argument is not changed": activation(in_place, lambda x: np.ones_like(x)),
    "second moments under N(0, 1) are finite": activation(
        lambda x: np.exp(x * x / 3), lambda x: 2 / 3 * x * np.exp(x * x / 3)
    ),
}


@pytest.mark.parametrize("law", WRONG)
def test_a_broken_law_is_named(law):
    with pytest.raises(ConformanceError) as raised:
        check_activation(WRONG[law])
    assert law in {broken.name for broken in raised.value.report.broken}


def test_a_declared_kink_is_no_complaint_and_steep_is_no_jump():
    assert not check_activation(activation(abs, np.sign, (0.0,))).broken
    steep = activation(lambda x: np.tanh(50 * x), lambda x: 50 / np.cosh(np.clip(50 * x, -40, 40)) ** 2)
    assert "every jump of value or derivative is declared as a kink" not in broken_laws(steep)


def broken_laws(wrong):
    try:
        return {law.name for law in check_activation(wrong).broken}
    except ConformanceError as error:
        return {law.name for law in error.report.broken}
