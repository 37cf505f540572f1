"""What an activation cannot see, whatever the batch."""

import numpy as np
import pytest

from giantstep.networks import Activation, Network
from giantstep.protocol import Protocol
from giantstep.staircase import analyze
from giantstep.staircase.transforms import label_power
from giantstep.staircase.visibility import Sight
from giantstep.targets import Target

FRESH = Protocol.repeat(2, batch="d")
REUSED = Protocol.repeat(2, batch="d", reuse=True)


def final(text, network, protocol=FRESH):
    found = analyze(Target.parse(text), network, protocol)
    assert found.status == "decided", found.messages
    return found.learned_dimension


def network(activation, **fields):
    return Network(width=4, activation=activation, **fields)


@pytest.mark.parametrize(
    ("activation", "orders"),
    [
        ("relu", [1, 2, 4, 6, 8]),
        ("tanh", [1, 3, 5, 7]),
        ("erf", [1, 3, 5, 7]),
        ("sin", [1, 3, 5, 7]),
        ("sigmoid", [1, 3, 5, 7]),
        ("gelu", [1, 2, 4, 6, 8]),
        ("softplus", [1, 2, 4, 6, 8]),
        ("identity", [1]),
        ("He2+0.5*He3", [1, 2, 3]),
    ],
)
def test_visible_orders_are_the_nonzero_hermite_coefficients(activation, orders):
    sight = Sight.of(network(activation))
    assert [m for m in range(1, 9) if sight.sees(m, step=2)] == orders


def test_a_hermite_activation_sees_lower_orders_once_its_variance_has_moved():
    sight = Sight.of(network("He3"))
    assert [m for m in range(1, 6) if sight.sees(m, step=1)] == [3]
    assert [m for m in range(1, 6) if sight.sees(m, step=2)] == [1, 3]
    found = analyze(Target.parse("z1 + He2(z1)*z2"), network("He3"))
    assert [step.dimension for step in found.steps] == [0, 1, 2]


@pytest.mark.parametrize(
    "protocol", [FRESH, REUSED, Protocol.repeat(2, batch="d^3")], ids=["fresh", "reused", "d^3"]
)
def test_tanh_never_learns_the_product_of_a_staircase(protocol):
    found = analyze(Target.parse("z1 + z1*z2"), network("tanh"), protocol)
    assert (found.status, found.learned_dimension, found.leap) == ("decided", 1, None)
    assert found.exponents_of_target["leap"] == 1
    assert any("never learns (0, 1)" in message for message in found.messages)


def test_tanh_sees_he2_times_linear_and_bias_free_relu_does_not():
    assert final("z1 + He2(z1)*z2", network("tanh")) == 2
    assert final("z1 + He2(z1)*z2", network("relu")) == 1


def test_relu_and_tanh_see_opposite_halves_of_two_at_once():
    target = Target.parse("z1 + z1*z2 + He2(z1)*z3")
    relu, tanh = (analyze(target, network(name)).subspace_at(2) for name in ("relu", "tanh"))
    np.testing.assert_allclose(relu.T @ relu, np.diag([1.0, 1, 0]), atol=1e-12)
    np.testing.assert_allclose(tanh.T @ tanh, np.diag([1.0, 0, 1]), atol=1e-12)


def test_bias_free_relu_is_blind_to_a_third_hermite_polynomial():
    found = analyze(Target.parse("He3(z1)"), network("relu"), Protocol.repeat(1, batch="d^3"))
    assert (found.status, found.learned_dimension, found.information_exponent) == ("decided", 0, None)


@pytest.mark.parametrize("activation", ["tanh", "relu", "He3"])
def test_random_biases_open_every_order_up_to_the_degree(activation):
    biased = network(activation, bias=1.0)
    assert final("z1 + z1*z2", biased) == 2
    assert final("z1 + He2(z1)*z2", biased) == 2


def test_explicit_zero_biases_open_nothing():
    assert final("z1 + z1*z2", Network(width=2, activation="tanh", bias=(0.0, 0.0))) == 1


def test_a_linear_network_learns_one_direction_by_any_protocol():
    for protocol in (FRESH, REUSED, Protocol.repeat(2, batch="d^2")):
        assert final("z1 + z1*z2 + z2**3", network("identity"), protocol) == 1


def test_an_even_activation_never_leaves_the_origin_at_order_one():
    assert final("z1 + z1*z2", network("He2"), REUSED) == 0
    assert final("z1 + z1*z2", network("He2"), Protocol.repeat(1, batch="d^2")) == 2


def test_the_parity_rule_of_a_reused_batch_is_power_plus_block_odd():
    sight = Sight.of(network("tanh"))
    for a in range(1, 6):
        for j in range(5):
            assert sight.sees_transformed(label_power(a), j + 1) == ((a + j) % 2 == 1)


def test_relu_sees_every_power_but_the_first_at_every_block():
    sight = Sight.of(network("relu"))
    assert all(sight.sees_transformed(label_power(a), j + 1) for a in range(2, 7) for j in range(6))
    assert [j for j in range(6) if sight.sees_transformed(label_power(1), j + 1)] == [0, 1, 3, 5]


def test_reuse_of_a_hermite_activation_is_left_undecided_where_the_loss_matters():
    found = analyze(Target.parse("He3(z1)"), network("He1+0.5*He2"), REUSED)
    assert found.status == "undecided"


def test_a_users_own_activation_is_measured():
    cubic = Activation.from_functions(lambda x: x**3, lambda x: 3 * x**2, name="cubic")
    assert [m for m in range(6) if Sight.of(network(cubic)).sees(m, 1)] == [1, 3]


def test_too_few_kinds_of_neurons_are_mentioned():
    target = Target.parse("z1 + z1*z2 + He3(z1)*z3 + He5(z1)*z4")
    few = analyze(target, network("relu"))
    many = analyze(target, network("relu", readout="gaussian"))
    assert (few.learned_dimension, many.learned_dimension) == (4, 4)
    assert any("only 2 ways" in message for message in few.messages)
    assert not any("ways" in message for message in many.messages)
