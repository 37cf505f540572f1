"""`predict minimax`: the document, a game beside it, warnings in the output, one-line errors."""

from __future__ import annotations

import pytest

import giantstep as gs
from giantstep.targets.moment_clock import Clock

WORDS = ["predict", "minimax", "--until", "2", "--at", "1,2"]
PLAY = ["--simulate", "2", "--width", "20", "--output-scale", "2,8"]


def test_the_document_holds_the_numbers_of_predict(giantstep):
    ran = giantstep(*WORDS, "--json")
    assert ran.code == 0
    theory = gs.predict.descent_ascent(clock=Clock(2.0, 0.05, at=(1.0, 2.0)))
    assert [point["gap_integral"] for point in ran.document["points"]] == theory.gap_integral.values.tolist()
    assert ran.document["constant"] == theory.attrs["constant"]
    assert ran.document["naive_bias"] == pytest.approx(0.1296)
    assert "simulation" not in ran.document


def test_games_lie_beside_with_errors_and_their_frozen_flow(giantstep):
    found = giantstep(*WORDS, *PLAY, "--json").document["simulation"]
    assert [row["output_scale"] for row in found["scales"]] == [2.0, 8.0]
    last = [row["points"][-1] for row in found["scales"]]
    assert last[1]["frozen_distance"] < 0.2 * last[0]["frozen_distance"]
    assert last[0]["error_se"] > 0
    assert last[0]["dual_movement_sup"] >= last[0]["dual_movement"] > 0
    assert (found["movement"], found["method"], found["status"]) == ("exact", "population", ["completed"])


def test_the_warnings_are_printed(giantstep):
    ran = giantstep(*WORDS, *PLAY, "--unpaired")
    assert "explicit Euler" in ran.out
    assert "not paired" in ran.out
    assert "finite network's kernel" in ran.out
    penalised = giantstep(*WORDS, "--penalty", "0.02")
    assert "no finite V(0)" in penalised.out


def test_policy_evaluation_is_the_second_problem(giantstep):
    ran = giantstep("predict", "minimax", "policy-evaluation", "--until", "1", "--discount", "0.5", "--json")
    assert ran.document["problem"] == "policy-evaluation"
    assert ran.document["constant"] == pytest.approx(1.1420883374643216)


def test_one_seed_has_no_standard_error(giantstep):
    words = ["--simulate", "1", "--width", "10", "--output-scale", "1", "--method", "online", "--json"]
    point = giantstep(*WORDS, *words).document["simulation"]["scales"][0]["points"][0]
    assert point["error_se"] is None
    assert point["gap_integral"] is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["bandit"], "problem: found 'bandit'"),
        (["policy-evalution"], "did you mean 'policy-evaluation'"),
        (["--discount", "0.5"], "it belongs to policy-evaluation"),
        (["policy-evaluation", "--confounding", "0.5"], "it belongs to instrumental-variable"),
        (["--correlation", "1.5"], "correlation: found 1.5"),
        (["--penalty", "-1"], "penalty: found -1.0"),
        (["--step", "0"], "step: found 0.0"),
        (["--at", "1,1000"], "at: found"),
        (["--orthonormal-solution", "1,nan"], "finite number"),
        (["--orthonormal-solution", "1", "--orthonormal-pull", "1"], "expected one"),
        (["--simulate", "2", "--width", "21"], "even number"),
        (["--simulate", "2", "--output-scale", "0"], "output_scale"),
        (["--simulate", "2", "--method", "both"], "method: found 'both'"),
        (["--simulate", "0"], "simulate: found 0, expected a number of seeds"),
        (["--unpaired"], "unpaired: found without --simulate"),
        (["--method", "online"], "method: found without --simulate"),
        (["--orthonormal-pull", "1e200"], "expected sizes up to 1e+30"),
        (["--confounding", "1e200"], "confounding: found 1e+200"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(giantstep, words, line):
    ran = giantstep("predict", "minimax", *words)
    assert ran.code == 2
    assert line in ran.err
    assert ran.err.count("\n") == 1
