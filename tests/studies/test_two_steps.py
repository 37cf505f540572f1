"""The study of two giant steps: the kind of point, its summary, tables, verdict and figure."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies import Study, collect, drawable, load, report, run, two_steps
from giantstep.studies.judgement import judge
from giantstep.studies.store import Store

SMALL = """
title = "Small outliers"
figure = "two-steps"

[[sweep]]
kind = "weight-outliers"
dimension = 100
seeds = 3
spectrum = true
target = {expression = "tanh(z1)", noise = 0.01}
network = {width = 150, activation = "He1+0.2*He2", readout = "uniform", symmetric = false}
exponents = [0.4, 0.3]
constants = [1, 3]
batch = "2.5d"
product.reuse = [false, true]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("outliers")
    assert run(Study.parse(SMALL), place, workers=1).failures == ()
    return place


@pytest.fixture(scope="module")
def data(folder):
    return drawable(folder, "two-steps")


def test_a_point_holds_what_both_verbs_give(folder):
    stored = collect(folder)
    assert stored.singular_value.dims == ("reuse", "replicate", "step", "outlier")
    network = gs.Network(150, "He1+0.2*He2", readout="uniform", symmetric=False)
    protocol = gs.Protocol.of_exponents([0.4, 0.3], [1, 3], batch="2.5d", reuse=True)
    target = gs.Target.parse("tanh(z1)", noise=0.01)
    theory = gs.predict.outliers(target, network, protocol, dimension=100)
    direct = gs.simulate_outliers(target, network, protocol, dimension=100, seeds=2, threads=1)
    at = stored.isel(reuse=1)
    np.testing.assert_array_equal(at.singular_value.values[:2], direct.singular_value.values)
    np.testing.assert_array_equal(at.predicted_singular_value.values[0], theory.singular_value.values)
    assert (stored.status == "completed").all()
    # Fresh and reused runs share what comes before the second batch.
    np.testing.assert_array_equal(
        stored.singular_value.isel(reuse=1).values[:, :2],
        stored.singular_value.isel(reuse=0).values[:, :2],
    )


def test_the_summary_lays_theory_and_runs_side_by_side(data):
    assert data.setting.values.tolist() == ["IE 1, fresh", "IE 1, reused"]
    assert (data.runs == 3).all()
    first = data.isel(spike=0)
    # Scores on the scale of a normal law: four of them.
    assert (np.abs(first.singular_value_z) < 3.5).all()
    assert (np.abs(first.target_alignment_z) < 3.5).all()
    assert data.outlier_count.shape == (2, 50, 50)
    assert float(data.outlier_count.max()) == 2
    assert data.spectrum.shape == (2, 100)


def test_the_table_and_the_verdict_stand_on_z_scores(folder):
    ladders, spectrum = report(folder, "two-steps")
    assert {row["setting"] for row in ladders.rows} == {"IE 1, fresh", "IE 1, reused"}
    assert {
        "predicted_strength",
        "naive_strength",
        "strength",
        "z_target_alignment",
    } <= ladders.columns.keys()
    assert {"predicted_singular_value", "z_singular_value", "edge"} <= spectrum.columns.keys()
    for table in (ladders, spectrum):
        assert len(table.columns) <= 10  # a terminal has room for no more
        assert all(table.columns.keys() <= row.keys() for row in table.rows)
    found = judge(folder, "two-steps")
    assert found.entries >= 4
    assert "rms z" in found.reason


def test_the_verdict_says_how_far_higher_rungs_and_their_strengths_are_off(data):
    reason = two_steps.judge(data.assign(strong=data.predicted_present)).reason
    for words, name in (("higher rungs are off", "singular_value"), ("their strengths", "strength")):
        ratios = (data[name] / data[f"predicted_{name}"]).isel(spike=1)
        assert f"{words} by {100 * (float(ratios.mean()) - 1):+.0f} %" in reason


def test_a_store_from_before_strengths_were_measured_is_still_summed_up(folder, monkeypatch):
    read = Store.read

    def older(self, name):
        found = read(self, name)
        return replace(
            found, variables={key: value for key, value in found.variables.items() if "strength" not in key}
        )

    monkeypatch.setattr(Store, "read", older)
    found = drawable(folder, "two-steps")
    assert found.strength.isnull().all()
    assert found.singular_value.notnull().any()
    assert "strengths" not in judge(folder, "two-steps").reason


def test_the_figure_has_a_column_a_target_with_five_rows(data):
    (column,) = draw("two-steps", data).to_dict()["hconcat"]
    assert len(column["vconcat"]) == 5
    assert [part["title"]["text"] for part in column["vconcat"][:4]] == 2 * ["IE 1, fresh", "IE 1, reused"]
    with pytest.raises(SpecError, match="found no outliers"):
        draw("two-steps", data.drop_vars("predicted_singular_value"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[0.4, 0.3]", "[0.6, 0.3]"), r"sweep\[0\].exponents: learning_rate: found 0.6"),
        (("[1, 3]", "[1]"), r"sweep\[0\].constants: constants: found 1 for 2"),
        (('"tanh(z1)"', '"relu(z1)"'), r"sweep\[0\].target: target: found labels of mean 0.39"),
        (("symmetric = false", "symmetric = true"), r"sweep\[0\].network: network: found symmetric=True"),
        (("batch =", "bacth ="), "did you mean 'batch'"),
        (("dimension = 100", "dimension = 3"), r"sweep\[0\].dimension: dimension: found 3"),
        (("tanh(z1)", "z1*z2"), r"sweep\[0\].target: target: found rank 2"),
    ],
)
def test_points_that_cannot_be_are_named_before_anything_runs(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(SMALL.replace(*change))


def test_runs_of_other_kinds_are_not_taken_for_outliers(tmp_path):
    other = 'figure = "two-steps"\n[[sweep]]\nkind = "certificate"\ntarget = "z1"\n'
    run(Study.parse(other), tmp_path, workers=1)
    with pytest.raises(SpecError, match="found no point of kind 'weight-outliers'"):
        drawable(tmp_path, "two-steps")


def test_the_built_in_study_demonstrates_exponents_one_two_and_three():
    study = load("two-steps")
    assert study.figure == "two-steps"
    assert len(load("two-steps", variant="quick").points) < len(study.points)
    assert len(load("two-steps", variant="full").points) > len(study.points)
    seen = {}
    for point in study.points:
        spec = json.loads(point.task)
        target = gs.Target.parse(spec["target"]["expression"], noise=spec["target"]["noise"])
        theory = gs.predict.outliers(
            target,
            gs.Network(**spec["network"]),
            gs.Protocol.from_spec(spec["protocol"]),
            dimension=spec["dimension"],
        )
        key = (theory.attrs["target"][:6], bool(theory.attrs["reuse"]))
        seen[key] = theory.rung.values[theory.informative.values].tolist()
    assert seen == {
        ("tanh(z", False): [0, 2],
        ("tanh(z", True): [0, 2],
        ("3*tanh", False): [],
        ("3*tanh", True): [1, 2],
        ("1.2*mi", False): [],
        ("1.2*mi", True): [2],
    }
