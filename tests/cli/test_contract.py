"""What analyze, simulate, run, studies and show print: the contract of the design."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from giantstep import Network, Protocol, Step
from giantstep.cli.app import tidy
from giantstep.cli.options import Training

from .runs import QUICK


def test_analyze_prints_every_key_of_the_contract(giantstep):
    document = giantstep("analyze", "z1 + z1*z2", "--json").document
    keys = {
        *("target", "rank", "effective_rank", "information_exponent", "leap", "generative_exponent"),
        *("generative_leap", "batch_exponent", "reuse", "preprocess", "steps", "learned_dimension"),
        *("fully_learned", "status"),
    }
    assert keys <= document.keys()
    assert {"step", "dimension", "basis", "reasons"} <= document["steps"][0].keys()
    assert [step["dimension"] for step in document["steps"]] == [1, 2]
    assert document["fully_learned"] is True
    assert document["status"] == "decided"


def test_an_infinite_exponent_is_null(giantstep):
    document = giantstep("analyze", "z1 + z1*z2", "--activation", "tanh", "--json").document
    assert document["leap"] is None
    assert document["learned_dimension"] == 1


def test_biases_cure_the_blindness_of_tanh_with_and_without_a_number(giantstep):
    for words in (["--bias"], ["--bias", "0.5"]):
        document = giantstep("analyze", "stair2", "--activation", "tanh", *words, "--json").document
        assert document["fully_learned"], words


def test_the_words_say_what_the_activation_cannot_see(giantstep):
    ran = giantstep("analyze", "stair2", "--activation", "tanh")
    assert ran.code == 0
    assert "z1 + z1*z2" in ran.out
    assert "stops at 1 of 2" in ran.out
    assert "never learns (0, 1)" in " ".join(ran.out.split())


@pytest.mark.parametrize("target", ["-z1*z2", "-(z1 + z2)", "--z1"])
def test_a_target_may_begin_with_a_minus(giantstep, target):
    assert giantstep("analyze", target, "--json").code == 0


def test_catalog_names_and_expressions_are_the_same_target(giantstep):
    named, typed = giantstep("analyze", "stair2", "--json"), giantstep("analyze", "z1 + z1*z2", "--json")
    assert named.document == typed.document


def test_theory_and_simulation_take_the_same_network_and_protocol_with_the_same_defaults():
    # Every field of the nouns that a run may vary is an option, and its default is the noun's own.
    options = {field.name for field in fields(Training)}
    named = {field.name for field in (*fields(Network), *fields(Step))}
    assert options == named - {"rows"} | {"steps"}
    assert Training().network() == Network(width=8)
    assert Training().protocol() == Protocol.repeat(3, batch="3d", learning_rate=3.0)


def test_weight_decay_shrinks_the_rows_that_are_measured(giantstep):
    norms = []
    for decay in ("0", "0.1"):
        words = ("simulate", "z1", *QUICK, "--learning-rate", "0.5", "--weight-decay", decay, "--json")
        norms.append(giantstep(*words).document["steps"][-1]["self_overlaps"])
    # The same draws: nearly all of a row is its start, which two steps at rate 0.5 shrink by 0.95^2.
    assert norms[1] / norms[0] == pytest.approx(0.95**4, rel=0.02)


def test_noise_on_the_command_line_replaces_the_catalogs(giantstep):
    assert giantstep("analyze", "noisy_coupled_He3", "--noise", "0", "--json").code == 0


def test_simulate_prints_every_key_of_the_contract(giantstep):
    ran = giantstep("simulate", "z1 + z1*z2", *QUICK, "--json")
    document = ran.document
    keys = {"engine", "dimension", "batch", "steps", "test_error", "test_error_se", "seconds"}
    assert keys <= document.keys()
    assert (ran.code, document["dimension"], document["batch"]) == (0, 300, 600)
    assert [step["step"] for step in document["steps"]] == [0, 1, 2]
    for step in document["steps"]:
        assert {
            *("step", "overlaps", "overlaps_se", "self_overlaps", "alignment", "alignment_se"),
            "predicted_dimension",
        } <= step.keys()
        assert len(step["overlaps"]) == len(step["overlaps_se"]) == 2
    assert document["steps"][0]["self_overlaps"] == pytest.approx(1.0)
    assert [step["predicted_dimension"] for step in document["steps"]] == [0, 1, 2]


def test_one_seed_has_no_standard_error(giantstep):
    document = giantstep("simulate", "z1", *QUICK[:-1], "1", "--json").document
    assert document["steps"][1]["overlaps_se"] == [None]
    assert document["steps"][1]["alignment_se"] is None
    assert document["test_error_se"] is None


def test_the_prediction_is_for_this_activation_and_batch(giantstep):
    tanh = giantstep("simulate", "stair2", *QUICK, "--activation", "tanh", "--json").document
    assert [step["predicted_dimension"] for step in tanh["steps"]] == [0, 1, 1]


def test_nothing_is_predicted_for_batches_well_below_d(giantstep):
    words = (
        "--dimension",
        "10^4",
        "--width",
        "4",
        "--batch",
        "100",
        "--steps",
        "1",
        "--seeds",
        "1",
        "--json",
    )
    document = giantstep("simulate", "z1", *words).document
    assert [step["predicted_dimension"] for step in document["steps"]] == [None, None]


def test_alignment_counts_the_effective_subspace_only(giantstep):
    # (z1 + z2) + (z1 + z2)^2 has rank 2 but one direction: alignment is within it, not the whole plane.
    document = giantstep("simulate", "redundant_ridge", *QUICK, "--json").document
    start = document["steps"][0]
    assert start["alignment"] < sum(value**2 for value in start["overlaps"])


def test_the_same_seed_gives_the_same_numbers_and_another_others(giantstep):
    first, again, other = (
        giantstep("simulate", "z1", *QUICK, "--seed", seed, "--json").document["steps"] for seed in "778"
    )
    assert first == again
    assert first != other


def test_a_run_that_diverges_exits_1_with_null_and_its_remedy(giantstep):
    ran = giantstep("simulate", "stair2", *QUICK, "--learning-rate", "1e30", "--json")
    assert ran.code == 1
    assert ran.document["steps"][2]["alignment"] is None
    assert "lower the learning rate" in ran.err


def test_simulate_prints_a_table_for_people(giantstep):
    ran = giantstep("simulate", "stair2", *QUICK, "--ridge", "1e-2,1e-1")
    assert ran.code == 0
    for words in ("d = 300", "dim 2", "±", "overlap z2", "test error", "engine"):
        assert words in ran.out
    assert ran.err == ""


def test_more_than_ten_minutes_wants_consent(giantstep):
    ran = giantstep("simulate", "z1", "--dimension", "1e9", "--batch", "d^1.5")
    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.err


def test_version_is_the_packages(giantstep):
    import giantstep as package

    assert giantstep("--version").out.strip() == package.__version__


def test_lists_of_targets_and_studies(giantstep):
    names = {row["name"] for row in giantstep("studies", "--targets", "--json").document}
    assert {"stair2", "He3", "relu_committee2"} <= names
    assert "stair2" in giantstep("studies", "--targets").out


def test_bare_bias_is_a_flag_and_bias_with_a_number_an_option():
    assert tidy(["analyze", "z1", "--bias", "--json"]) == ["analyze", "z1", "--bias=1", "--json"]
    assert tidy(["analyze", "z1", "--bias", ".5"]) == ["analyze", "z1", "--bias", ".5"]
    assert tidy(["simulate", "z1", "--bias"]) == ["simulate", "z1", "--bias"]


@pytest.mark.parametrize("command", ["analyze", "simulate", "run", "studies", "show", "figure"])
def test_every_option_is_explained(giantstep, command):
    ran = giantstep(command, "--help")
    assert ran.code == 0
    # An option without a sentence ends its line right after its name.
    assert not re.findall(r"│ \*?\s*(--[a-z-]+(?: [A-Z]+)?)\s*│", ran.out)


def test_several_dimensions_give_a_verdict(giantstep):
    words = ("simulate", "z1", "--dimension", "1e4,100,10^3", "--width", "4", "--batch", "4d", "--steps", "1")
    document = giantstep(*words, "--learning-rate", "4", "--seeds", "6", "--json").document
    assert (document["dimension"], document["dimensions"]) == (10**4, [100, 1000, 10**4])
    assert document["verdict"] == "agrees"


STUDY = """
schema_version = 1
title = "Two targets"

