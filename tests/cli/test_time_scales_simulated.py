"""`predict time-scales --simulate`: the finite network beside its limit, and what it warns of."""

from __future__ import annotations

import pytest

WORDS = ["predict", "time-scales", "--orthonormal-activation", "0.5,0.8", "--orthonormal-target", "0.5,1"]
WORDS += ["--width", "8", "--time-scale-ratio", "1e-2", "--simulate", "2"]


def test_the_deviation_is_in_the_document_and_the_order_of_limits_among_the_warnings(giantstep):
    ran = giantstep(*WORDS, "--until", "0.5", "--json")
    assert ran.code == 0
    (point,) = ran.document["simulation"]["points"]
    assert point["deviation"] > 0.05
    assert point["deviation_se"] > 0
    assert any("log(1/ratio)" in line for line in ran.document["warnings"])
    assert ran.document["parameters"]["dimension"] == 400


def test_without_a_ratio_the_finite_network_is_simulated_where_it_is_cheap(giantstep):
    words = [word for word in WORDS if word not in ("--time-scale-ratio", "1e-2")]
    (point,) = giantstep(*words, "--until", "0.1", "--json").document["simulation"]["points"]
    assert point["time_scale_ratio"] == 0.01


def test_sgd_runs_and_the_table_says_how_far_it_is(giantstep):
    ran = giantstep(*WORDS, "--until", "0.1", "--method", "sgd", "--step", "5e-3", "--dimension", "20")
    assert "simulated at eps = 0.01: largest distance" in ran.out
    assert "steps are not small" in ran.out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--method", "sgd", "--step", "0.02"], "Use a step of 0.0002"),
        (["--method", "adam"], "method: found 'adam'"),
        (["--method", "sgd", "--batch", "0"], "batch: found 0"),
        (["--batch", "30"], "batch: found with method flow, which takes no samples. Add --method sgd"),
        (["--step", "1e-3"], "step: found with method flow"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(giantstep, words, line):
    ran = giantstep(*WORDS, *words)
    assert ran.code == 2
    assert line in ran.err
    assert ran.err.count("\n") == 1
