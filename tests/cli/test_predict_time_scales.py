"""`predict time-scales`: the document, the numbers of predict, one-line errors."""

from __future__ import annotations

import pytest

import giantstep as gs
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart

WORDS = ["predict", "time-scales", "--orthonormal-activation", "0.5,0.8", "--orthonormal-target", "0.5,1"]
WORDS += ["--width", "8", "--seeds", "2", "--time-scale-ratio", "1e-2,1e-3"]


def test_the_document_holds_the_numbers_of_predict(giantstep):
    ran = giantstep(*WORDS, "--json")
    assert ran.code == 0
    assert set(ran.document) == {"parameters", "warnings", "points"}
    theory = gs.predict.learning_times(
        HermiteComponents((0.5, 0.8), (0.5, 1.0)),
        time_scale_ratio=[1e-2, 1e-3],
        start=ParticleStart(width=8, seeds=2),
    )
    second = ran.document["points"][1]
    assert second["time_scale_ratio"] == 1e-3
    assert [row["time"] for row in second["components"]] == theory.mean_time.values[1].tolist()
    assert second["components"][1]["local_slope"] == float(theory.local_slope[1, 1])
    assert ran.document["points"][0]["components"][0]["local_slope"] is None


def test_the_table_shows_local_slopes_and_the_limit(giantstep):
    ran = giantstep(*WORDS)
    assert "local slope" in ran.out
    assert "exponent" in ran.out
    assert "d -> infinity" in ran.out


def test_nouns_make_the_same_components_as_their_coefficients(giantstep):
    common = ["--width", "4", "--seeds", "1", "--time-scale-ratio", "1e-2", "--json"]
    nouns = giantstep(
        "predict", "time-scales", "z1+He2(z1)", "--activation", "He1+0.5*He2", "--degree", "2", *common
    )
    lists = giantstep(
        "predict", "time-scales", "--orthonormal-activation", "0,1,0.7071067811865476",
        "--orthonormal-target", "0,1,1.4142135623730951", *common,
    )  # fmt: skip
    first, second = (ran.document["points"][0]["components"][2]["time"] for ran in (nouns, lists))
    assert first == pytest.approx(second, rel=1e-6)


def test_a_ratio_too_small_exits_1_and_says_why(giantstep):
    ran = giantstep(*WORDS[:-1], "1e-19", "--json")
    assert ran.code == 1
    assert ran.document["points"][0]["status"] == ["too_stiff", "too_stiff"]
    assert "1e-18" in ran.document["points"][0]["messages"][0]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "found no target"),
        (["z1*z2"], "a function of z1 alone"),
        (["z1", "--orthonormal-target", "1,2"], "a mixture of nouns and coefficients"),
        (["--orthonormal-target", "1,2"], "a mixture of nouns and coefficients"),
        (["z1", "--time-scale-ratio", "3"], "between 0 and 1"),
        (["z1", "--time-scale-ratio", "nan"], "finite number"),
        (["--orthonormal-target", "1,nan", "--orthonormal-activation", "1,2"], "finite number"),
        (["z1", "--degree", "99"], "degree: found 99"),
        (["z1", "--width", "1"], "width: found 1"),
        (["z1", "--step", "1e-4"], "step: found without --simulate"),
        (["z1", "--seeds", "2", "--simulate", "2"], "seeds, simulate: found both"),
        (["--orthonormal-target", "1,1e200", "--orthonormal-activation", "1,2"], "nearer to 1"),
        (["--orthonormal-target", "1,1", "--orthonormal-activation", "1e-200,2"], "nearer to 1"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(giantstep, words, line):
    ran = giantstep("predict", "time-scales", *words)
    assert ran.code == 2
    assert line in ran.err
    assert ran.err.count("\n") == 1
