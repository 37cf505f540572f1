"""Python functions as targets: Monte Carlo with standard errors, certified by exact symmetries."""

import numpy as np
import pytest

from giantstep.protocol import Protocol
from giantstep.staircase import analyze
from giantstep.targets import Target

REUSED = Protocol.repeat(2, batch="d", reuse=True)
TWINS = {
    "z1 + z1*z2": lambda z: z[..., 0] + z[..., 0] * z[..., 1],
    "z1*z2": lambda z: z[..., 0] * z[..., 1],
    "z1 + z2*z3": lambda z: z[..., 0] + z[..., 1] * z[..., 2],
    "relu(z1) + relu(z2)": lambda z: np.maximum(z[..., 0], 0) + np.maximum(z[..., 1], 0),
}


@pytest.mark.parametrize("protocol", [None, REUSED], ids=["fresh", "reused"])
@pytest.mark.parametrize("text", TWINS)
def test_a_function_gets_the_answer_of_its_expression(text, protocol):
    expression = Target.parse(text)
    known = analyze(expression, None, protocol)
    sampled = analyze(Target.from_callable(TWINS[text], expression.rank), None, protocol)
    assert sampled.status == "decided", sampled.messages
    names = ("information_exponent", "leap", "generative_exponent", "generative_leap", "effective_rank")
    assert [getattr(sampled, name) for name in names] == [getattr(known, name) for name in names]
    for one, other in zip(known.subspaces, sampled.subspaces, strict=True):
        np.testing.assert_allclose(one.T @ one, other.T @ other, atol=0.01)


def test_a_coefficient_within_the_noise_is_not_decided():
    # 3e-4 is far below five standard errors of 2e6 samples, and it breaks every symmetry of z1 z2.
    found = analyze(Target.from_callable(lambda z: z[..., 0] * z[..., 1] + 3e-4 * z[..., 0], 2))
    assert found.status == "undecided"


def test_the_same_function_gets_the_same_bits():
    target = Target.from_callable(TWINS["z1 + z1*z2"], 2)
    assert analyze(target).to_dict() == analyze(target).to_dict()


def test_a_variable_that_is_not_used_does_not_count():
    found = analyze(Target.from_callable(TWINS["z1*z2"], 3))
    assert (found.status, found.effective_rank) == ("decided", 2)


CURVED = {
    "sign(z1 + z2*z3)": (1, 2, [[1, 0, 0]]),
    "sign(z1**2 - z2)": (1, 2, [[0, 1]]),
    "sign(z1**2 + z2**2 - 2)": (2, 2, []),
}


@pytest.mark.parametrize("text", CURVED)
def test_a_curved_jump_is_sampled_and_decided(text):
    # E[sign(z1 + z2 z3) z1] > 0, and flipping (z2, z3) fixes the label: order 2 is what shows them.
    exponent, leap, first = CURVED[text]
    found = analyze(Target.parse(text))
    assert found.status == "decided", found.messages
    assert (found.information_exponent, found.leap) == (exponent, leap)
    expected = np.reshape(np.array(first, dtype=float), (-1, found.rank))
    np.testing.assert_allclose(found.subspaces[-1].T @ found.subspaces[-1], expected.T @ expected, atol=0.01)
