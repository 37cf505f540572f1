"""`predict features`: the contract's document, a simulation beside it, and one-line errors."""

from __future__ import annotations

import pytest

import giantstep as gs

CONTRACT = ["predict", "features", "--activation", "tanh", "--target", "sin(z1)", "--ridge", "0.1", "--json"]
CONTRACT += ["--learning-rate-ratio", "3", "--first-batch-ratio", "20", "--width-ratio", "1"]
CONTRACT += ["--sample-ratio", "0.2,0.9,1.6"]


def test_the_document_has_the_keys_of_the_contract(giantstep):
    ran = giantstep(*CONTRACT, "--theory", "isotropic", "--noise", "0.25")
    document = ran.document
    assert ran.code == 0
    assert list(document) == ["parameters", "map", "points"]
    assert set(document["map"]) == {"spike_strength", "spike_alignment", "bulk_scale"}
    assert [point["sample_ratio"] for point in document["points"]] == [0.2, 0.9, 1.6]
    keys = {
        "sample_ratio",
        "test_error",
        "test_error_clean",
        "train_error",
        "overlaps",
        "status",
        "residual",
        "digits",
    }
    assert all(keys == point.keys() for point in document["points"])
    assert set(document["points"][0]["overlaps"]) == {"m", "theta", "psi", "chi", "q1", "q2", "v1", "v2"}
    assert "row variances: left out" in document["parameters"]["corrections"]
    assert document["parameters"]["noise"] == 0.25
    first = document["points"][0]
    assert first["test_error"] == pytest.approx(first["test_error_clean"] + 0.25, rel=1e-14)


def test_the_document_holds_the_numbers_of_predict(giantstep):
    found = giantstep(*CONTRACT).document
    theory = gs.predict.features(
        gs.Target.parse("sin(z1)"),
        "tanh",
        sample_ratio=[0.2, 0.9, 1.6],
        learning_rate_ratio=3.0,
        first_batch_ratio=20.0,
        ridge=0.1,
    )
    assert found["parameters"]["theory"] == "structured"
    assert [point["test_error"] for point in found["points"]] == theory.test_error.values.tolist()
    assert found["points"][1]["overlaps"]["psi"] == float(theory.psi[1])


def test_logistic_points_have_their_classification_error(giantstep):
    words = ["predict", "features", "--activation", "tanh", "--target", "sign(z1)", "--loss", "logistic"]
    found = giantstep(
        *words, "--sample-ratio", "2", "--learning-rate-ratio", "2", "--first-batch-ratio", "6", "--json"
    )
    point = found.document["points"][0]
    assert point["classification_error"] == pytest.approx(0.13054942, abs=1e-8)
    assert found.document["parameters"]["theory"] == "isotropic"


def test_the_words_say_which_theory_is_shown_and_what_is_not_derived(giantstep):
    words = ["predict", "features", "--target", "sign(z1)", "--sample-ratio", "1"]
    assert "structured theory." in giantstep(*words).out
    out = giantstep(*words, "--loss", "logistic").out
    assert "isotropic theory." in out
    assert "structured bulk: not derived for this loss" in out


def test_a_simulation_lies_beside_both_theories(giantstep):
    words = ["--simulate", "2", "--dimension", "100", "--sample-ratio", "0.5,2", "--target", "sin(z1)"]
    document = giantstep("predict", "features", *words, "--json").document
    simulation = document["simulation"]
    assert (simulation["dimension"], simulation["seeds"]) == (100, 2)
    for point in simulation["points"]:
        assert point["test_error_se"] > 0
        assert {"test_error_z_isotropic", "test_error_z_structured"} <= point.keys()
    ran = giantstep("predict", "features", *words)
    assert "z structured" in ran.out
    assert "rms z" in ran.out


def test_random_features_are_simulated_too(giantstep):
    words = ["--simulate", "1", "--dimension", "60", "--learning-rate-ratio", "0", "--target", "tanh(z1)"]
    document = giantstep("predict", "features", *words, "--json").document
    assert document["simulation"]["points"][0]["test_error_se"] is None
    assert document["map"]["spike_strength"] == 0


def test_what_did_not_converge_exits_with_1_and_says_the_remedy(giantstep):
    ran = giantstep("predict", "features", "--target", "tanh(z1)", "--ridge", "1e-250", "--json")
    assert ran.code == 1
    assert ran.document["points"][0]["test_error"] is None
    assert "Bring ridge" in ran.document["points"][0]["message"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "z1*z2"], "expected rank 1"),
        (["--target", "z1", "--ridge", "0"], "ridge: found 0"),
        (["--target", "z1", "--sample-ratio", "1,x"], "sample_ratio: found 'x'"),
        (["--target", "z1", "--theory", "structurd"], "did you mean 'structured'"),
        (["--target", "z1", "--loss", "logistic"], "expected sign(z1)"),
        (["--target", "sign(z1)", "--loss", "hinge", "--simulate", "2"], "not simulated"),
        (["--target", "z1", "--simulate", "0"], "simulate: found 0"),
        (["--target", "z1", "--simulate", "2", "--dimension", "1e5"], "--yes"),
        (["--taget", "z1"], "target"),
    ],
)
def test_errors_are_one_line_and_exit_with_2(giantstep, words, message):
    ran = giantstep("predict", "features", *words)
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1
