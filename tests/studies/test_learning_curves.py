"""The study of learning curves: runs beside both theories, tables and the figure."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep import Target
from giantstep import asymptotics as predict
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies import Study, drawable, load, report, run

SMALL = """
title = "Small learning curves"
figure = "learning-curves"

[[sweep]]
kind = "simulation"
dimension = 80
seeds = 3
ridge = 0.1
protocol = {loss = "square", steps = 1}
target = {expression = "sin(z1)"}
zip.protocol.learning_rate = ["1.5*p"]
zip.protocol.batch = ["4d"]
product.ridge_batch = ["1d", "2d"]

[sweep.network]
width = 40
activation = "relu"
readout = "constant"
readout_scale = "1/sqrt(p)"
symmetric = false
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("curves")
    assert run(Study.parse(SMALL), place, workers=1).failures == ()
    return place


@pytest.fixture(scope="module")
def data(folder):
    return drawable(folder, "learning-curves")


def test_runs_are_read_as_the_ratios_of_the_theory(data):
    assert data.setting.values.tolist() == ["relu on sin(z1): step 1.5, n0/d 4, p/d 0.5, ridge 0.1"]
    assert data.sample_ratio.values.tolist() == [1.0, 2.0]
    assert (data.runs == 3).all()
    theory = predict.features(
        Target.parse("sin(z1)"),
        "relu",
        sample_ratio=[1.0, 2.0],
        learning_rate_ratio=1.5,
        first_batch_ratio=4.0,
        width_ratio=0.5,
        ridge=0.1,
    )
    np.testing.assert_allclose(
        data.predicted_test_error.sel(theory="structured").isel(setting=0), theory.test_error, rtol=1e-12
    )
    one = data.isel(setting=0).sel(first_batch_ratio=4.0, method="nearest")
    assert float(one.spike_strength) == pytest.approx(float(theory.spike_strength), rel=0.1)


def test_the_table_lays_both_theories_beside_the_runs(folder):
    (table,) = report(folder, "learning-curves")
    assert [row["ratio"] for row in table.rows] == [1.0, 2.0]
    assert all({"isotropic", "structured", "z_isotropic", "z_structured"} <= row.keys() for row in table.rows)


def test_the_figure_has_a_panel_an_activation_and_target_and_three_below(data):
    import xarray as xr

    other = data.assign_coords(setting=["another step"]).assign(step=("setting", ["step 9"]))
    chart = draw("learning-curves", xr.concat([data, other], "setting", data_vars="minimal")).to_dict()
    panels, below = chart["vconcat"]
    (panel,) = panels["hconcat"]
    shown = panel["layer"][0]["encoding"]["color"]["scale"]["domain"]
    assert shown == ["step 1.5, n0/d 4", "step 9, n0/d 4", "no step"]
    lines = [one["encoding"]["color"]["scale"]["domain"] for one in below["hconcat"]]
    # The step plays no role for the alignment, nor for the best step.
    assert [len(names) for names in lines] == [1, 2, 1]
    with pytest.raises(SpecError, match="no learning curve"):
        draw("learning-curves", data.drop_vars("line_error"))


def test_the_spike_map_of_a_study_holds_the_spike_of_its_own_runs(folder):
    data = drawable(folder, "spike-map")
    one = data.isel(setting=0)
    near = one.sel(first_batch_ratio=float(one.own_first_batch_ratio), method="nearest")
    assert float(one.measured_spike_alignment) == pytest.approx(float(near.spike_alignment), abs=0.15)
    assert float(one.measured_spike_strength_se) > 0
    panels = draw("spike-map", data).to_dict()["hconcat"]
    assert [len(panel["layer"]) for panel in panels] == [3, 3, 3]


def test_runs_the_theory_does_not_know_are_not_taken_for_learning_curves(tmp_path):
    other = SMALL.replace('readout = "constant"', 'readout = "gaussian"').replace('["1d", "2d"]', '["1d"]')
    run(Study.parse(other), tmp_path, workers=1)
    with pytest.raises(SpecError, match="found no run of one step"):
        drawable(tmp_path, "learning-curves")


def test_the_built_in_study_and_its_longer_twin_can_be_read():
    study, full = load("learning-curves"), load("learning-curves", variant="full")
    assert study.figure == full.figure == "learning-curves"
    assert len(full.points) > len(study.points)
