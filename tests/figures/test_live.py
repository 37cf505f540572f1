"""Every figure of one live Dataset: axes with titles, bars over seeds, theory as lines, no NaN."""

from __future__ import annotations

import numpy as np
import pytest
from tests.figures import live

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies.learning_walk import CurveSetting, learning_walk


def test_overlaps_climb_with_bars_over_seeds_beside_theory_and_the_predicted_step():
    chart = draw("stairway", live.run(), theory=live.theory(), certificate=live.certificate())
    assert live.titles(chart) == {"giant steps t", "overlap, root mean square over neurons of w·v"}
    points = live.rows(chart, "point")
    assert {row["name"] for row in points} == {"z1: predicted at step 1", "z2: predicted at step 2"}
    assert all(row["low"] < row["value"] < row["high"] for row in points)
    first = [row["value"] for row in live.rows(chart, "line") if row.get("name", "").startswith("z1")]
    rms = (live.theory().overlaps.sel(direction="z1") ** 2).mean("neuron") ** 0.5
    assert first == pytest.approx(rms.values)
    assert live.finite(chart)


def test_a_prediction_alone_is_drawn_as_lines():
    assert live.rows(draw("stairway", live.theory()), "line")
    assert not live.rows(draw("stairway", live.theory()), "point")


def test_a_direction_never_learnt_says_so():
    tanh = gs.Network(width=8, activation="tanh")
    certificate = gs.analyze(live.TARGET, tanh, live.PROTOCOL)
    names = {row.get("name") for row in live.rows(draw("stairway", live.run(), certificate=certificate))}
    assert "z2: predicted not learnt" in names


def test_neurons_stand_inside_the_circle_and_theory_among_them():
    chart = draw("overlap-plane", live.run(), theory=live.theory())
    panels = chart.to_dict()["vconcat"][0]["hconcat"]
    assert [panel["title"]["text"] for panel in panels] == ["d = 300: t = 0", "t = 1", "t = 2"]
    assert live.titles(chart) == {"cosine with z1", "cosine with z2"}
    dots = [row for row in live.rows(chart, "point") if row["name"].startswith("simulation")]
    assert len(dots) == 3 * 3 * 8
    assert max(np.hypot(row["x"], row["y"]) for row in dots) <= 1
    expected = [row for row in live.rows(chart, "point") if row["name"].startswith("theory")]
    assert {round(row["x"], 1) for row in expected if row["y"] > 0.05} == {-0.5, 0.5}
    assert live.finite(chart)


def test_the_plane_may_be_chosen_and_steps_too():
    chart = draw("overlap-plane", live.run(), plane=("z2", "z1"), steps=[2])
    assert live.titles(chart) == {"cosine with z1", "cosine with z2"}
    assert len(chart.to_dict()["vconcat"][0]["hconcat"]) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"plane": ("z1", "z9")}, "plane: found 'z9', expected two of z1, z2"),
        ({"plane": ("z1", "z1")}, "expected two of z1, z2"),
        ({"steps": [7]}, "expected whole numbers from 0 to 2"),
    ],
)
def test_a_plane_that_is_not_there_is_named(options, message):
    with pytest.raises(SpecError, match=message):
        draw("overlap-plane", live.run(), **options)


def test_one_direction_has_no_plane():
    one = gs.predict.overlaps(gs.Target.parse("z1"), live.NETWORK, live.PROTOCOL, samples=20_000)
    with pytest.raises(SpecError, match="found no target of two directions"):
        draw("overlap-plane", one)


def test_of_many_neurons_some_are_drawn_and_the_figure_says_so():
    wide = gs.simulate(live.TARGET, gs.Network(width=500), live.PROTOCOL, dimension=600, seeds=2)
    chart = draw("overlap-plane", wide)
    assert "700 more neurons are not drawn." in chart.to_dict()["title"]["subtitle"]
    assert len(live.rows(chart, "point")) == 3 * 300


def test_learning_curves_of_several_steps_have_lines_of_their_own():
    theory = live.features(learning_rate_ratio=(0.5, 1.5))
    still = live.features(learning_rate_ratio=0.0)
    chart = draw("learning-curves", theory, baseline=still, isotropic=live.features(theory="isotropic"))
    assert live.titles(chart) == {"samples of the readout, n / d", "test error, E (y - f)²"}
    names = {row["name"] for row in live.rows(chart, "line")}
    assert names == {"η = 0.5", "η = 1.5", "random features (no step)", "after one step"}
    assert live.finite(chart)


def test_a_simulated_curve_has_bars_and_the_dimension():
    setting = CurveSetting(gs.Target.parse("sin(z1)"), "tanh", 1.5, 4.0, 1.0, 0.1, (0.5, 1.0))
    walked = learning_walk(setting, dimension=60, seeds=3)
    chart = draw("learning-curves", walked.theories["structured"], measured=walked.data)
    assert all(row["low"] < row["value"] < row["high"] for row in live.rows(chart, "point"))
    assert any("d = 60" in line for line in chart.to_dict()["title"]["subtitle"])


def test_wrong_curves_are_named():
    with pytest.raises(SpecError, match="did you mean 'test_error'"):
        draw("learning-curves", live.features(), quantity="test_eror")
    with pytest.raises(SpecError, match="needs test_error over sample_ratio"):
        draw("learning-curves", live.theory())


def test_the_spike_map_follows_the_first_batch_and_the_step():
    batches = live.features(first_batch_ratio=(1.0, 4.0, 16.0), learning_rate_ratio=(1.0, 2.0))
    chart = draw("spike-map", batches)
    quantities = {"spike strength r", "spike alignment γ = v·θ", "bulk scale c"}
    assert live.titles(chart) == {"first batch n0 / d", *quantities}
    strengths = [row for row in live.rows(chart, "line") if row["what"] == "spike_strength"]
    assert {row["name"] for row in strengths} == {"η = 1", "η = 2"}
    assert strengths[0]["value"] == pytest.approx(float(batches.spike_strength[0, 0]))
    steps = draw("spike-map", live.features(learning_rate_ratio=(0.0, 1.0, 2.0)))
    assert "step η = learning rate / p" in live.titles(steps)
    alignments = [row["x"] for row in live.rows(steps) if row["what"] == "spike_alignment"]
    assert alignments == [1.0, 2.0]


def test_one_point_makes_no_map():
    with pytest.raises(SpecError, match="expected several of one of them"):
        draw("spike-map", live.features())
    with pytest.raises(SpecError, match="needs spike_strength and spike_alignment"):
        draw("spike-map", live.theory())


def test_errors_stand_beside_the_bounds_of_every_step():
    bounds = gs.predict.bounds(live.TARGET, live.certificate().subspaces)
    chart = draw("beyond-kernel", live.run(), bounds=bounds)
    assert live.titles(chart) == {"giant steps t", "test error without the noise, E (g - f)²"}
    points = live.rows(chart, "point")
    assert [row["step"] for row in points] == [0.0, 2.0]
    assert points[0]["value"] == pytest.approx(float(live.run().test_error_no_step.mean()))
    assert [row["value"] for row in live.rows(chart, "line")] == [1.0, 1.0, 0.0, 0.0, 0.0]
    assert live.rows(draw("beyond-kernel", bounds), "line")
    with pytest.raises(SpecError, match="needs a readout refitted with a ridge"):
        draw("beyond-kernel", live.theory())
