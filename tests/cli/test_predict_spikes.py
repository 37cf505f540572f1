"""`predict spikes`: the contract's document, a simulation beside it, and one-line errors."""

from __future__ import annotations

import pytest

import giantstep as gs

GIVEN = {"--target": "z1 + 0.5*He2(z1)", "--noise": "0.09", "--activation": "He1+0.5*He2"}
GIVEN |= {"--dimension": "60", "--ridge": "0.7", "--width-ratio": "1.4", "--sample-ratio": "2"}


def words_of(given):
    return ["predict", "spikes", *(word for pair in given.items() for word in pair)]


WORDS = words_of(GIVEN)


def test_the_document_holds_what_predict_says(giantstep):
    ran = giantstep(*WORDS, "--step-exponent", "0.15,0.3", "--json")
    document = ran.document
    assert ran.code == 0
    assert document.keys() == {"parameters", "points", "notes"}
    theory = gs.predict.spikes(
        gs.Target.parse("z1 + 0.5*He2(z1)", noise=0.09),
        gs.Network(84, "He1+0.5*He2", readout="gaussian", symmetric=False),
        dimension=60,
        sample_ratio=2.0,
        step_exponent=[0.15, 0.3],
        ridge=0.7,
    )
    for place, point in enumerate(document["points"]):
        at = theory.isel(step_exponent=place)
        assert [spike["singular_value"] for spike in point["spikes"]] == at.singular_value.values.tolist()
        assert [loss["test_error"] for loss in point["losses"]] == at.test_error.values.tolist()
        assert point["learning_rate"] == float(at.learning_rate)
        assert point["edge"] == float(at.edge)
        assert {"train_improvement_limit", "test_improvement_dressed"} <= point["losses"][1].keys()
    assert [point["growing_orders"] for point in document["points"]] == [[1], [1, 2]]
    assert [spike["status"] for spike in document["points"][0]["spikes"]] == ["outlier", "in_bulk"]
    assert any("variance term inside" in note for note in document["notes"])


def test_a_simulation_is_laid_beside_with_scores(giantstep):
    words = [*WORDS, "--learning-rate", "6", "--simulate", "2", "--seed", "4"]
    point = giantstep(*words, "--json").document["points"][0]
    assert point["step_exponent"] is None
    assert point["spike_count"] is None
    rows = {row["features"]: row for row in point["measured"]["features"]}
    assert set(rows) == {"network", "spike_1", "spikes_leading", "spikes"}
    assert rows["spikes"]["train_improvement_predicted"] == point["losses"][1]["train_improvement"]
    assert rows["spike_1"]["spikes"][1]["singular_value_z"] is None
    shown = giantstep(*words)
    assert shown.code == 0
    for word in ("simulated network", "F0 + spikes, no V", "theory without V", "outlier", "heuristic"):
        assert word in shown.out
    leading = rows["spikes_leading"]["spikes"][1]["singular_value_predicted"]
    assert f"{leading:.4f}" in shown.out
    assert f" {rows['network']['train_improvement_z']:.1f} " in shown.out


def test_a_simulation_that_overflows_says_so(giantstep):
    words = ["predict", "spikes", "--target", "z1", "--activation", "exp(z)", "--learning-rate", "1e8"]
    ran = giantstep(*words, "--dimension", "30", "--simulate", "1", "--json")
    assert ran.code == 1
    (message,) = ran.document["points"][0]["measured"]["messages"]
    shown = giantstep(*words, "--dimension", "30", "--simulate", "1")
    assert shown.code == 1
    assert message[:40] in shown.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--step-exponent", "0.5"], "step_exponent: found 0.5"),
        (["--step-exponent", "-0.1"], "step_exponent: found -0.1"),
        (["--activation", "He2"], "c_1 = E sigma' = 0"),
        (["--width-ratio", "0.05"], "expected at least 4"),
        (["--width-ratio", "-1"], "width_ratio: found -1"),
        (["--readout", "constant"], "gaussian, uniform, rademacher"),
        (["--form", "ful"], "did you mean 'full'"),
        (["--step-exponent", "0.1", "--learning-rate", "3"], "not both"),
        (["--simulate", "0"], "simulate: found 0"),
        (["--target", "z1*z2"], "expected rank 1"),
        (["--target", "z1**2"], "labels of mean 1, expected E y = 0"),
    ],
)
def test_bad_input_is_one_line(giantstep, words, said):
    given = dict(zip(words[::2], words[1::2], strict=True))
    ran = giantstep(*words_of(GIVEN | given))
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert said in ran.err
