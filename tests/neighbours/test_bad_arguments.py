"""Any value of any argument of the neighbouring systems works, or is refused in one line that names it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from giantstep import GiantStepError, Network, Protocol, SpecError, Target
from giantstep import asymptotics as predict
from giantstep.networks.deep import DeepNetwork, DeepWeights
from giantstep.networks.deep_problem import DeepProblem
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.networks.tanh_particles import TanhStart
from giantstep.streams import Streams
from giantstep.studies.deep_walk import data_walk, deep_walk
from giantstep.studies.multi_task_walk import multi_task_walk
from giantstep.studies.trained_curve import trained_curve
from giantstep.studies.trained_walk import TrainedSetting
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation
from giantstep.targets.moment_solutions import Displaced, HermiteSeries
from giantstep.targets.tasks import Tasks, TaskTables
from giantstep.training.deep_features.held_out import held_out_runs
from giantstep.training.deep_features.ridge_runs import ridge_runs
from giantstep.training.minimax.games import run_games
from giantstep.training.multi_task.downstream import accuracies
from giantstep.training.multi_task.pretraining import Pretraining, pretrain
from giantstep.training.time_scales.runs import run_descent

X = np.random.default_rng(0).standard_normal((60, 2))
PAIR = HermiteComponents((0.5, 0.8), (0.5, 1.0))
LEARNER, TEACHER = DeepNetwork([5]).draw(4, Streams(0)), DeepNetwork([3]).draw(4, Streams(0), place=1)
INSTANCE = DeepProblem(DeepNetwork([4]), DeepNetwork([3]), 4, 0.1).draw(Streams(0))
NETWORK = Network(6, "tanh", readout="gaussian", symmetric=False)
SETTING = TrainedSetting(Target.parse("z1"), NETWORK, Protocol.repeat(1, batch="2d"), 6, (20,))
SMALL = Pretraining(8, 4, 40, 40)

CALLS = {
    predict.RidgeTheory.of: dict(covariance=np.eye(2), moment=[0.1, 0.0], energy=1.0),
    predict.RidgeTheory.of(np.eye(2), [0.1, 0.0], 1.0).at: dict(samples=[5], ridge=0.1, noise=0.1),
    predict.ridge_curve: dict(features=X, labels=X[:, 0], samples=[20], ridge=0.1, intercept=True),
    predict.deep_curve: dict(
        learner=LEARNER, target=TEACHER, samples=[9], penalty=0.1, readout=np.ones(3), noise=0.1,
        shared_layers=0, per_row=True,
    ),
    predict.descent_ascent: dict(
        problem=InstrumentalVariable(), penalty=0.0, clock=Clock(0.1), start=TanhStart(4, 1), output_scale=1.0
    ),
    predict.learning_times: dict(
        components=PAIR, time_scale_ratio=0.1, start=ParticleStart(4, 1), until=1.0, points=5
    ),
    predict.task_alignment: dict(
        tasks=Tasks(2, 5), dimension=50, samples=[100], layer_samples=50, fresh=False, width=8
    ),
    run_games: dict(
        problem=PolicyEvaluation(), output_scale=1.0, penalty=0.0, method="online", clock=Clock(0.1),
        start=TanhStart(4, 1), batch=2, generators=None,
    ),
    run_descent: dict(
        components=PAIR, time_scale_ratio=0.1, start=ParticleStart(4, 1, dimension=9), times=[0.1],
        method="sgd", step=0.01, batch=2,
    ),
    pretrain: dict(tasks=Tasks(2, 5).draw(Streams(0)), setting=SMALL, streams=Streams(0), threads=1),
    accuracies: dict(
        layer=np.ones((4, 8)), tasks=Tasks(2, 1).draw(Streams(0)), samples=[10], streams=Streams(0),
        test_samples=50,
    ),
    ridge_runs: dict(instance=INSTANCE, samples=[9], ridges=[[0.1]], test_samples=50),
    held_out_runs: dict(
        features=X, labels=X[:, 0], samples=[20], ridges=[[0.1]], streams=Streams(0), intercept=True
    ),
    deep_walk: dict(problem=INSTANCE.problem, samples=[9], ridge=0.1, seeds=1, seed=0, threads=1),
    data_walk: dict(features=X, labels=X[:, 0], samples=[20], ridge=0.1, intercept=True, seeds=1, seed=0),
    trained_curve: dict(setting=SETTING, ridge=0.1, seeds=1, seed=0, threads=1, measure=False),
    multi_task_walk: dict(
        tasks=Tasks(2, 5), settings=[SMALL], seeds=1, seed=0, downstream=[], downstream_tasks=1, threads=1
    ),
    Clock: dict(until=1.0, step=0.1, points=5, at=(0.5,)),
    TanhStart: dict(width=4, seeds=1, paired=True, primal=None, dual=None),
    ParticleStart: dict(width=4, seeds=1, dimension=None, readout=None, overlaps=None),
    HermiteComponents: dict(orthonormal_activation=(0.5, 0.8), orthonormal_target=(0.5, 1.0), noise=0.0),
    HermiteComponents.of: dict(target=Target.parse("z1"), activation="relu", degree=3),
    InstrumentalVariable: dict(solution=Displaced(), correlation=0.8, confounding=0.6, noise=0.04),
    PolicyEvaluation.of_reward: dict(orthonormal_reward=(0, 1.0), correlation=0.8, discount=0.6, noise=0.04),
    Displaced: dict(orthonormal_pull=(0.0, 1.0)),
    HermiteSeries: dict(orthonormal=(0.0, 1.0)),
    Tasks: dict(rank=2, count=5, balanced=True, centred=False),
    TaskTables.of: dict(labels=[[1, -1]], centred=False),
    Pretraining: dict(dimension=8, width=4, head_samples=20, layer_samples=20, fresh=False),
    DeepNetwork: dict(widths=[4], activation="tanh", rows="iid"),
    DeepWeights: dict(activation="tanh", layers=(np.eye(3),)),
    DeepProblem: dict(learner=DeepNetwork([4]), target=DeepNetwork([4]), dimension=5, noise=0.1),
    TrainedSetting: dict(
        target=SETTING.target, network=NETWORK, protocol=SETTING.protocol, dimension=6, samples=(9,),
        penalty=0.1,
    ),
}  # fmt: skip

VALUES = [
    3, -2.5, math.nan, math.inf, 10**30, True, "x", b"x", None, object(), len, [], [[]], [1, "a"], [None], {},
    1j, np.array([math.nan, 1.0]), np.ones((2, 2, 2)), np.ones(3) * 1j, np.array("q"), np.int64(-4),
    np.array([1, [2, 3]], dtype=object), np.datetime64("2020-01-01"), Target.parse("z1*z2"),
]  # fmt: skip


def name_of(call):
    return getattr(call, "__qualname__", str(call))


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_a_value_of_any_kind_works_or_is_refused_in_one_line(call):
    call(**CALLS[call])
    lines = [refusal(call, argument, value) for argument in CALLS[call] for value in VALUES]
    assert not [line for line in lines if "\n" in line or len(line) > 400]


def refusal(call, argument, value):
    try:
        call(**CALLS[call] | {argument: value})
    except GiantStepError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("call", "argument", "value", "message"),
    [
        (predict.descent_ascent, "clock", 3, "clock: found int, expected Clock"),
        (predict.descent_ascent, "start", "x", "start: found str, expected TanhStart"),
        (predict.descent_ascent, "output_scale", -1, "output_scale: found -1, expected a finite number > 0"),
        (predict.learning_times, "start", 3, "start: found int, expected ParticleStart"),
        (predict.learning_times, "until", 1e18, "until: found 1e.18, expected a time above the ratio 0.1"),
        (predict.deep_curve, "learner", None, "learner: found NoneType, expected DeepWeights"),
        (predict.deep_curve, "shared_layers", -1, "shared_layers: found -1"),
        (predict.ridge_curve, "intercept", "no", "intercept: found 'no', expected True or False"),
        (predict.task_alignment, "samples", 1e-300, "samples: found 1e-300, expected at least 1"),
        (ParticleStart, "readout", [1e200, 1.0], "readout: found 1e.200 in size, expected sizes up to 10000"),
        (predict.task_alignment, "fresh", 1, "fresh: found 1, expected True or False"),
        (run_games, "method", "onlin", "did you mean 'online'"),
        (run_games, "generators", [1], "generators: found .1., expected 1, one a replicate"),
        (run_descent, "times", [math.inf], "times: found inf, expected ascending numbers"),
        (multi_task_walk, "seeds", 10**30, "seeds: found 1000"),
        (multi_task_walk, "settings", [3], "settings: found int, expected Pretraining"),
    ],
)
def test_what_is_refused_is_named(call, argument, value, message):
    with pytest.raises(SpecError, match=message):
        call(**CALLS[call] | {argument: value})
