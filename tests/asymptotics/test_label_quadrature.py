"""Fresh steps of the correlation loss by quadrature: the same numbers as by sampling, and far more digits."""

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target

from .listed import rms

CASES = {
    "tanh, noise, biases, decay": (
        Target.parse("z1 + He2(z1)*z2/2", noise=0.3),
        Network(4, "tanh", readout=[0.5, -1.0, 0.7, 1.2], symmetric=False, bias=[0.0, 0.5, -0.5, 1.0]),
        {"weight_decay": 0.1, "batch": "3d", "learning_rate": 2.0},
    ),
    "relu pairs, kinked target": (
        Target.parse("abs(z1) + z2"),
        Network(4, "relu", readout=[1, 0.5, -1, -0.5], symmetric=True, bias=[0.3, -0.4, 0.3, -0.4]),
        {"batch": "d", "learning_rate": 1.0},
    ),
    "erf, infinite batch": (
        Target.parse("z1 + z1*z2"),
        Network(3, "erf", readout=[1, 0.5, -1], bias=[0.3, -0.4, 0.3]),
        {"batch": "d^2", "learning_rate": 1.0},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_sampling_agrees(name):
    target, network, fields = CASES[name]
    protocol = Protocol.repeat(3, loss="correlation", **fields)
    exact = overlaps(target, network, protocol)
    sampled = overlaps(target, network, protocol, method="sampling", samples=2**20)
    assert exact.attrs["steps_without_sampling"] == 3
    for variable in ("overlaps", "self_overlaps"):
        difference, error = (exact - sampled)[variable].values[1:], sampled[f"{variable}_se"].values[1:]
        free = error > 1e-9
        assert rms(difference[free] / error[free]) < 2.0
        assert exact[f"{variable}_se"].values.max() < 1e-4


def test_steps_continue_by_sampling_where_quadrature_ends():
    target, network, fields = CASES["relu pairs, kinked target"]
    labels = Protocol.repeat(2, loss="correlation", **fields)
    both = Protocol((*labels.steps, *Protocol.repeat(1, **fields).steps))
    theory = overlaps(target, network, both, samples=2**18)
    assert theory.attrs["steps_without_sampling"] == 2
    again = overlaps(target, network, both, samples=2**18, method="sampling")
    error = np.hypot(theory.self_overlaps_se.values[-1], again.self_overlaps_se.values[-1])
    assert rms((theory.self_overlaps.values[-1] - again.self_overlaps.values[-1]) / error) < 2.0


def test_a_given_start_is_continued():
    target, network, fields = CASES["tanh, noise, biases, decay"]
    one, two = (Protocol.repeat(steps, loss="correlation", **fields) for steps in (1, 2))
    first = overlaps(target, network, one)
    middle = (first.overlaps.values[-1], first.self_overlaps.values[-1])
    onward = overlaps(target, network, one, start=middle)
    whole = overlaps(target, network, two)
    assert onward.overlaps.values[-1] == pytest.approx(whole.overlaps.values[-1], abs=1e-10)