[[sweep]]
kind = "simulation"
theory = "certificate"
network = {width = 4, activation = "relu"}
protocol = {steps = 1, batch = "2d", learning_rate = 3}
product.target = ["stair2", "He2"]
zip.dimension = [100, 1000]
zip.seeds = [2, 2]
"""


def test_a_study_runs_shows_and_goes_on(giantstep, tmp_path):
    (tmp_path / "two.toml").write_text(STUDY, "utf-8")
    words = ("run", str(tmp_path / "two.toml"), "--out", str(tmp_path / "results"), "--workers", "1")
    plan = giantstep(*words, "--dry-run", "--json").document
    assert plan["done"] == 0
    assert not (tmp_path / "results").exists()
    first = giantstep(*words, "--json")
    assert (first.code, first.document["done"], first.document["failures"]) == (0, plan["points"], [])
    assert len(first.document["verdicts"]["rows"]) == 2
    again = giantstep(*words)
    assert again.code == 0
    assert f"{plan['points']} found done" in again.out
    for text in ("stair2", "predicted U_t", "verdict", str(tmp_path / "results")):
        assert text in again.out
    shown = giantstep("show", str(tmp_path / "results"), "--json").document
    assert (shown["done"], shown["points"]) == (plan["points"], plan["points"])
    # Verdicts that stand row by row are not said once more.
    assert shown["judgement"] is None
    assert "Two targets" in giantstep("show", str(tmp_path / "results")).out
