"""Kinds deep-features, trained-features and multi-task: stored points are the walks, words are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from giantstep import Network, Protocol, SpecError, Target
from giantstep.figures import draw
from giantstep.networks.deep import DeepNetwork
from giantstep.networks.deep_problem import DeepProblem
from giantstep.streams import Streams
from giantstep.studies import Study, drawable, report, run
from giantstep.studies.deep_walk import deep_walk
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.studies.reports import home
from giantstep.studies.store import Store
from giantstep.studies.trained_curve import trained_curve
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

COVARIANCE = """
[[sweep]]
kind = "deep-covariance"
seeds = 3
product.dimension = [40, 160]
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


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("deep")
    assert run(Study.parse(DEEP), folder, workers=1).failures == ()
    return folder


@pytest.fixture(scope="module")
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


def test_stored_covariance_errors_stay_while_the_norm_grows(tmp_path):
    text = DEEP.replace("[[40], [40, 40]]", "[[40]]") + COVARIANCE
    assert run(Study.parse(text), tmp_path, workers=1).failures == ()
    data = drawable(tmp_path, "deep-features")
    assert data["size_width"].values.tolist() == [40, 160]
    assert (data["row_error"] < 0.2 * data["layer_error"]).all()
    assert float(data["layer_error"][1]) == pytest.approx(float(data["layer_error"][0]), rel=0.3)
    assert float(data["norm"][1] / data["norm"][0]) == pytest.approx(2.0, rel=0.1)
    assert len(draw("deep-features", data).to_dict()["vconcat"]) == 3


def test_tables_and_figure_of_deep_features(deep):
    first, second = report(deep, "deep-features")
    assert len(first.rows) == 4
    assert all(abs(row["z"]) < 4 for row in first.rows)
    assert {"linearised", "z_linearised"} <= set(second.columns)
    chart = draw("deep-features", drawable(deep, "deep-features")).to_dict()
    assert len(chart["vconcat"]) == 2


def test_a_paper_judges_both_studies(deep, multi):
    for folder, kind in ((deep, "deep-features"), (multi, "multi-task")):
        found = home(kind).judge(drawable(folder, kind))
        assert found.verdict == "agrees"
        assert "rms z" in found.reason


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


def test_a_trained_curve_of_several_penalties_is_the_walk_at_each():
    network = Network(20, "tanh", readout="gaussian", readout_scale="1/sqrt(p)", symmetric=False)
    protocol = Protocol.repeat(1, batch="2d", learning_rate="3*sqrt(p)")
    target = Target.parse("tanh(2*z1)", noise=0.05)

    def setting(penalty):
        return TrainedSetting(target, network, protocol, 50, (30, 80), penalty)

    found = trained_curve(setting(9.9), penalty=[0.1, 1.0], seeds=3)
    for penalty in (0.1, 1.0):
        at, walked = found.scores.sel(penalty=penalty), trained_walk(setting(penalty), seeds=3)
        measured = found.data.sel(penalty=penalty)
        np.testing.assert_allclose(measured.test_error, walked.test_error, rtol=1e-10)
        np.testing.assert_allclose(measured.train_error, walked.train_error, rtol=1e-10)
        np.testing.assert_allclose(at.test_error_z, walked.z_plug_in, rtol=1e-6)
        np.testing.assert_allclose(at.linearised_test_error_z, walked.z_linearised, rtol=1e-6)
    np.testing.assert_array_equal(found.theory.spike, walked.spike)


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


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
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
    ],
)
def test_words_that_cannot_be_are_named(text, change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(text.replace(*change))
