"""A kept batch in the reduced engine's coordinates is theory note 10 section 4, feedback included."""

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.errors import CapabilityError
from giantstep.networks import Activation, Network
from giantstep.protocol import Protocol
from giantstep.targets import Target
from giantstep.training.simulation import simulate

from .cavity import cavity_steps
from .listed import rms, start

READOUT = [1.0, -0.6, 0.8, 1.3, -1.0, 0.6, -0.8, -1.3]
TARGET = Target.parse("z1 + z1*z2")
NETWORK = Network(8, "relu", readout=READOUT, symmetric=True)
PROTOCOL = Protocol.repeat(3, batch="d", learning_rate=3.0, reuse=True)
CASE = {
    "target": TARGET,
    "activation": Activation.named("relu"),
    "a": READOUT,
    "alpha": 1.0,
    "rates": [3.0] * 3,
    "loss": "square",
}
LIMIT = (np.zeros((8, 2)), np.tile(np.eye(4), (2, 2)))


def path_of(dataset):
    return [(dataset.overlaps.values[t], dataset.self_overlaps.values[t]) for t in (1, 2, 3)]


def scores(paths, ours):
    """Rms z of a set of independent paths against our prediction: {(step, letter): z}."""
    found = {}
    for index, letter in enumerate("MQ"):
        values = np.array([[step[index] for step in path] for path in paths])
        variable = ("overlaps", "self_overlaps")[index]
        error = np.hypot(values.std(0, ddof=1) / len(values) ** 0.5, ours[f"{variable}_se"].values[1:])
        z = (values.mean(0) - ours[variable].values[1:]) / error
        found |= {(t + 1, letter): rms(z[t]) for t in range(3)}
    return found


def test_the_cavity_equations_written_out_give_the_same_numbers():
    ours = overlaps(TARGET, NETWORK, PROTOCOL, samples=2**20)
    literal = scores([cavity_steps(CASE, LIMIT, seed=seed) for seed in range(8)], ours)
    assert max(literal.values()) < 2.0


def test_without_the_feedback_through_R_the_numbers_differ_from_step_two_on():
    ours = overlaps(TARGET, NETWORK, PROTOCOL, samples=2**20)
    ablated = scores([cavity_steps(CASE, LIMIT, seed=seed, feedback=False) for seed in range(8)], ours)
    assert max(ablated[1, "M"], ablated[1, "Q"], ablated[2, "M"]) < 2.0  # feedback enters these nowhere
    assert min(ablated[2, "Q"], ablated[3, "M"], ablated[3, "Q"]) > 5.0


def test_the_simulation_tells_the_full_theory_from_its_ablations():
    # Theory note 10, section 8: rms z at t = 3 is 0.6 in full, 7.5 (M) and 12.7 (Q) without R, above 16 for
    # the equations of fresh batches.
    seeds = 10
    data = simulate(TARGET, NETWORK, PROTOCOL, dimension=2000, seeds=seeds, seed=7)
    starts = [start(data, replicate) for replicate in range(seeds)]

    def rms_z(paths):
        found = []
        for index, variable in enumerate(("overlaps", "self_overlaps")):
            ours = np.array([[step[index] for step in path] for path in paths])
            bias = data[variable].values[:, 1:] - ours
            z = bias.mean(0) / (bias.std(0, ddof=1) / seeds**0.5)
            found.append([rms(z[t]) for t in range(3)])
        return np.array(found)

    def predicted(protocol):
        return [
            path_of(overlaps(TARGET, NETWORK, protocol, start=begin, samples=2**17, seed=number))
            for number, begin in enumerate(starts)
        ]

    full = rms_z(predicted(PROTOCOL))
    ablated = rms_z(
        [cavity_steps(CASE, begin, seed=n, feedback=False, samples=20_000) for n, begin in enumerate(starts)]
    )
    fresh = rms_z(predicted(Protocol.repeat(3, batch="d", learning_rate=3.0)))
    assert full.max() < 2.0
    assert ablated[0, 2] > 4.0
    assert ablated[1, 1:].min() > 4.0
    assert fresh[:, 1:].min() > 10.0


def test_a_fresh_step_forgets_all_of_a_batch_but_the_gram_matrix():
    reused = Protocol.repeat(2, batch="2d", learning_rate=2.0, reuse=True)
    more = Protocol((*reused.steps, *Protocol.repeat(1, batch="3d", learning_rate=1.0).steps))
    whole = overlaps(TARGET, NETWORK, more, samples=2**19)
    first = overlaps(TARGET, NETWORK, reused, samples=2**19)
    middle = (first.overlaps.values[-1], first.self_overlaps.values[-1])
    last = overlaps(TARGET, NETWORK, Protocol(more.steps[2:]), start=middle, samples=2**19, seed=1)
    for variable in ("overlaps", "self_overlaps"):
        error = np.hypot(whole[f"{variable}_se"].values[-1], last[f"{variable}_se"].values[-1])
        # The second starts from the first's mean and so lacks its error; twice covers that.
        assert rms((whole[variable].values[-1] - last[variable].values[-1]) / error) < 2.0


def test_a_population_that_would_not_fit_is_refused():
    with pytest.raises(CapabilityError, match="GiB"):
        overlaps(TARGET, Network(512), Protocol.repeat(30, batch="d", reuse=True))
