"""One giant step aligns iff n >~ d^l, and by how much (theory note 10, sections 1, 5 and 8)."""

import math

import numpy as np
import pytest

from giantstep.networks import Network, hermite_mixture
from giantstep.protocol import Protocol
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.training.axes import initial_layer
from giantstep.training.experiment import Experiment
from giantstep.training.fresh import fresh_step

# order l, dimension, n / d^l, and measured - formula as the note lists them.
LISTED = [
    (1, 1024, 0.1, 0.001),
    (1, 1024, 0.3, 0.006),
    (1, 1024, 1.0, 0.001),
    (1, 1024, 3.0, 0.001),
    (1, 1024, 10.0, 0.005),
    (2, 256, 0.05, 0.006),
    (2, 256, 0.1, 0.009),
    (2, 256, 0.3, 0.007),
    (2, 256, 1.0, 0.008),
    # Half a minute by itself; the four ratios above hold the same law.
    pytest.param(2, 256, 3.0, 0.004, marks=pytest.mark.slow),
    (3, 96, 0.02, 0.028),
    (3, 96, 0.05, 0.008),
    (3, 96, 0.1, 0.007),
    (3, 96, 0.3, 0.004),
]
WIDTH, REPLICATES = 32, 12


def gradient_and_start(order, dimension, samples, replicate):
    """The gradient and the rows it started from, on common axes.

    A weight decay of 1 / learning_rate leaves the gradient alone; the same random numbers without it give
    the start as the difference.
    """
    # s' = He_{l-1} / sqrt((l-1)!): the matched order, of unit second moment.
    activation = hermite_mixture({order: 1.0 / (order * math.sqrt(math.factorial(order - 1)))})
    network = Network(WIDTH, activation, readout=np.ones(WIDTH), symmetric=False)
    target = Target.parse("*".join(f"z{i + 1}" for i in range(order)))

    def layer(decay):
        protocol = Protocol.repeat(1, batch=samples, loss="correlation", weight_decay=decay)
        experiment = Experiment(target, network, protocol, dimension, Streams(0, replicate))
        start = initial_layer(network, order, dimension, experiment.streams.generator(Role.INIT))
        return fresh_step(experiment, 1, start, np.ones(WIDTH), np.zeros(WIDTH))[0]

    gradient = layer(1.0)
    return gradient, layer(0.0) - gradient


def overlap_and_formula(order, dimension, samples, replicate):
    gradient, start = gradient_and_start(order, dimension, samples, replicate)
    gradient = gradient - (gradient * start).sum(1, keepdims=True) * start
    overlap = (gradient[:, :order] ** 2).sum(1) / (gradient**2).sum(1)
    # C_l of a product of coordinates: C_l[w*^{l-1}, .]_q = (l-1)! prod_{s != q} w*_s, and c_l^2 = (l-1)!.
    teacher = start[:, :order]
    contracted = np.stack([np.delete(teacher, q, axis=1).prod(1) for q in range(order)], axis=1)
    signal = math.factorial(order - 1) * (contracted**2).sum(1)
    noise = dimension / samples
    return overlap, (signal + order / samples) / (signal + noise)


@pytest.mark.parametrize(("order", "dimension", "ratio", "deviation"), LISTED)
def test_the_squared_overlap_follows_signal_over_signal_plus_noise(order, dimension, ratio, deviation):
    samples = round(ratio * dimension**order)
    runs = [overlap_and_formula(order, dimension, samples, r) for r in range(REPLICATES)]
    differences = np.array([overlap.mean() - formula.mean() for overlap, formula in runs])
    error = differences.std(ddof=1) / math.sqrt(REPLICATES)
    assert abs(differences.mean()) < deviation + 3.5 * error
    assert error < 0.012, "an error bar this wide would let anything pass"


def test_a_step_far_below_its_order_aligns_with_nothing():
    overlap, _ = overlap_and_formula(2, 4096, 4096, replicate=0)
    assert overlap.mean() < 20 * 2 / 4096
