"""The closed form of the population error against samples and against quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special, stats

from giantstep.gaussian.hermite import hermite_values
from giantstep.networks import Activation, Network
from giantstep.networks.order_parameters import LinearPart, OrderParameters
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.training.closed_form import _mean_derivatives, quadratic_error
from giantstep.training.experiment import Experiment
from giantstep.training.generalisation import CLOSED_FORM, SAMPLED, population_errors
from giantstep.training.local_fields import LocalFields

VALUES = {
    "relu": lambda h: np.maximum(h, 0),
    "erf": lambda h: special.erf(h / np.sqrt(2)),
    "identity": lambda h: h,
}


def snapshot_of(width, rank, dimension=20, linear=False, seed=0, size=1.0):
    rng = np.random.default_rng(seed)
    weights = size * rng.standard_normal((width, dimension)) / np.sqrt(dimension)
    weights[:, :rank] += 0.7 * size * rng.standard_normal((width, rank))
    part = None
    if linear:
        slope = 0.4 * rng.standard_normal(dimension)
        part = LinearPart(0.3, slope[:rank], weights @ slope, float(slope @ slope))
    return OrderParameters(weights[:, :rank], weights @ weights.T, part)


@pytest.mark.parametrize("activation", ["relu", "erf", "identity"])
@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("expression", ["z1 + z1*z2", "He4(z1)/5 - 2*z2**3 + z1*z2**2 + 1"])
def test_the_closed_form_agrees_with_samples(activation, linear, expression):
    width, readouts = 6, np.random.default_rng(3).standard_normal((3, 6))
    target = Target.parse(expression)
    run = Experiment(target, Network(width, activation), Protocol(()), 20, Streams(7))
    fields = LocalFields.of(snapshot_of(width, 2, linear=linear, size=1.5), np.zeros(width), 1)
    exact, sampled = (population_errors(run, fields, readouts, method=m) for m in (None, SAMPLED))
    assert exact.method == CLOSED_FORM
    assert exact.standard_errors.tolist() == [0.0, 0.0, 0.0]
    # Three readouts on the same samples: hardly more than one independent comparison.
    assert np.abs((exact.clean - sampled.clean) / sampled.standard_errors).max() < 3.5
    assert np.all(sampled.standard_errors < 0.05 * sampled.clean)


@pytest.mark.parametrize("name", ["relu", "erf", "identity"])
@pytest.mark.parametrize("variance", [0.2, 1.0, 30.0])
def test_each_hermite_coefficient_of_an_activation_agrees_with_scipy(name, variance):
    for order in range(7):
        expected, _ = integrate.quad(
            lambda g, order=order: (
                VALUES[name](np.sqrt(variance) * g)
                * hermite_values(g, max(order, 1))[order]
                * stats.norm.pdf(g)
            ),
            -12,
            12,
            points=[0.0, 0.3, -0.3],
            limit=200,
            epsabs=1e-11,
        )
        found = _mean_derivatives(name, np.array([variance]), 6)[order, 0]
        assert abs(found - expected) < 1e-8


def test_a_network_that_equals_its_target_has_no_error():
    # relu(z) - relu(-z) = z.
    snapshot = OrderParameters(np.array([[1.0], [-1.0]]), np.array([[1.0, -1.0], [-1.0, 1.0]]))
    form = quadratic_error(Target.parse("z1"), Network(2, "relu", symmetric=False), snapshot)
    readout = np.sqrt(2) * np.array([[1.0, -1.0]])
    weights = form.constant - 2 * readout @ form.correlation + (readout @ form.kernel * readout).sum()
    assert abs(weights[0]) < 1e-15
    # So far below its terms the closed form does not vouch for its digits.
    assert form.at(readout) is None


def test_a_neuron_of_norm_zero_contributes_nothing():
    snapshot = OrderParameters(np.zeros((2, 1)), np.array([[0.0, 0.0], [0.0, 1.0]]))
    form = quadratic_error(Target.parse("z1**2"), Network(2, "relu", symmetric=False), snapshot)
    assert form.correlation[0] == 0.0
    np.testing.assert_allclose(form.at(np.array([[5.0, 0.0]])), [3.0])


@pytest.mark.parametrize(
    ("target", "network"),
    [
        (Target.parse("tanh(z1)"), Network(2, "relu")),
        (Target.parse("z1"), Network(2, "tanh")),
        (Target.parse("z1"), Network(2, "relu", bias=0.5)),
        (Target.from_callable(lambda z: z[..., 0], 1), Network(2, "relu")),
        (
            Target.parse("z1"),
            Network(2, Activation.from_functions(lambda x: x**2, lambda x: 2 * x, name="relu")),
        ),
    ],
    ids=["target", "activation", "biases", "callable", "namesake"],
)
def test_where_there_is_no_closed_form_none_is_claimed(target, network):
    assert quadratic_error(target, network, snapshot_of(2, 1)) is None
