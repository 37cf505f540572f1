"""The reduced engine has the law of the direct one: every kind of step, every kind of start."""

import numpy as np
import pytest
from scipy import stats

from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.targets import Target
from giantstep.testing.engines import order_parameters
from giantstep.training import reused
from giantstep.training.direct import run_direct
from giantstep.training.reduced import run_reduced
from giantstep.training.reused import Opening

from .laws import Case, z_scores

STAIR = Target.parse("z1 + z1*z2")
SPIN = Target.parse("tanh(z1 + z2^3 - 3*z2)")
NOISY = Target.parse("z1 + z1*z2", noise=0.5)


def repeat(steps, batch, learning_rate=3.0, **kind):
    return Protocol.repeat(steps, batch=batch, learning_rate=learning_rate, **kind)


def free(width, activation="relu", **fields):
    # A given readout: with random signs the mean overlaps would vanish and nothing could be told apart.
    readout = np.linspace(1.5, -1.0, width)
    return Network(width, activation, **{"readout": readout, "symmetric": False} | fields)


def paired(width, activation="tanh", **fields):
    half = np.linspace(1.5, 0.5, width // 2)
    return Network(width, activation, readout=[*half, *-half], symmetric=True, **fields)


MIXED = (
    Step(150, 3.0),
    Step(150, 3.0, reuse=True),
    Step(100, 2.0),
    Step(100, 2.0, reuse=True, loss="correlation"),
)
LATE = (Step(150, 3.0), Step(150, 3.0, reuse=True, preprocess=True), Step(150, 2.0, reuse=True))

CASES = [
    Case("fresh", STAIR, free(6, rows="gaussian"), repeat(3, 200), 60),
    Case("reused", STAIR, free(6, rows="gaussian"), repeat(3, 200, reuse=True), 60),
    Case("fresh, symmetric, biases", STAIR, paired(6, bias=[0.5, -0.2, 0.1] * 2), repeat(2, 200), 60),
    Case(
        "reused, symmetric, noise",
        NOISY,
        paired(6),
        repeat(3, 200, reuse=True),
        60,
    ),
    Case("reused, small batch", SPIN, free(4, rows="orthonormal"), repeat(4, 60, 0.7, reuse=True), 40),
    Case("mixed", STAIR, free(4, "erf"), Protocol(MIXED), 50),
    Case("fresh, preprocessed", NOISY, free(4), repeat(2, 150, preprocess=True), 50),
    Case("reused, preprocessed", STAIR, free(4), repeat(3, 150, preprocess=True, reuse=True), 50),
    Case("reused, preprocessed late", STAIR, free(4), Protocol(LATE), 50),
    Case("width near dimension", STAIR, free(6), repeat(3, 60, 2.0), 9),
    Case("width near dimension, reused", STAIR, free(6), repeat(3, 60, 2.0, reuse=True), 11),
    Case("width above dimension, preprocessed", STAIR, free(6), repeat(2, 60, 2.0, preprocess=True), 5),
    Case("width above dimension, all", STAIR, free(6), repeat(3, 60, 2.0, preprocess=True, reuse=True), 5),
    Case("batch below width times steps", STAIR, free(6, "tanh"), repeat(3, 8, 2.0, reuse=True), 30),
    Case(
        "linear activation, reused",
        STAIR,
        free(4, "identity"),
        repeat(3, 80, 0.5, reuse=True, loss="correlation"),
        30,
    ),
    Case(
        "orthonormal rows, weight decay",
        STAIR,
        free(3, rows="orthonormal"),
        repeat(3, 80, 1.0, weight_decay=0.1),
        30,
    ),
    Case("reused, weight decay", STAIR, free(3), repeat(3, 80, 1.0, reuse=True, weight_decay=0.2), 30),
    # C_1 is mostly noise here, so most of the errors lie along the labels, whose axis is revealed already.
    Case(
        "fewer samples than dimensions, preprocessed",
        NOISY,
        free(3, "softplus"),
        repeat(2, 20, 1.0, preprocess=True),
        80,
    ),
    Case("no dimension off the teacher", STAIR, free(3), repeat(2, 60, 1.0, reuse=True), 2),
]


def check(case, replicates, seeds):
    reduced = order_parameters(run_reduced, case, seeds[0], replicates)
    direct = order_parameters(run_direct, case, seeds[1], replicates)
    for scores in z_scores(reduced, direct):
        # Entries are strongly correlated: the rms of z fluctuates about 1, its maximum is Bonferroni's.
        limit = stats.norm.isf(1e-4 / (2 * len(scores)))
        assert np.abs(scores).max() < limit
        assert np.sqrt((scores**2).mean()) < 1.8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_means_and_variances_agree(case):
    check(case, replicates=250, seeds=(11, 12))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_means_and_variances_agree_at_four_thousand_replicates(case):
    check(case, replicates=4000, seeds=(13, 14))


def test_a_single_order_parameter_has_the_same_distribution():
    case = CASES[1]
    samples = [
        order_parameters(run, case, seed, 400)[:, -1] for run, seed in ((run_reduced, 21), (run_direct, 22))
    ]
    assert stats.ks_2samp(*samples).pvalue > 1e-3


SHARP = next(case for case in CASES if case.name == "reused, small batch")


def test_the_comparison_would_notice_a_batch_that_forgets_what_it_revealed(monkeypatch):
    # Sabotage: on a new axis the batch keeps fresh noise, unrelated to the gradient that opened the axis.
    def forgetful(orthonormalise, second, mix, noise_on_basis):
        return Opening(orthonormalise, second, 0.0 * mix, noise_on_basis)

    monkeypatch.setattr(reused, "Opening", forgetful)
    with pytest.raises(AssertionError):
        check(SHARP, replicates=250, seeds=(11, 12))


def test_the_comparison_would_notice_fresh_steps_in_place_of_reused_ones():
    protocol = repeat(4, 60, 0.7)
    fresh = Case("fresh", SHARP.target, SHARP.network, protocol, SHARP.dimension)
    first, second = (order_parameters(run_reduced, case, 11, 250) for case in (SHARP, fresh))
    assert np.abs(z_scores(first, second)[0]).max() > 8.0
