"""`predict deep-features`: the document, rows of a user's own, and one-line errors."""

from __future__ import annotations

import numpy as np
import pytest

COMMAND = ("predict", "deep-features")
SMALL = (*COMMAND, "--widths", "60,40", "--dimension", "50", "--target-widths", "30")

STEP = ("--learning-rate", "10*sqrt(p)", "--target", "z1")
TRAINED = (*COMMAND, "--widths", "40", "--dimension", "40", "--target", "tanh(2*z1)", "--noise", "0.05")
TRAINED += ("--learning-rate", "10*sqrt(p)")


@pytest.fixture
def rows(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((900, 6))
    y = np.sign(x[:, 0] + 0.5 * rng.standard_normal(900))
    np.savez(tmp_path / "rows.npz", features=x, labels=y)
    lines = [",".join(f"{value:.17g}" for value in [*row, label]) for row, label in zip(x, y, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b,c,d,e,f,label", *lines]) + "\n")
    return tmp_path


def test_the_document_of_a_network(giantstep):
    ran = giantstep(*SMALL, "--samples", "20,2p", "--ridge", "0.1,1", "--json")
    document = ran.document
    assert ran.code == 0
    assert document["parameters"]["widths"] == [60, 40]
    assert [(point["ridge"], point["samples"]) for point in document["points"]] == [
        (0.1, 20),
        (0.1, 80),
        (1.0, 20),
        (1.0, 80),
    ]
    assert all(point["status"] == "converged" and point["test_error"] > 0.05 for point in document["points"])
    assert document["warnings"] == []


def test_a_simulation_is_laid_beside_it(giantstep):
    document = giantstep(
        *SMALL, "--target", "tanh(2*z1)", "--noise", "0.1", "--simulate", "3", "--json"
    ).document
    assert document["seeds"] == 3
    for point in document["points"]:
        found = point["simulation"]
        assert abs(found["test_error_z"]) < 4
        assert abs(found["train_error_z"]) < 4
    assert document["rms_z"]["test_error"] is not None


def test_features_after_a_giant_step_by_both_theories_and_measured(giantstep):
    words = (*TRAINED, "--penalty", "0.1,1", "--samples", "20,2p")
    document = giantstep(*words, "--simulate", "3", "--json").document
    assert document["parameters"]["learning_rate"] == "10*sqrt(p)"
    assert (document["parameters"]["steps"], document["parameters"]["batch"]) == (1, "2d")
    assert document["spike"] > 1
    assert [(point["penalty"], point["samples"]) for point in document["points"]] == [
        (0.1, 20),
        (0.1, 80),
        (1.0, 20),
        (1.0, 80),
    ]
    for point in document["points"]:
        assert point["status"] == "converged"
        assert point["linearised_test_error"] != point["test_error"]
        found = point["simulation"]
        assert abs(found["test_error_z"]) < 4
        assert abs(found["train_error_z"]) < 4
        assert "linearised_test_error_z" in found
    assert set(document["rms_z"]) == {"test_error", "train_error", "linearised_test_error"}
    alone = giantstep(*words, "--json").document
    assert "simulation" not in alone["points"][0]
    table = giantstep(*words, "--simulate", "3").out
    assert "1 giant step at learning rate 10*sqrt(p), 2d fresh samples each: spike" in table
    assert "linearised" in table


def test_a_long_spike_warns_and_a_diverged_step_exits_with_one(giantstep):
    ran = giantstep(*TRAINED[:-1], "40*sqrt(p)", "--samples", "p")
    assert "too long for the linearised theory. Trust the plug-in." in ran.out
    ran = giantstep(*TRAINED[:-1], "1e30", "--steps", "3", "--samples", "p", "--json")
    assert ran.code == 1
    (point,) = ran.document["points"]
    assert (point["status"], point["test_error"]) == ("diverged", None)
    assert "Take a smaller learning rate" in point["message"]


def test_rows_of_npz_and_csv_say_the_same(giantstep, rows):
    words = ("--samples", "20,100", "--simulate", "5", "--json")
    found = [
        giantstep(*COMMAND, "--data", str(rows / f"rows.{kind}"), *words).document for kind in ("npz", "csv")
    ]
    assert found[0]["points"] == found[1]["points"]
    assert found[0]["parameters"]["features"] == 6
    assert found[0]["warnings"] == []


def test_too_few_rows_a_feature_are_a_warning_with_the_remedy(giantstep, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "few.npz", features=rng.standard_normal((50, 6)), labels=rng.standard_normal(50))
    ran = giantstep(*COMMAND, "--data", str(tmp_path / "few.npz"), "--samples", "20")
    assert ran.code == 0
    assert "Take at least 600 rows" in ran.out.replace("\n", " ")


def broken(folder, name, **arrays):
    np.savez(folder / f"{name}.npz", **arrays)
    return str(folder / f"{name}.npz")


def test_bad_data_is_one_line_and_exit_code_two(giantstep, tmp_path):
    x, y = np.ones((30, 2)), np.ones(30)
    x[:, 0] = np.arange(30)
    holed = x.copy()
    holed[7, 1] = np.nan
    (tmp_path / "words.csv").write_text("1,2\n3,x\n")
    (tmp_path / "ragged.csv").write_text("1,2\n3,4,5\n")
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    files = {
        "features: found nan in row 7, column 1": broken(tmp_path, "holed", features=holed, labels=y),
        "labels: found 29 for 30 rows": broken(tmp_path, "short", features=x, labels=y[:-1]),
        "expected arrays 'features'": broken(tmp_path, "names", x=x, y=y),
        "holds Python objects": broken(tmp_path, "objects", features=np.array([{}, None]), labels=y),
        "array of str32, expected real numbers": broken(
            tmp_path, "words", features=np.array([["a"]]), labels=y
        ),
        "which fit any labels": broken(
            tmp_path, "wide", features=np.random.default_rng(0).random((9, 9)), labels=y[:9]
        ),
        "no .npz file or broken": str(tmp_path / "broken.npz"),
        "line 2: found '3,x'": str(tmp_path / "words.csv"),
        "line 2: found 3 columns": str(tmp_path / "ragged.csv"),
        "found no row": str(tmp_path / "empty.csv"),
        "no such file": str(tmp_path / "missing.npz"),
        "expected .npz or .csv": __file__,
    }
    for message, file in files.items():
        ran = giantstep(*COMMAND, "--data", file, "--samples", "10")
        assert (ran.code, ran.out) == (2, ""), message
        assert message in ran.err
        assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--activation", "relu"), "not odd"),
        (("--rows", "idd"), "did you mean 'iid'"),
        (("--ridge", "-1"), "ridge: found -1"),
        (("--ridge", "1", "--penalty", "1"), "found both"),
        (("--ridge", "0", "--simulate", "2"), "ridge: found 0"),
        ((*STEP, "--ridge", "0", "--simulate", "2"), "ridge: found 0"),
        (("--penalty", "nan"), "penalty: found 'nan'"),
        (("--samples", "0"), "samples"),
        (("--samples", "nan"), "samples"),
        (("--simulate", "0"), "simulate: found 0"),
        (("--noise", "-1"), "noise"),
        (("--widths", "0"), "widths: found"),
        (("--widths", "many"), "widths: found"),
        (("--target", "z9", "--dimension", "5"), "rank 9 is above the dimension 5"),
        (("--widths", "9000,9000", "--simulate", "50"), "Add --yes"),
        (("--bogus",), "no such option"),
        (("--learning-rate", "1"), "target: found none with --learning-rate"),
        (("--batch", "2d"), "batch: found without --learning-rate, which it needs"),
        (("--steps", "2"), "steps: found without --learning-rate, which it needs"),
        ((*STEP, "--widths", "9,9"), "widths: found 2 layers with --learning-rate"),
        ((*STEP, "--rows", "rainbow"), "rows: found with --learning-rate"),
        ((*STEP, "--steps", "0"), "steps: found 0, expected at least 1"),
        ((*STEP, "--activation", "relu"), "not odd"),
        (("--learning-rate", "0", "--target", "z1"), "learning_rate: found 0, expected a positive size"),
    ],
)
def test_bad_words_are_one_line_and_exit_code_two(giantstep, words, message):
    ran = giantstep(*COMMAND, *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_options_of_drawn_networks_are_refused_with_rows_of_data(giantstep):
    ran = giantstep(*COMMAND, "--data", "digits", "--widths", "30")
    assert (ran.code, ran.out) == (2, "")
    assert "widths: found with --data" in ran.err


def test_a_target_that_odd_features_cannot_see_is_a_warning(giantstep):
    document = giantstep(*SMALL[:-2], "--target", "He3(z1)", "--json").document
    assert ["linear part" in line or "kurtosis 93" in line for line in document["warnings"]] == [True, True]
    assert giantstep(*SMALL[:-2], "--target", "tanh(2*z1)", "--json").document["warnings"] == []
