"""The protocol: a list of steps, checked where it is written."""

import pytest

from giantstep.errors import SpecError
from giantstep.protocol import Protocol, Step


def test_repeat_with_reuse_draws_one_batch():
    protocol = Protocol.repeat(3, batch="3d", learning_rate="2*p", reuse=True)
    assert [step.reuse for step in protocol.steps] == [False, True, True]
    assert protocol.batches(dimension=100, width=4) == (300, 300, 300)
    assert protocol.learning_rates(dimension=100, width=4) == (8.0, 8.0, 8.0)


def test_a_protocol_is_rebuilt_from_its_spec():
    protocol = Protocol(
        (
            Step("3d", 3.0, preprocess=True),
            Step("3d", "p*sqrt(d)", reuse=True, loss="correlation", weight_decay=0.1),
        )
    )
    assert Protocol.from_spec(protocol.spec()) == protocol
    assert Protocol.repeat(1, batch="3d", learning_rate=3.0).spec() == [{"batch": "3d", "learning_rate": "3"}]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(batch=0), "batch: found 0"),
        (dict(batch="-3d"), "batch: found -3d"),
        (dict(batch=float("nan")), "batch: found nan"),
        (dict(learning_rate=float("nan")), "learning_rate: found nan"),
        (dict(learning_rate=float("inf")), "learning_rate: found inf"),
        (dict(learning_rate=-1.0), "learning_rate: found -1"),
        (dict(learning_rate=0), "learning_rate: found 0"),
        (dict(loss="mse"), "loss: found 'mse', expected square or correlation"),
        (dict(loss="corelation"), "did you mean 'correlation'"),
        (dict(weight_decay=-0.1), "weight_decay: found -0.1"),
        (dict(weight_decay=float("nan")), "weight_decay: found nan"),
        (dict(reuse=1), "reuse: found 1"),
    ],
)
def test_a_step_names_what_is_wrong_with_it(fields, message):
    with pytest.raises(SpecError, match=message.replace("(", r"\(")):
        Step(**{"batch": "d", "learning_rate": 1.0} | fields)


def test_the_first_step_has_no_batch_to_reuse():
    with pytest.raises(SpecError, match="step 1 reuses a batch, but there is none"):
        Protocol((Step("d", 1.0, reuse=True),))


def test_a_reused_batch_keeps_its_size():
    with pytest.raises(SpecError, match="step 2 reuses a batch of d samples but asks for 2d"):
        Protocol((Step("d", 1.0), Step("2d", 1.0, reuse=True)))


@pytest.mark.parametrize("steps", [-1, 1.5, True, 10**6])
def test_the_number_of_steps_is_a_whole_number(steps):
    with pytest.raises(SpecError, match="steps: found"):
        Protocol.repeat(steps)
