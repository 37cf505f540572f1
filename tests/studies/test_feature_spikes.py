"""The study of feature spikes: summary, tables, verdict and figure."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from giantstep import Target
from giantstep import asymptotics as predict
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies import Study, drawable, feature_spikes, load, report, run
from giantstep.studies.judgement import judge
from giantstep.studies.spike_walk import FORMS

SMALL = """
title = "Small spikes: as a test"
figure = "feature-spikes"

[[sweep]]
kind = "feature-spikes"
target = {expression = "z1 + 0.5*He2(z1)", noise = 0.09}
activation = "He1 + 0.5*He2"
dimension = 60
sample_ratio = 2
width_ratio = 1.4
ridge = 0.7
seeds = 3
product.step_exponent = [0, 0.3]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("spikes")
    assert run(Study.parse(SMALL), place, workers=1).failures == ()
    return place


@pytest.fixture(scope="module")
def data(folder):
    return drawable(folder, "feature-spikes")


def test_the_summary_holds_runs_beside_both_forms(data):
    assert data.runs.values.tolist() == [[3, 3]]
    theory = predict.spikes(
        Target.parse("z1 + 0.5*He2(z1)", noise=0.09),
        "He1+0.5*He2",
        dimension=60,
        sample_ratio=2.0,
        width_ratio=1.4,
        step_exponent=[0, 0.3],
        ridge=0.7,
    )
    stored = data.isel(setting=0).sel(form="full")
    np.testing.assert_array_equal(stored.predicted_test_improvement, theory.test_improvement)
    assert stored.predicted_singular_value.sel(step_exponent=0).isnull().all()
    assert float(data.edge[0]) == float(theory.edge[0])
    first = data.isel(setting=0).sel(features="network", spike_order=1, step_exponent=0.3)
    assert abs(float(first.singular_value) - float(theory.singular_value[1, 0])) < 10 * float(
        first.singular_value_se
    )
    (notes,) = json.loads(data.attrs["notes"]).values()
    assert any("variance term inside" in note for note in notes)


def test_the_tables_say_which_form_and_how_far_surrogates_are(folder):
    which, left, surrogates = report(folder, "feature-spikes")
    assert [row["exponent"] for row in which.rows] == [0.3]
    assert which.rows[0]["full"] > which.rows[0]["leading"]
    assert [row["exponent"] for row in left.rows] == [0.0, 0.3]
    assert 0 < left.rows[1]["measured_1"][0] < 1
    assert left.rows[1]["theory_1"] > 0.5
    assert "variance term inside" in left.note
    assert len(surrogates.rows) == 2 * 3
    row = surrogates.rows[0]
    mean, error = row["train_improvement"]
    t = (mean - row["train_improvement_theory"]) / error
    assert stats.norm.sf(abs(row["train_improvement_z"])) == pytest.approx(stats.t.sf(abs(t), 2), rel=1e-6)
    assert row["train_improvement_z"] * t > 0


def test_the_verdict_stands_on_the_surrogates_and_names_the_network(folder):
    found = judge(folder, "feature-spikes")
    assert found.entries == 2 * 3 * 2
    assert "the network's spike 2 is off by" in found.reason


def test_left_vectors_far_below_their_limit_are_said_beside_the_verdict(data):
    limit = data.predicted_left_alignment.sel(form="full", drop=True)
    near, far = (data.assign(left_alignment=limit - by + 0 * data.left_alignment) for by in (0.05, 0.45))
    assert "left vectors" not in feature_spikes.judge(near).reason
    found = feature_spikes.judge(far).reason
    assert "its left vectors lie up to 0.45 in cos^2, its test gain up to" in found
    assert found.endswith("below the limit at this width")


def test_the_figure_has_a_panel_a_quantity_and_lines_of_both_forms(data):
    chart = draw("feature-spikes", data).to_dict()
    (column,) = chart["hconcat"]
    assert len(column["vconcat"]) == 4
    rows = [row for rows in chart["datasets"].values() for row in rows]
    assert {row["form"] for row in rows if "form" in row} == set(FORMS)
    assert {row["kind"] for row in rows if "low" in row} == {
        "spike 1", "spike 2", "network", "F0 + spike 1", "F0 + both spikes",
    }  # fmt: skip
    with pytest.raises(SpecError, match="found no feature spikes"):
        draw("feature-spikes", data.drop_vars("line_singular_value"))


def test_a_prediction_alone_is_drawn_as_lines():
    asked = dict(dimension=60, sample_ratio=2.0, width_ratio=1.4, ridge=0.7, form="leading")
    target = Target.parse("z1 + 0.5*He2(z1)")
    theory = predict.spikes(target, "He1+0.5*He2", step_exponent=[0.1, 0.2, 0.3, 0.4], **asked)
    rows = [row for rows in draw("feature-spikes", theory).to_dict()["datasets"].values() for row in rows]
    assert {row["form"] for row in rows if "form" in row} == {"leading"}
    assert not [row for row in rows if "low" in row]
    with pytest.raises(SpecError, match="several step exponents"):
        draw("feature-spikes", predict.spikes(target, "He1+0.5*He2", step_exponent=0.3, **asked))


def test_other_studies_are_not_taken_for_feature_spikes(tmp_path):
    text = SMALL.replace("product.step_exponent = [0, 0.3]", "learning_rate = 3")
    assert run(Study.parse(text), tmp_path, workers=1).failures == ()
    with pytest.raises(SpecError, match="found no run of that kind with a step_exponent"):
        drawable(tmp_path, "feature-spikes")


def test_the_built_in_study_has_its_twins():
    studies = [load("feature-spikes", variant=variant) for variant in ("quick", None, "full")]
    assert {study.figure for study in studies} == {"feature-spikes"}
    assert [len(study.points) for study in studies] == [48, 216, 324]
