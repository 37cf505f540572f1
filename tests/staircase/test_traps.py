"""Targets made to catch an analyser that rounds, guesses or looks at one order only."""

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.staircase import analyze
from giantstep.targets import Target

REUSED = Protocol.repeat(2, batch="d", reuse=True)


def dimensions(text, protocol=None, **fields):
    found = analyze(Target.parse(text, **fields), None, protocol)
    assert found.status == "decided", found.messages
    return [step.dimension for step in found.steps]


@pytest.mark.parametrize("size", ["1e-13", "1e-30", "1/7e29"])
def test_a_tiny_exact_coefficient_counts(size):
    assert dimensions(f"z1 + {size}*z1*z2") == [1, 2]
    assert dimensions(f"z1 + {size}*z1*z2", REUSED) == [1, 2]
    assert dimensions(f"z1*z2*z3 + {size}*z1") == [1]


def test_a_tiny_coupling_through_a_label_power_counts():
    # E[y^2 z3 | z1] = 2e-26 z1^2 is all that shows z3 at step 2.
    assert dimensions("z1 + 1e-13*z1*z2 + 1e-13*z1*z2*z3", REUSED) == [1, 3]


def test_coefficients_that_cancel_leave_nothing():
    assert analyze(Target.parse("(z1+z2)**2 - z1**2 - 2*z1*z2", rank=3)).effective_rank == 1
    constant = analyze(Target.parse("z1*z2 - z2*z1"))
    assert (constant.effective_rank, constant.leap, constant.steps) == (0, None, ())
    assert dimensions("z1 + 3*z2 - 3*(z2 - z1*z2) ") == [1, 2]


def test_a_cancelling_linear_part_beside_a_kink_is_seen():
    assert analyze(Target.parse("relu(z1) - 0.5*z1")).information_exponent == 2
    assert analyze(Target.parse("relu(z1) - 0.5*z1 + 1e-11*z1")).information_exponent == 1


@pytest.mark.parametrize(
    "text", ["relu(z1) - 0.5*z1 + 1e-14*z1", "relu(z1) + 1e-15*z1*z2", "sqrt(2)*z1 + 1e-15*z2**2"]
)
def test_a_number_below_round_off_is_not_decided(text):
    assert analyze(Target.parse(text)).status == "undecided"


def test_a_kink_away_from_zero_is_split_at_its_place():
    found = analyze(Target.parse("relu(z1-1) + relu(z2-1)"))
    assert (found.status, found.leap, [step.dimension for step in found.steps]) == ("decided", 2, [1])
    np.testing.assert_allclose(np.abs(found.subspaces[1]), [[np.sqrt(0.5)] * 2], atol=1e-12)


def test_oblique_kinks_in_different_summands_are_decided():
    assert dimensions("relu(z1) + relu(z1+z2)") == [1, 2]


@pytest.mark.parametrize("text", ["relu(z1)*relu(z1+z2)", "z2*relu(z1)*relu(z1+z2)*relu(z1-z2/3)"])
def test_oblique_kinks_in_one_summand_are_never_wrong(text):
    found = analyze(Target.parse(text))
    # E[y z] of the first is proportional to neither axis; whatever is claimed must agree with sampling.
    z = np.random.default_rng(1).standard_normal((400_000, 2))
    terms = z * np.asarray(Target.parse(text)(z))[:, None]
    if found.steps:
        left = np.eye(2) - found.subspaces[1].T @ found.subspaces[1]
        missed = terms @ left
        assert np.all(np.abs(missed.mean(0)) < 4 * missed.std(0) / np.sqrt(len(z)))
    assert found.status == "decided" or any("undecided" in message for message in found.messages)


def test_a_rotated_pair_of_squares_is_not_mistaken_for_a_staircase():
    # u + (u^2 - v^2)/2 with u, v = (z1 +- z2)/sqrt 2 is leap 2; z1 + z1 z2 is leap 1.
    u, v = "((z1+z2)/sqrt(2))", "((z1-z2)/sqrt(2))"
    assert analyze(Target.parse(f"{u} + ({u}**2 - {v}**2)/2")).leap == 2
    assert analyze(Target.parse(f"{u} + {u}*{v}")).leap == 1


