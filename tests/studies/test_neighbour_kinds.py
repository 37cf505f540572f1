"""Kinds time-scales and minimax: points that are what the verbs give, words that are checked."""
"""Kinds deep-features, trained-features and multi-task: stored points are the walks, words are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest

import giantstep as gs
from giantstep.errors import SpecError
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
    ],
)
def test_games_that_cannot_be_are_named(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(MINIMAX.replace(*change))
from giantstep import Network, Protocol, SpecError, Target
from giantstep.figures import draw
from giantstep.networks.deep import DeepNetwork
from giantstep.networks.deep_problem import DeepProblem
from giantstep.streams import Streams
from giantstep.studies import Study, drawable, report, run
from giantstep.studies.deep_walk import deep_walk
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.studies.store import Store
from giantstep.studies.trained_walk import TrainedSetting, one_trained, spike_length, trained_walk
from giantstep.targets.tasks import Tasks
from giantstep.training.multi_task.pretraining import Pretraining
DEEP = """
title = "Small"
figure = "deep-features"
[[sweep]]
kind = "deep-features"
dimension = 40
target_widths = 30
seeds = 3
samples = [20, 80]
penalty = 0.05
product.widths = [[40], [40, 40]]
[[sweep]]
kind = "trained-features"
target = {expression = "tanh(2*z1)", noise = 0.05}
dimension = 50
network.width = 20
network.activation = "tanh"
network.readout = "gaussian"
network.readout_scale = "1/sqrt(p)"
network.symmetric = false
protocol = {steps = 1, batch = "2d"}
samples = [40, 80]
penalty = 0.1
seeds = 2
product.protocol.learning_rate = ["1*sqrt(p)", "20*sqrt(p)"]
"""
MULTI = """
title = "Small"
figure = "multi-task"
[[sweep]]
name = "samples"
kind = "multi-task"
dimension = 40
width = 30
tasks = 20
samples = [200, 800]
seeds = 3
product.rank = [2, 3]
[[sweep]]
name = "downstream"
kind = "multi-task"
dimension = 40
width = 30
tasks = "infinite"
samples = [800]
downstream = [20, 60]
downstream_tasks = 2
seeds = 2
"""
def deep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    assert run(Study.parse(DEEP), folder, workers=1).failures == ()
    return folder
def multi(tmp_path_factory):
    folder = tmp_path_factory.mktemp("multi")
    assert run(Study.parse(MULTI), folder, workers=1).failures == ()
    return folder
def stored(folder, text, **wanted):
    store = Store(folder)
    for point in Study.parse(text).points:
        spec = json.loads(point.task)
        if all(spec.get(name) == value for name, value in wanted.items()):
            yield store.read(point.hash).variables
def test_stored_deep_features_are_those_of_the_walk(deep):
    problem = DeepProblem(DeepNetwork((40, 40)), DeepNetwork((30,)), 40, 0.05)
    walked = deep_walk(problem, samples=[20, 80], penalty=0.05, seeds=3)
    for replicate, found in enumerate(stored(deep, DEEP, widths=[40, 40])):
        np.testing.assert_array_equal(found["test_error"][1], walked.data.test_error[replicate])
        expected = walked.theory.test_error_networks[replicate]
        np.testing.assert_array_equal(found["predicted_test_error"][1], expected)
        assert found["line_test_error"][1][0] == pytest.approx(float(expected[0]), rel=1e-12)
def test_tables_and_figure_of_deep_features(deep):
    first, second = report(deep, "deep-features")
    assert len(first.rows) == 4
    assert all(abs(row["z"]) < 4 for row in first.rows)
    assert {"linearised", "z_linearised"} <= set(second.columns)
    chart = draw("deep-features", drawable(deep, "deep-features")).to_dict()
    assert len(chart["vconcat"]) == 2
def test_tables_and_figure_of_multi_task(multi):
    first, second = report(multi, "multi-task")
    assert len(first.rows) == 5
    assert {row["features"] for row in second.rows} == {"multi", "single", "random", "oracle"}
    chart = draw("multi-task", drawable(multi, "multi-task")).to_dict()
    assert len(chart["vconcat"]) == 2
def test_stored_pretrainings_are_those_of_the_walk(multi):
    settings = [Pretraining(40, 30, n, n) for n in (200, 800)]
    walked = multi_task_walk(Tasks(2, 20), settings, seeds=3)
    for replicate, found in enumerate(stored(multi, MULTI, rank=2)):
        np.testing.assert_array_equal(found["alignment"][1], walked.data.alignment[replicate])
        np.testing.assert_array_equal(found["alignment_law"][1], walked.theory.alignment[replicate])
def test_a_diverged_step_comes_back_as_nan():
    network = Network(10, "identity", readout="gaussian", symmetric=False)
    protocol = Protocol.repeat(3, batch="2d", learning_rate=1e30)
    setting = TrainedSetting(Target.parse("z1"), network, protocol, 20, (10,), 0.1)
    found = one_trained(setting, Streams(0))
    assert np.isnan(found["test_error"]).all()
def test_a_long_spike_is_a_warning_to_trust_the_plug_in():
    network = Network(20, "tanh", readout="gaussian", readout_scale="1/sqrt(p)", symmetric=False)
    target = Target.parse("tanh(2*z1)", noise=0.05)
    warnings = []
    for rate in ("1*sqrt(p)", "40*sqrt(p)"):
        protocol = Protocol.repeat(1, batch="2d", learning_rate=rate)
        found = trained_walk(TrainedSetting(target, network, protocol, 40, (40,), 0.1), seeds=2)
        warnings.append(json.loads(found.attrs["warnings"]))
    assert warnings[0] == []
    assert "Trust the plug-in" in warnings[1][0]
def test_the_spike_is_read_off_the_gram_matrix():
    rng = np.random.default_rng(0)
    p, d, s = 300, 450, 4.0
    u, v = rng.standard_normal(p), rng.standard_normal(d)
    layer = rng.standard_normal((p, d)) / np.sqrt(d) + s * np.outer(u, v) / np.linalg.norm(
        u
    ) / np.linalg.norm(v)
    assert spike_length(layer @ layer.T, p / d) == pytest.approx(s, abs=0.15)
    assert spike_length(np.eye(3), 1.0) == 0.0
    ("text", "change", "message"),
        (DEEP, ("penalty = 0.05", "penalty = 0"), "penalty: found 0"),
        (DEEP, ("penalty = 0.05", 'penalty = 0.05\nactivation = "relu"'), "not odd"),
        (DEEP, ("target_widths = 30", ""), "either target"),
        (DEEP, ("[40, 40]", "[40, -1]"), "widths: found"),
        (DEEP, ('"tanh(2*z1)"', '"tanh(2*"'), "target"),
        (MULTI, ("tasks = 20", "tasks = 0"), "tasks: found 0"),
        (MULTI, ("samples = [200, 800]", "samples = []"), "samples: found an empty list"),
        (MULTI, ("[20, 60]", "[2, 60]"), "downstream samples: found 2"),
        (MULTI, ("rank = [2, 3]", "rank = [2, 30]"), "rank: found 30"),
        (MULTI, ("width = 30", "widht = 30"), "did you mean 'width'"),
def test_words_that_cannot_be_are_named(text, change, message):
        Study.parse(text.replace(*change))
