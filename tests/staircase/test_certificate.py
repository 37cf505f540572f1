"""The JSON contract of design.md."""

import json

import numpy as np

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.staircase import analyze
from giantstep.targets import Target

CONTRACT = {
    "target",
    "rank",
    "effective_rank",
    "information_exponent",
    "leap",
    "generative_exponent",
    "generative_leap",
    "batch_exponent",
    "reuse",
    "preprocess",
    "steps",
    "learned_dimension",
    "fully_learned",
    "status",
}


def test_the_document_has_the_keys_of_the_contract_and_survives_strict_json():
    for target in (Target.parse("z1 + z1*z2"), Target.parse("z1 - z1"), Target.parse("relu(z1)*relu(z1+z2)")):
        document = analyze(target, Network(width=2, activation="tanh")).to_dict()
        assert set(document) >= CONTRACT
        assert json.loads(json.dumps(document, allow_nan=False)) == document
        for step in document["steps"]:
            assert set(step) >= {"step", "dimension", "basis", "reasons"}
            assert len(step["basis"]) == step["dimension"]


def test_reasons_name_the_block_its_order_and_what_it_unlocks():
    fresh = analyze(Target.parse("z1 + z1*z2 + z1*z2*z3"))
    assert fresh.steps[1].reasons[0] == "step 2: block (z1; z2), order 1+1, strength 1 unlocks (0, 1, 0)"
    assert fresh.samples == "3 x d"
    reused = analyze(Target.parse("He3(z1)"), None, Protocol.repeat(2, batch="d", reuse=True))
    assert reused.steps[1].reasons == ("step 2: label y^3, block (z1), order 0+1, strength 324 unlocks (1)",)
    assert [step.samples for step in reused.steps] == ["d", "0 (same batch)"]


def test_a_hidden_block_is_named():
    found = analyze(
        Target.parse("z1*z2 + z3"), Network(width=2, activation="tanh"), Protocol.repeat(1, batch="d^2")
    )
    assert found.steps[0].reasons[0].endswith("unlocks (0, 0, 1)")
    assert found.learned_dimension == 1


def test_the_dataset_holds_projectors_for_every_step():
    data = analyze(Target.parse("z1 + z1*z2")).dataset()
    assert data["learned_dimension"].values.tolist() == [0, 1, 2]
    np.testing.assert_allclose(data["learned_subspace"].sel(step=1).values, np.diag([1.0, 0.0]), atol=1e-15)
    assert data["learned_subspace"].dims == ("step", "direction", "direction_other")