def test_redundant_variables_do_not_count():
    found = analyze(Target.parse("z1 + z2 + (z1+z2)**3", rank=5))
    assert (found.rank, found.effective_rank, found.fully_learned) == (5, 1, True)
    assert analyze(Target.parse("tanh(z1+z2)", rank=4)).effective_rank == 1


def test_noise_changes_nothing():
    for protocol in (None, REUSED):
        plain = analyze(Target.parse("z1*z2 + He3(z1)"), None, protocol).to_dict()
        noisy = analyze(Target.parse("z1*z2 + He3(z1)", noise=3.0), None, protocol).to_dict()
        assert plain == noisy


def test_a_two_valued_label_has_no_other_transforms():
    found = analyze(Target.parse("(1 + sign(z1*z2*z3))/2"), None, REUSED)
    assert (found.status, found.generative_exponent, found.learned_dimension) == ("decided", 3, 0)


def test_fewer_samples_than_inputs_learn_nothing():
    assert dimensions("z1", Protocol.repeat(1, batch="d^0.9")) == []


def test_a_batch_between_two_powers_counts_as_the_lower():
    assert dimensions("z1*z2", Protocol.repeat(1, batch="d^1.9")) == []
    assert dimensions("z1*z2", Protocol.repeat(1, batch="d^2")) == [2]


def test_a_plain_batch_needs_the_dimension():
    protocol = Protocol.repeat(1, batch=10**6)
    with pytest.raises(SpecError, match="give the dimension"):
        analyze(Target.parse("z1*z2"), None, protocol)
    assert analyze(Target.parse("z1*z2"), None, protocol, dimension=1000).learned_dimension == 2
    # log n / log d goes to the nearest half: 1.82 counts as 2, 1.67 as 3/2, which is below 2.
    assert analyze(Target.parse("z1*z2"), None, protocol, dimension=2000).learned_dimension == 2
    assert analyze(Target.parse("z1*z2"), None, protocol, dimension=4000).learned_dimension == 0


def test_a_batch_in_neurons_needs_the_network_too():
    protocol = Protocol.repeat(1, batch="100p")
    with pytest.raises(SpecError, match="give the dimension and the network"):
        analyze(Target.parse("z1"), None, protocol, dimension=1000)
    assert analyze(Target.parse("z1"), Network(10), protocol, dimension=1000).learned_dimension == 1


def test_every_step_follows_its_own_mode():
    steps = (Step("d", 1.0), Step("d", 1.0, reuse=True), Step("d^2", 1.0))
    found = analyze(Target.parse("He3(z1) + z2*z3"), None, Protocol(steps))
    # Fresh d: nothing. Reused: y^3 shows z1. Fresh d^2: the product.
    assert [step.dimension for step in found.steps] == [0, 1, 3]
    assert any("heuristic" in message for message in found.messages)
    assert [step.samples for step in found.steps] == ["d", "0 (same batch)", "d^2"]


def test_a_steep_function_is_resolved():
    # The published target of theory note 20.
    found = analyze(Target.parse("tanh(z1 + z2**3 - 3*z2)"), Network(width=8), REUSED)
    assert (found.status, found.learned_dimension) == ("decided", 2)


def test_the_leap_of_each_direction_is_its_own():
    found = analyze(Target.parse("z1 + He2(z1)*He2(z2) + z3*z4*z5"))
    assert found.leap == 3
    assert [item.leap for item in found.per_direction_leap] == [1, 2, 3]
    assert [len(item.directions) for item in found.per_direction_leap] == [1, 1, 3]


@pytest.mark.parametrize("size", ["0.1", "1e-3", "1e-5", "1e-7"])
def test_a_direction_that_only_moves_a_jump_is_never_decided_away(size):
    answer = analyze(Target.parse(f"sign(z1*z2 + {size}*z3)"))
    assert answer.effective_rank == 3 or answer.status == "undecided"


def test_a_rare_third_value_lets_label_transforms_tell_more():
    # On sign(z1 z2 z3) alone every transform is linear; y^2 of this one has a second moment along z1.
    answer = analyze(Target.parse("sign(z1*z2*z3)*(1 + relu(abs(z1) - 4.2))"))
    assert answer.generative_exponent == 2
    assert analyze(Target.parse("sign(z1*z2*z3)")).generative_exponent == 3
