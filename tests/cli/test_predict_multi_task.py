"""`predict multi-task`: the document, a simulation beside it, warnings and one-line errors."""

from __future__ import annotations

import pytest

COMMAND = ("predict", "multi-task", "--dimension", "60", "--width", "50", "--tasks", "40")


def test_the_document(giantstep):
    ran = giantstep(*COMMAND, "--samples", "10d,40d", "--json")
    document = ran.document
    assert ran.code == 0
    assert [point["samples"] for point in document["points"]] == [600, 2400]
    assert document["points"][0]["alignment"] < document["points"][1]["alignment"] < 1
    assert document["parameters"]["balanced"] is True
    assert document["warnings"] == []


def test_a_simulation_and_downstream_accuracies(giantstep):
    document = giantstep(*COMMAND, "--simulate", "3", "--downstream", "50,100", "--json").document
    found = document["simulation"]
    assert abs(found["points"][0]["alignment_z"]) < 4
    kinds = {row["representation"] for row in found["downstream"]}
    assert kinds == {"multi", "single", "random", "oracle"}
    assert len(found["downstream"]) == 8


def test_unbalanced_tasks_are_a_warning(giantstep):
    ran = giantstep(*COMMAND, "--unbalanced")
    assert ran.code == 0
    assert "Balance the tables, or centre the labels." in ran.out.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rank", "0"), "rank: found 0"),
        (("--rank", "9"), "rank: found 9"),
        (("--rank", "4", "--samples", "nan"), "samples: found nan"),
        (("--samples", "0"), "samples"),
        (("--layer-samples", "0"), "layer_samples: found 0"),
        (("--simulate", "0"), "simulate: found 0"),
        (("--downstream", "50"), "Add --simulate"),
        (("--simulate", "2", "--downstream", "2"), "downstream samples: found 2"),
        (("--fresh", "--unbalanced"), "Balance the tables"),
        (("--seed", "-1"), "seed: found -1"),
        (("--bogus",), "no such option"),
    ],
)
def test_bad_words_are_one_line_and_exit_code_two(giantstep, words, message):
    ran = giantstep(*COMMAND, *words)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_layer_too_narrow_for_the_bits_is_a_warning(giantstep):
    document = giantstep("predict", "multi-task", "--width", "2", "--layer-samples", "900", "--json").document
    assert document["points"][0]["conditioning_width"] == 0
    assert "width: 2 cannot span 3 directions" in document["warnings"][-1]
    assert document["parameters"]["layer_samples"] == 900


def test_a_number_of_tasks_that_is_none_names_both_ways(giantstep):
    ran = giantstep("predict", "multi-task", "--tasks", "inf")
    assert (ran.code, ran.out) == (2, "")
    assert "tasks: found 'inf', expected a whole number, or infinite" in ran.err
