"""`predict overlaps`, and theory's numbers beside those of `analyze` and `simulate`."""

import json

import numpy as np
import pytest

import giantstep as gs
from giantstep.cli import main
from giantstep.studies.walk import error_bounds, expected_overlaps, magnitudes


def document(capsys, *words):
    code = main([*words, "--json"])
    out, _ = capsys.readouterr()
    return code, json.loads(out)


def test_predict_overlaps_prints_the_dataset_of_predict(capsys):
    code, found = document(
        capsys, "predict", "overlaps", "z1+z1*z2", "--width", "2", "--readout", "1,-1", "--steps", "2"
    )
    assert code == 0
    network = gs.Network(2, readout=[1.0, -1.0])
    theory = gs.predict.overlaps(
        gs.Target.parse("z1+z1*z2"), network, gs.Protocol.repeat(2, batch="3d", learning_rate=3.0)
    )
    np.testing.assert_array_equal([step["neurons"] for step in found["steps"]], theory.overlaps.values)
    rms = np.sqrt((theory.overlaps.values**2).mean(1))
    np.testing.assert_allclose([step["overlaps"] for step in found["steps"]], rms, rtol=1e-12)
    assert found["status"] == "completed"


def test_predict_overlaps_speaks_to_people_too(capsys):
    assert main(["predict", "overlaps", "z1", "--steps", "1"]) == 0
    assert "overlap z1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["z1", "--batch", "0"], "batch: found 0"),
        (["z1", "--batch", "1000"], "dimension"),
        (["z1", "--learning-rate", "nan"], "learning_rate: found nan"),
        (["z1", "--samples", "10"], "samples: found 10"),
        (["z1", "--weight-decay", "-1"], "weight_decay: found -1"),
        (["q1"], "target"),
        (["z1", "--widht", "3"], "did you mean '--width'"),
    ],
)
def test_bad_words_are_one_line_and_exit_2(capsys, words, message):
    assert main(["predict", "overlaps", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_a_diverging_prediction_exits_1_with_its_status(capsys):
    words = ["z1*z1", "--learning-rate", "1e30", "--steps", "4", "--samples", "1e4"]
    code, found = document(capsys, "predict", "overlaps", *words)
    assert code == 1
    assert found["status"] == "nonfinite"
    assert "learning rate" in found["message"]


def test_simulate_puts_theory_beside_the_measurement(capsys):
    words = ["simulate", "z1+z1*z2", "--dimension", "1e5", "--seeds", "4", "--width", "4", "--ridge", "1e-2"]
    code, found = document(capsys, *words)
    assert code == 0
    for step, expected in zip(found["steps"], found["predicted_overlaps"], strict=True):
        for measured, error, theory in zip(step["overlaps"], step["overlaps_se"], expected, strict=True):
            # Not learnt, an overlap is d^-1/2 and theory's is 0.
            assert abs(measured - theory) < 6 * error + 3 / 1e5**0.5 + 0.005
    assert found["bounds"] == {"order": 0, "learned_subspace": 0.0, "no_step": 2.0}
    assert found["test_error"] > found["bounds"]["learned_subspace"]


def test_what_theory_leaves_out_is_said(capsys):
    code, found = document(capsys, "simulate", "z1", "--dimension", "200", "--width", "70", "--steps", "1")
    assert code == 0
    assert found["predicted_overlaps"] is None
    assert "left out above width 64" in found["prediction_note"]


def test_analyze_says_how_large_a_learnt_direction_is(capsys):
    _, found = document(capsys, "analyze", "stair3", "--activation", "tanh", "--bias")
    sizes = {size["step"]: size["overlap"] for size in found["magnitudes"]}
    assert set(sizes) == {1, 2, 3}
    assert sizes[1] > 0.3 > sizes[2] > 0.03 > sizes[3] > 0.0
    _, generic = document(capsys, "analyze", "stair3")
    assert generic["magnitudes"] == []


def test_magnitudes_are_the_overlaps_of_the_certificate_directions():
    target, network = gs.Target.parse("z1 + z2"), gs.Network(2, readout=[1.0, -0.5])
    protocol = gs.Protocol.repeat(1, batch="2d", learning_rate=2.0)
    theory = expected_overlaps(target, network, protocol).overlaps
    (found,) = magnitudes(gs.analyze(target, network, protocol), theory)
    along = theory.overlaps.values[1] @ [0.5**0.5, 0.5**0.5]
    assert found.overlap == pytest.approx(np.sqrt((along**2).mean()))
    assert np.abs(found.direction) == pytest.approx([0.5**0.5, 0.5**0.5])


def test_bounds_take_the_smaller_power_of_samples_and_width():
    target = gs.Target.parse("z1 + z1*z2 + z2**2")
    certificate = gs.analyze(target, None, gs.Protocol.repeat(1, batch="d"))
    found = error_bounds(target, gs.Network(1000), certificate, samples=10**6, dimension=1000)
    assert found.attrs["order"] == 1
    narrow = error_bounds(target, gs.Network(8), certificate, samples=10**6, dimension=1000)
    assert narrow.attrs["order"] == 0
