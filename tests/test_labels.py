"""Every dimension of every Dataset that a verb returns is in the one table of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import giantstep as gs
from giantstep import predict
from giantstep.labels import DIMENSIONS
from giantstep.networks.deep import DeepNetwork
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.networks.tanh_particles import TanhStart
from giantstep.streams import Streams
from giantstep.targets.moment_clock import Clock
from giantstep.targets.tasks import Tasks
from giantstep.training.minimax.games import run_games
from giantstep.training.time_scales.runs import run_descent

RIDGE, STAIR = gs.Target.parse("tanh(z1)"), gs.Target.parse("z1 + z1*z2")
PAIRED, PLAIN = gs.Network(4), gs.Network(40, "tanh", readout="gaussian", symmetric=False)
FRESH = gs.Protocol.repeat(1, batch="2d", preprocess=True)
STEP = gs.Protocol.of_exponents([0.2], [1.0], batch=80)
CURVE = {"learning_rate_ratio": 1.0, "first_batch_ratio": 4.0}
PAIR, START, CLOCK = HermiteComponents((0.5, 0.8), (0.5, 1.0)), ParticleStart(8, 1, dimension=100), Clock(1.0)
ROWS = np.random.default_rng(0).standard_normal((300, 3))

DATASETS: dict[str, Callable[[], Any]] = {
    "analyze": lambda: gs.analyze(STAIR).dataset(),
    "overlaps": lambda: predict.overlaps(STAIR, PAIRED, FRESH, samples=1000),
    "bounds": lambda: predict.bounds(STAIR),
    "features": lambda: predict.features(RIDGE, "tanh", sample_ratio=1.0, ridge=[0.1, 1.0], **CURVE),
    "grouped_features": lambda: predict.grouped_features(
        RIDGE, "tanh", readouts=[0.5, 2.0], fractions=[0.6, 0.4], sample_ratio=1.0, ridge=0.1, **CURVE
    ),
    "linear_ridge": lambda: predict.linear_ridge(RIDGE, sample_ratio=1.0, ridge=[0.1, 1.0]),
    "best_features": lambda: predict.best_features(RIDGE, "tanh", sample_ratio=1.0, ridge=0.1, **CURVE),
    "spikes": lambda: predict.spikes(
        RIDGE, PLAIN, dimension=40, sample_ratio=2, step_exponent=[0.1, 0.2], ridge=1
    ),
    "outliers": lambda: predict.outliers(RIDGE, PLAIN, STEP, dimension=40),
    "outlier_phases": lambda: predict.outlier_phases(
        RIDGE, "He1+0.2*He2", first_exponent=[0.1], second_exponent=[0.2]
    ),
    "learning_times": lambda: predict.learning_times(PAIR, time_scale_ratio=[0.1], start=START),
    "descent_ascent": lambda: predict.descent_ascent(clock=CLOCK, start=TanhStart(8, 1)),
    "ridge_curve": lambda: predict.ridge_curve(ROWS, ROWS[:, 0], samples=[10, 20], penalty=[0.1, 1.0]),
    "deep_curve": lambda: predict.deep_curve(
        DeepNetwork([30]).draw(20, Streams()), RIDGE, samples=[10], ridge=[0.1, 1.0]
    ),
    "task_alignment": lambda: predict.task_alignment(Tasks(2, 10), dimension=50, samples=[500], width=20),
    "simulate": lambda: gs.simulate(STAIR, PAIRED, FRESH, dimension=20, subspaces=[[]], ridge=[0.1, 1.0]),
    "simulate_features": lambda: gs.simulate_features(
        RIDGE,
        PLAIN,
        gs.FeatureExpansion(0.0, 0.0, 1.0, 0.5, 0.5),
        dimension=40,
        samples=80,
        first_batch=80,
        learning_rate=2.0,
        ridge=1.0,
    ),
    "simulate_outliers": lambda: gs.simulate_outliers(
        RIDGE, PLAIN, STEP, dimension=40, spikes=[[1.0, 0.0]], spectrum=True
    ),
    "measure": lambda: gs.measure(np.eye(4)[None, :2], np.eye(4)[:1]),
    "measure_outliers": lambda: gs.measure_outliers(ROWS[:120].reshape(9, 40), np.arange(1.0, 10.0)),
    "run_descent": lambda: run_descent(PAIR, time_scale_ratio=0.1, start=START, times=np.array([0.1, 0.2])),
    "run_games": lambda: run_games(output_scale=[1.0], start=TanhStart(8, 1), clock=CLOCK),
}


@pytest.mark.parametrize("name", DATASETS)
def test_every_dimension_has_its_name_from_the_table(name):
    dataset = DATASETS[name]()
    assert set(dataset.dims) <= set(DIMENSIONS)
    assert dataset.dims
