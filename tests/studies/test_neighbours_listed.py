"""The listed numbers of theory note 50, S5 and S8, with our own seeds: tables of z-scores (-s shows them)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.asymptotics.listed_neighbours import allowed, points, z_score
from tests.asymptotics.test_deep_covariance import PLAIN_ERF, correlated_errors

from giantstep import Network, Protocol, Target
from giantstep.asymptotics.deep_features.covariance import linear_layers
from giantstep.asymptotics.deep_features.cross_covariance import cross_covariance
from giantstep.networks.deep import DeepNetwork, DeepWeights
from giantstep.networks.deep_problem import DeepProblem
from giantstep.streams import Streams
from giantstep.studies.deep_walk import deep_walk
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.studies.trained_walk import TrainedSetting, trained_walk, whole_samples
from giantstep.targets.tasks import Tasks
from giantstep.training.multi_task.pretraining import Pretraining

pytestmark = pytest.mark.slow


def rms(values):
    return math.sqrt(np.mean(np.square(values)))


def show(*columns):
    print("   ".join(f"{column:.4g}" if isinstance(column, float) else str(column) for column in columns))


@pytest.mark.parametrize("group", ["S5.curves500", "S5.curves1000"])
def test_learning_curves_of_deep_networks(group):
    seeds, listed = 4, points("deep_features", group)
    against_listed, against_theory = [], []
    settings = sorted({(p["params"]["layers"], p["params"]["kind"], p["params"]["lam"]) for p in listed})
    for layers, rows, lam in settings:
        mine = points("deep_features", group, layers=layers, kind=rows, lam=lam)
        size = mine[0]["params"]["p"]
        ratios = sorted(point["params"]["n_over_p"] for point in mine)
        problem = DeepProblem(
            DeepNetwork((size,) * layers, "tanh", rows), DeepNetwork((size,), "tanh", rows), size, 0.05
        )
        samples = whole_samples(ratios, size)
        scores = deep_walk(problem, samples=samples, penalty=lam, seeds=seeds).scores
        for point in mine:
            at = scores.sel(samples=round(point["params"]["n_over_p"] * size))
            z = z_score(float(at.test_error), float(at.test_error_se), point)
            own = float(at.test_error_z)
            against_listed.append(z)
            against_theory.append(own)
            show(
                group,
                layers,
                rows,
                lam,
                point["params"]["n_over_p"],
                float(at.test_error),
                point["sim"],
                z,
                own,
            )
    print(group, "rms z listed", rms(against_listed), "rms z theory", rms(against_theory))
    assert max(map(abs, against_listed)) < allowed(len(listed), seeds)
    assert rms(against_theory) < 2


def test_covariances_of_deeper_networks():
    """Two and three layers: unbiased split-sample Monte Carlo of the exact covariance."""
    found = []
    for point in points("deep_features", "S5.cov", kind="iid"):
        layers, size = point["params"]["layers"], point["params"]["d"]
        if layers == 1 or size > 250:
            continue
        errors = [split_errors(layers, size, seed) for seed in range(3)]
        scalar, per_row = np.array(errors).T
        spread = max(scalar.std(ddof=1), 0.03)
        z = (scalar.mean() - point["sim"]) / (spread * math.sqrt(1 / 3 + 1 / 2))
        found.append(z)
        show("S5.cov", layers, size, scalar.mean(), point["sim"], per_row.mean(), z)
        assert per_row.mean() < 0.5 * scalar.mean()
    assert max(map(abs, found)) < allowed(len(found), 3)


def split_errors(layers, size, seed, samples=200_000):
    weights = DeepNetwork((size,) * layers, PLAIN_ERF).draw(size, Streams(seed))
    linear = [linear_layers(weights, per_row=per_row)[-1].covariance for per_row in (False, True)]
    halves = []
    for half in range(2):
        rng, gram = np.random.default_rng([seed, size, layers, half]), np.zeros((size, size))
        for _ in range(samples // 10_000):
            phi = weights.features(rng.standard_normal((size, 10_000)))
            gram += phi @ phi.T
        halves.append(gram / samples)
    # E <A - L, B - L> over independent halves A, B has no Monte Carlo bias.
    return [math.sqrt(max(float(np.sum((halves[0] - one) * (halves[1] - one))), 0.0)) for one in linear]


def test_cross_covariances():
    seeds, found = 4, []
    for point in points("deep_features", "S5.cross", check="corr_rows"):
        size, q = point["params"]["d"], point["params"]["q"]
        errors = np.array([correlated_errors(size, q, seed)[0] for seed in range(seeds)])
        found.append(z_score(errors.mean(), errors.std(ddof=1) / math.sqrt(seeds), point))
        show("S5.cross", size, q, errors.mean(), point["sim"], found[-1])
    assert max(map(abs, found)) < allowed(len(found), seeds)


def test_a_shared_first_layer():
    # Learner of two layers, target its first one; the exact cross-covariance by split-sample Monte Carlo.
    (point,) = points("deep_features", "S5.cross", check="shared_layer")
    size, errors = point["params"]["d"], []
    for seed in range(2):
        weights = DeepNetwork((size, size), "tanh").draw(size, Streams(seed))
        first = DeepWeights(weights.activation, weights.layers[:1])
        layers = linear_layers(weights, per_row=False)
        phi = cross_covariance(layers, layers[:1], (weights.activation,) * 2, paired=1, per_row=False)
        halves = []
        for half in range(2):
            rng, product = np.random.default_rng([seed, half]), np.zeros((size, size))
            for _ in range(20):
                x = rng.standard_normal((size, 10_000))
                product += weights.features(x) @ first.features(x).T
            halves.append(product / 200_000)
        errors.append(math.sqrt(float(np.sum((halves[0] - phi) * (halves[1] - phi)))))
    show("S5.cross shared", size, float(np.mean(errors)), point["sim"])
    assert np.mean(errors) == pytest.approx(point["sim"], rel=0.1)


def test_trained_features_by_plug_in_and_linearised():
    seeds, size, noise, found, plug_in = 6, 400, 0.05, [], []
    network = Network(
        size, "tanh", readout="gaussian", readout_scale="1/sqrt(p)", symmetric=False, rows="gaussian"
    )
    listed = points("deep_features", "S5.trained")
    for eta in sorted({point["params"]["eta"] for point in listed}):
        mine = points("deep_features", "S5.trained", eta=eta)
        rate = f"{eta}*sqrt(p)" if eta else 0.0
        protocol = Protocol.repeat(1, batch="2d", learning_rate=rate) if eta else Protocol(())
        samples = whole_samples(sorted(point["params"]["n_over_p"] for point in mine), size)
        setting = TrainedSetting(
            Target.parse("tanh(2*z1)", noise=noise), network, protocol, size, samples, 0.1
        )
        data = trained_walk(setting, seeds=seeds)
        for point in mine:
            at = data.sel(samples=round(point["params"]["n_over_p"] * size))
            error = float(at.test_error.std("replicate", ddof=1)) / math.sqrt(seeds)
            z = z_score(float(at.test_error.mean()), error, point)
            found.append(z)
            plug_in.append(float(at.z_plug_in))
            show(
                "S5.trained",
                eta,
                float(data.spike.mean()),
                point["params"]["spike"],
                point["params"]["n_over_p"],
                float(at.test_error.mean()),
                point["sim"],
                z,
                float(at.z_plug_in),
                float(at.z_linearised),
            )
    print("S5.trained rms z listed", rms(found), "rms z plug-in", rms(plug_in))
    assert max(map(abs, found)) < allowed(len(listed), seeds)


MODES = {
    "multi T=200": Tasks(3, 200),
    "multi unbalanced": Tasks(3, 200, balanced=False),
    "unbalanced+centred labels": Tasks(3, 200, False, True),
    "multi T=20": Tasks(3, 20),
    "single T=1": Tasks(3, 1),
}


def test_alignments():
    seeds, found, own = 6, [], []
    listed = points("multi_task", "S8.align")
    for point in listed:
        params = point["params"]
        tasks = MODES.get(params["mode"], Tasks(params["r"], 300))
        setting = Pretraining(params["d"], 300, params["n_pre"], params["n_pre"])
        scores = multi_task_walk(tasks, [setting], seeds=seeds).scores
        found.append(z_score(float(scores.alignment[0]), float(scores.alignment_se[0]), point))
        own.append(float(scores.alignment_z[0]))
        show(
            "S8.align",
            params["d"],
            params["r"],
            params["mode"],
            params["n_pre"],
            float(scores.alignment[0]),
            point["sim"],
            found[-1],
            own[-1],
            float(scores.conditioning[0]),
            str(params["sv_ratio"]),
        )
    print("S8.align rms z listed", rms(found), "rms z law", rms(own))
    assert max(map(abs, found)) < allowed(len(listed), seeds)
    assert rms(own) < 2


def test_numbers_of_tasks():
    seeds, found, own, conditioning = 6, [], [], []
    listed = points("multi_task", "S8.tasks")
    for point in listed:
        tasks = Tasks(3, point["params"]["T"])
        scores = multi_task_walk(tasks, [Pretraining(200, 300, 8000, 8000)], seeds=seeds, seed=5).scores
        found.append(z_score(float(scores.alignment[0]), float(scores.alignment_se[0]), point))
        own.append(float(scores.alignment_z[0]))
        spread = math.hypot(float(scores.conditioning_se[0]), point["params"]["sv_se"])
        conditioning.append((float(scores.conditioning[0]) - point["params"]["sv_ratio"]) / spread)
        kernel = tasks.draw(Streams(5, 0)).kernel
        off = kernel[~np.eye(8, dtype=bool)]
        assert off.mean() == pytest.approx(point["params"]["K_off"], abs=1e-12)
        assert off.std() == pytest.approx(point["params"]["K_sd"], rel=0.35)
        show(
            "S8.tasks",
            point["params"]["T"],
            float(scores.alignment[0]),
            point["sim"],
            found[-1],
            own[-1],
            float(scores.conditioning[0]),
            float(scores.conditioning_law[0]),
            conditioning[-1],
        )
    print("S8.tasks rms z listed", rms(found), "law", rms(own), "conditioning", rms(conditioning))
    assert max(map(abs, found + conditioning)) < allowed(2 * len(listed), seeds)
    assert rms(own) < 2


def test_fresh_inputs():
    seeds, found, own = 5, [], []
    listed = points("multi_task", "S8.fresh")
    for point in listed:
        params = point["params"]
        setting = Pretraining(params["d"], 300, params["n1"], params["n2"], fresh=True)
        scores = multi_task_walk(Tasks(params["r"], params["T"]), [setting], seeds=seeds).scores
        found.append(z_score(float(scores.alignment[0]), float(scores.alignment_se[0]), point))
        own.append(float(scores.alignment_z[0]))
        show("S8.fresh", params, float(scores.alignment[0]), point["sim"], found[-1], own[-1])
    assert max(map(abs, found)) < allowed(len(listed), seeds)
    assert rms(own) < 2


@pytest.mark.parametrize("dimension", [50, 200, 800])
def test_downstream_accuracies(dimension):
    seeds, found = 6, []
    listed = points("multi_task", "S8.downstream", d=dimension)
    for kappa in (40, 160):
        mine = [point for point in listed if (point["params"]["method"] == "multi160") == (kappa == 160)]
        if not mine:
            continue
        samples = sorted({point["params"]["n"] for point in mine})
        setting = Pretraining(dimension, 300, kappa * dimension, kappa * dimension)
        scores = multi_task_walk(Tasks(3, 200), [setting], seeds=seeds, downstream=samples).scores
        for point in mine:
            kind = point["params"]["method"].removesuffix("160")
            at = scores.sel(representation=kind, downstream_samples=point["params"]["n"])
            found.append(z_score(float(at.accuracy), float(at.accuracy_se), point))
            show(
                "S8.downstream",
                dimension,
                point["params"]["method"],
                point["params"]["n"],
                float(at.accuracy),
                point["sim"],
                found[-1],
            )
    print("S8.downstream", dimension, "rms z", rms(found))
    assert max(map(abs, found)) < allowed(len(listed), seeds)
