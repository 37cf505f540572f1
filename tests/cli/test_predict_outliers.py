"""`predict outliers`: the contract's document, a simulation beside it, and one-line errors."""

from __future__ import annotations

import json

import pytest

import giantstep as gs

SMALL = ["predict", "outliers", "--target", "tanh(z1)", "--noise", "0.04", "--width", "200"]
SMALL += ["--dimension", "150", "--batch", "500", "--exponents", "0.3,0.3", "--constants", "1,2"]
KEYS = {
    "strength",
    "singular_value",
    "rung",
    "left_alignment",
    "right_alignment",
    "target_alignment",
    "informative",
}


def test_the_document_has_the_keys_of_the_contract(giantstep):
    ran = giantstep(*SMALL, "--reuse", "--json")
    document = ran.document
    assert ran.code == 0
    assert {"edge", "outliers", "count", "phase", "measured"} <= document.keys()
    assert set(document["phase"]) == {"floor", "rungs"}
    assert document["phase"] == {"floor": 1, "rungs": [0, 1]}
    assert document["count"] == len(document["outliers"]) >= 1
    assert all(set(row) == KEYS for row in document["outliers"])
    assert document["measured"] is None
    assert document["parameters"]["reuse"] is True
    assert document["parameters"]["exponents"] == [0.3, 0.3]


def test_the_document_holds_the_numbers_of_predict(giantstep):
    found = giantstep(*SMALL, "--readout", "uniform", "--activation", "He1+0.2*He2", "--json").document
    network = gs.Network(200, "He1+0.2*He2", readout="uniform", symmetric=False)
    theory = gs.predict.outliers(
        gs.Target.parse("tanh(z1)", noise=0.04),
        network,
        gs.Protocol.of_exponents([0.3, 0.3], [1, 2], batch=500),
        dimension=150,
    )
    assert found["edge"] == float(theory.edge)
    values = theory.singular_value.values[theory.present.values].tolist()
    assert [row["singular_value"] for row in found["outliers"]] == values
    assert found["notes"] == json.loads(theory.attrs["notes"])


def test_a_simulation_is_laid_beside_with_standard_errors(giantstep):
    ran = giantstep(*SMALL, "--simulate", "3", "--json")
    measured = ran.document["measured"]
    assert measured["seeds"] == 3
    assert len(measured["count"]) == len(measured["spike_count"]) == 3
    assert abs(measured["outliers"][0]["strength_z"]) < 20
    first = measured["outliers"][0]
    assert first["rung"] == 0
    assert first["visible"] == 1
    assert first["singular_value_se"] > 0
    assert abs(first["singular_value_z"]) < 20
    again = giantstep(*SMALL, "--simulate", "3", "--threads", "1", "--json").document
    assert again["measured"] == measured
    one = giantstep(*SMALL, "--simulate", "1", "--json").document["measured"]["outliers"][0]
    assert one["singular_value_z"] is None


def test_people_read_a_table_with_what_is_outside_the_theory(giantstep):
    text = giantstep(*SMALL, "--simulate", "2", "--loss", "square").out
    assert "the theory is for labels as gradient" in text
    assert "outside the theory" in text
    assert "2 seeds:" in text
    assert "spikes of a strength that leaves the initial bulk" in " ".join(text.split())
    none = giantstep(*SMALL[:-4], "--exponents", "0", "--constants", "0.5").out
    assert "no outlier" in none
    assert "no rung leaves the bulk" in none


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--exponents", "0.5,0.3"), "exponents: found 0.5, expected exponents from 0 to below 0.5"),
        (("--exponents", "0.4,x"), "exponents: found 'x', expected a finite number"),
        (("--constants", "1"), "constants: found 1 for 2 exponents"),
        (("--constants", "1,-3"), "constants: found -3, expected numbers > 0"),
        (("--activation", "He2"), "activation: found c_1 = E sigma' = 0 of 'He2'"),
        (("--width", "3"), "width: found 3, expected a whole number from 4"),
        (("--dimension", "1"), "dimension: found 1, expected a whole number from 4"),
        (("--target", "z1**2"), "labels of mean 1, expected E y = 0"),
        (("--target", "z1*z2"), "expected rank 1"),
        (("--readout", "constant"), "expected gaussian, uniform, rademacher"),
        (("--ladder", "effektive"), "did you mean 'effective'?"),
        (("--loss", "mse"), "loss: found 'mse'"),
        (("--simulate", "0"), "simulate: found 0"),
        (("--exponents", "0.1,0.1,0.1", "--constants", "1,1,1"), "expected one or two"),
        (("--reusee",), "there is no such option; did you mean '--reuse'"),
    ],
)
def test_bad_input_is_one_line_and_code_two(giantstep, words, message):
    given = list(SMALL)
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name in given:
            given[given.index(name) + 1] = value
        else:
            given += [name, value]
    ran = giantstep(*given, *(words if len(words) == 1 else ()))
    assert ran.code == 2
    assert ran.out == ""
    assert message in ran.err
    assert len(ran.err.strip().splitlines()) == 1
