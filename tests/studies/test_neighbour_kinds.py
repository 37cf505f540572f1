"""Kinds time-scales and minimax: points that are what the verbs give, words that are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.networks.tanh_particles import TanhStart
from giantstep.studies import Study, collect, load, run
from giantstep.studies.judgement import judge
from giantstep.studies.reports import drawable, report
from giantstep.targets.moment_clock import Clock
from giantstep.training.minimax.games import run_games

from .small_neighbours import MINIMAX, TIME_SCALES


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    places = {}
    for name, text in (("time-scales", TIME_SCALES), ("minimax", MINIMAX)):
        places[name] = tmp_path_factory.mktemp(name)
        assert run(Study.parse(text), places[name], workers=1).failures == ()
    return places


def test_a_flow_of_the_study_is_that_of_predict(folders):
    data = collect(folders["time-scales"], sweep="limit")
    direct = gs.predict.learning_times(
        HermiteComponents((0.5, 0.8), (0.5, 1.0)),
        time_scale_ratio=[1e-2, 1e-3],
        start=ParticleStart(width=8, seeds=2, seed=3),
    )
    np.testing.assert_array_equal(data.learning_time.values, direct.learning_time.values)
    np.testing.assert_array_equal(data.risk.values, direct.risk.values)
    assert (data.status == "completed").all()


def test_nouns_and_coefficients_are_two_spellings_of_one_flow(folders):
    data = collect(folders["time-scales"], sweep="nouns")
    direct = gs.predict.learning_times(
        HermiteComponents.of(gs.Target.parse("z1"), "relu", degree=1),
        time_scale_ratio=1e-2,
        start=ParticleStart(width=8, seeds=1, seed=3, dimension=50),
        until=0.3,
    )
    np.testing.assert_array_equal(data.risk.values[0, 0], direct.risk.values[0, 0])
    assert data.deviation.shape == (2, 1)
    assert (data.deviation > 0).all()


def test_a_game_of_the_study_is_that_of_run_games(folders):
    data = collect(folders["minimax"], sweep="games")
    direct = run_games(
        output_scale=[4.0, 16.0], start=TanhStart(width=20, seeds=2), clock=Clock(4.0, 0.05, points=24)
    )
    np.testing.assert_array_equal(data.error.values, direct.error.values)
    np.testing.assert_array_equal(data.primal_movement.values, direct.primal_movement.values)
    assert float(data.constant.values[0, 0]) == pytest.approx(1.1420883374643216)


def test_games_from_unpaired_particles_start_at_noise_and_are_not_judged(tmp_path):
    text = MINIMAX.replace("width = 20", "width = 20\nunpaired = true", 1)
    assert run(Study.parse(text), tmp_path, workers=1).failures == ()
    data = collect(tmp_path, sweep="games")
    start = TanhStart(width=20, seeds=2, paired=False)
    direct = run_games(output_scale=[4.0, 16.0], start=start, clock=Clock(4.0, 0.05, points=24))
    np.testing.assert_array_equal(data.error.values, direct.error.values)
    games = drawable(tmp_path, "minimax").sel(game="games")
    assert bool(games.unpaired)
    assert np.isnan(games.constant)
    # Noise of size alpha at the start: each scale has a frozen flow of its own.
    assert float(games.frozen_error[1, 0]) > 4 * float(games.frozen_error[0, 0])
    assert "no population game from paired particles" in judge(tmp_path, "minimax").reason
    assert all(table.rows for table in report(tmp_path, "minimax"))
    panels = draw("minimax", drawable(tmp_path, "minimax")).to_dict()["vconcat"]
    assert len(panels) == 2


def test_the_summaries_become_tables_figures_and_a_verdict(folders):
    for name, place in folders.items():
        assert all(table.rows for table in report(place, name))
        json.dumps([table.to_dict() for table in report(place, name)], allow_nan=False)
        assert judge(place, name).verdict in {"agrees", "not resolved"}
    flows = drawable(folders["time-scales"], "time-scales")
    assert flows.learning_time.shape == (2, 2)
    assert np.isfinite(flows.local_slope.values[1]).all()
    assert flows.case.values.tolist() == ["nouns, width 8", "nouns, width 12"]
    games = drawable(folders["minimax"], "minimax")
    assert games.game.values.tolist() == ["games", "naive"]
    assert np.isnan(games.gap_integral.sel(game="naive")).all()


def test_an_interrupted_run_is_summed_up_as_far_as_it_went(folders, tmp_path):
    import shutil

    for name, place in folders.items():
        part = tmp_path / name
        shutil.copytree(place, part)
        study = Study.parse((part / "study.toml").read_text())
        lost = next(iter(study.points)).hash
        (found,) = (file for file in part.rglob(f"*{lost}*.nc"))
        found.unlink()
        data = drawable(part, name)
        assert all(table.rows for table in report(part, name))
        assert judge(part, name).verdict in {"agrees", "not resolved"}
        if name == "minimax":
            assert np.isfinite(data.error.sel(game="games").values).all()
            assert np.isnan(data.error_se.sel(game="games", output_scale=4.0).values).all()
        else:
            assert np.isfinite(data.learning_time.values).all()


def test_a_folder_of_something_else_is_refused(folders):
    with pytest.raises(SpecError, match="found no flow"):
        drawable(folders["minimax"], "time-scales")
    with pytest.raises(SpecError, match="found no game"):
        drawable(folders["time-scales"], "minimax")


@pytest.mark.parametrize("variant", [None, "quick", "full"])
@pytest.mark.parametrize("name", ["time-scales", "minimax"])
def test_the_built_in_studies_have_twins(name, variant):
    study = load(name, variant=variant)
    assert study.figure == name
    assert len(study.points) > 10
    if name == "time-scales":
        # Only there do local slopes come to the exponents: without, no verdict.
        assert min(study.sweeps[0].axes[0][1]) == 1e-18


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("width = 8", "width = 1"), r"sweep\[0\].width: width: found 1"),
        (("[1e-2, 1e-3]", "[1e-2, 2.0]"), r"product.time_scale_ratio\[1\]: .*between 0 and 1"),
        (("orthonormal_target = [0.5, 1.0]", 'target = "z1"'), "mixture"),
        (("[0.5, 1.0]", "[0.5, nan]"), "found nan at order 1"),
        (('method = "flow"', 'method = "sgd"\nstep = 0.5'), r"sweep\[1\].step: step: found 0.5"),
        (("dimension = 50\n", ""), r"sweep\[1\].dimension: found none"),
        (('target = "z1"', 'target = "z1*z2"'), "a function of z1 alone"),
    ],
)
def test_time_scales_that_cannot_be_are_named(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(TIME_SCALES.replace(*change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("width = 20", "width = 21"), r"sweep\[0\].width: width: found 21"),
        (("[4, 16]", "[4, -1]"), r"product.output_scale\[1\]"),
        (("until = 4", "until = 4\ndiscount = 0.5"), "discount, which belongs to the other problem"),
        (("until = 4", "until = 4\nstep = 0"), r"sweep\[0\].step: step: found 0"),
        (("until = 4", "until = 4\npenalty = -1"), r"sweep\[0\].penalty: penalty: found -1"),
        (("until = 4", "until = 4\ncorrelation = 2"), r"sweep\[0\].problem: correlation: found 2"),
        (('"naive"', '"naif"'), "found 'naif'"),
        (("until = 4", "until = 4\nunpaired = 1"), "unpaired"),
    ],
)
def test_games_that_cannot_be_are_named(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(MINIMAX.replace(*change))
