"""The network at initialisation."""

import numpy as np
import pytest

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.networks.gradient import backpropagated_errors, predictions
from giantstep.streams import Role, Streams


def generator():
    return Streams(0).generator(Role.INIT)


@pytest.mark.parametrize("readout", ["rademacher", "gaussian", "uniform", "constant"])
def test_readout_laws_have_unit_second_moment_times_the_scale(readout):
    network = Network(40000, readout=readout, readout_scale="1/sqrt(p)", symmetric=False)
    a = network.draw_readout(generator(), dimension=10) * 200.0
    spread = np.std(a**2) / np.sqrt(a.size)
    assert abs(np.mean(a**2) - 1.0) <= 4 * spread + 1e-12
    limit = {"rademacher": 1.0, "constant": 1.0, "uniform": 3**0.5, "gaussian": np.inf}[readout]
    assert np.abs(a).max() <= limit + 1e-12


def test_a_symmetric_start_pairs_neurons_so_that_the_output_is_zero():
    network = Network(6, activation="tanh", bias=0.7, readout="gaussian")
    a, b = network.draw_readout(generator(), 10), network.draw_biases(generator())
    assert (a[:3] == -a[3:]).all()
    assert (b[:3] == b[3:]).all()
    fields = np.tile(generator().standard_normal((3, 50)), (2, 1)) + b[:, None]
    np.testing.assert_allclose(predictions(fields, a, network.activation), 0.0, atol=1e-15)


def test_the_chunk_gradient_is_the_derivative_of_half_the_squared_error():
    network = Network(3, activation="tanh", symmetric=False)
    rng = np.random.default_rng(1)
    inputs, y, a = rng.standard_normal((20, 5)), rng.standard_normal(20), rng.standard_normal(3)
    layer = rng.standard_normal((3, 5))

    def loss(w):
        return 0.5 * np.mean((y - predictions(w @ inputs.T, a, network.activation)) ** 2)

    errors = backpropagated_errors(layer @ inputs.T, y, a, network.activation, "square")
    step = (a[:, None] / np.sqrt(3)) * errors @ inputs / 20
    for index in np.ndindex(layer.shape):
        bump = np.zeros_like(layer)
        bump[index] = 1e-6
        slope = (loss(layer + bump) - loss(layer - bump)) / 2e-6
        assert step[index] == pytest.approx(-slope, abs=1e-8)


def test_the_correlation_loss_sees_labels_only():
    network = Network(2, activation="relu")
    fields, y = np.array([[1.0, -1.0], [2.0, 3.0]]), np.array([5.0, 7.0])
    errors = backpropagated_errors(fields, y, np.ones(2), network.activation, "correlation")
    assert errors.tolist() == [[5.0, 0.0], [5.0, 7.0]]


def test_the_spec_says_only_what_differs_from_the_default_and_rebuilds_the_network():
    assert Network(8).spec() == {"width": 8, "activation": "relu"}
    networks = [
        Network(8, "He1+0.5*He2", readout="gaussian", readout_scale="1/sqrt(p)", bias=0.5, symmetric=False),
        Network(2, readout=[1.0, -1.0], bias=[0.1, 0.1], symmetric=True, rows="gaussian"),
        Network(3),
    ]
    for network in networks:
        assert Network(**network.spec()) == network


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(width=0), "width: found 0"),
        (dict(width=2.5), "width: found 2.5"),
        (dict(width=True), "width: found True"),
        (dict(width=3, symmetric=True), "width: found 3 with a symmetric start, expected an even number"),
        (dict(width=2, readout="rademaker"), "did you mean 'rademacher'"),
        (dict(width=2, readout=[1.0]), "readout: found 1 numbers, expected 2"),
        (dict(width=2, readout=[1.0, float("nan")]), "readout: found a number that is not finite"),
        (dict(width=2, readout=[1.0, 1.0], symmetric=True), r"entry i \+ width/2 must be minus entry i"),
        (dict(width=2, bias=[1.0, 2.0], symmetric=True), r"entry i \+ width/2 must equal entry i"),
        (dict(width=2, bias=-1.0), "bias: found -1.0"),
        (dict(width=2, bias=float("nan")), "bias: found nan"),
        (dict(width=2, rows="sphere"), "rows: found 'sphere'"),
        (dict(width=2, readout_scale="x"), "readout_scale: found 'x'"),
    ],
)
def test_a_network_names_what_is_wrong_with_it(fields, message):
    with pytest.raises(SpecError, match=message):
        Network(**fields)


def test_orthonormal_rows_need_room():
    with pytest.raises(CapabilityError, match="need dimension >= 10, found 9"):
        Network(8, rows="orthonormal", symmetric=False).check_dimension(9, 2)
