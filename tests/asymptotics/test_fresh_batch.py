"""One fresh step: the exact mean at finite dimension, and what the seed decides."""

import numpy as np

from giantstep.asymptotics import overlaps
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.training.experiment import Experiment
from giantstep.training.reduced import run_reduced

from .listed import rms

TARGET = Target.parse("z1 + z1*z2", noise=0.2)
# Orthonormal rows start at M = 0, Q = I exactly, at any dimension.
NETWORK = Network(4, "relu", readout=[1.0, -0.5, 2.0, 0.7], symmetric=False, rows="orthonormal")


def test_at_eight_dimensions_the_mean_of_a_step_is_exact():
    protocol = Protocol.repeat(1, batch="1.5d", learning_rate=2.0)
    runs = [
        run_reduced(Experiment(TARGET, NETWORK, protocol, 8, Streams(0, replicate))).snapshots[1]
        for replicate in range(2000)
    ]
    values = {name: np.array([getattr(run, name) for run in runs]) for name in ("overlaps", "self_overlaps")}

    def score(theory, name):
        error = np.hypot(values[name].std(0, ddof=1) / 2000**0.5, theory[f"{name}_se"].values[1])
        return rms((values[name].mean(0) - theory[name].values[1]) / error)

    exact = overlaps(TARGET, NETWORK, protocol, dimension=8, samples=2**20)
    limit = overlaps(TARGET, NETWORK, protocol, samples=2**20)
    assert score(exact, "overlaps") < 2.0
    assert score(exact, "self_overlaps") < 2.0
    # The limit differs by terms of order 1/d, which this many runs resolve.
    assert score(limit, "self_overlaps") > 3.0


def test_a_batch_of_many_more_than_d_samples_leaves_no_noise():
    plenty = overlaps(TARGET, NETWORK, Protocol.repeat(2, batch="d^2", learning_rate=2.0), samples=2**18)
    many = overlaps(TARGET, NETWORK, Protocol.repeat(2, batch="1e7*d", learning_rate=2.0), samples=2**18)
    assert "infinite" in plenty.attrs["sample_ratio"]
    assert np.allclose(plenty.self_overlaps, many.self_overlaps, atol=1e-5)
