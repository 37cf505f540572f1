"""The first step in closed form, against the note's numbers and against sampling."""

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.asymptotics.first_step import label_moments
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target

from .listed import rms


def test_the_note_s_numbers_for_relu():
    network = Network(8, "relu", readout="constant", symmetric=False)
    protocol = Protocol.repeat(1, batch="2d", learning_rate=3.0, loss="correlation")
    theory = overlaps(Target.parse("z1 + z1*z2"), network, protocol).isel(step=1)
    assert theory.overlaps.values[0] == pytest.approx([0.5303301, 0.0])
    assert theory.self_overlaps.values[0, 0] == pytest.approx(1.84375)


@pytest.mark.parametrize(
    ("text", "network", "loss", "decay"),
    [
        (
            "z1**2 + z2",
            Network(8, "relu", readout=[1, 2, -1, 0.5, -1, -2, 1, -0.5], symmetric=True),
            "square",
            0.2,
        ),
        ("abs(z1) + z2", Network(3, "gelu", readout=[1, -0.5, 2], bias=[0.5, -1.0, 0.0]), "correlation", 0.0),
        ("tanh(z1 + 1)", Network(4, "sigmoid", bias=0.7, readout="uniform"), "square", 0.1),
    ],
)
def test_sampling_agrees(text, network, loss, decay):
    protocol = Protocol.repeat(1, batch="1.5d", learning_rate=2.0, loss=loss, weight_decay=decay)
    target = Target.parse(text, noise=0.3)
    exact = overlaps(target, network, protocol)
    sampled = overlaps(target, network, protocol, method="sampling")
    assert exact.attrs["steps_without_sampling"] == 1
    assert sampled.attrs["steps_without_sampling"] == 0
    for variable in ("overlaps", "self_overlaps"):
        error = sampled[f"{variable}_se"].values[1]
        z = (sampled[variable].values[1] - exact[variable].values[1]) / error
        assert rms(z) < 2.0


def test_label_moments_of_kinked_targets_are_those_of_their_polynomial_pieces():
    moments = label_moments(Target.parse("relu(z1) - relu(-z1) + z2**2", noise=0.5))  # = z1 + z2^2
    assert moments.mean == pytest.approx(1.0, abs=1e-10)
    assert moments.slope == pytest.approx(np.array([1.0, 0.0]), abs=1e-10)
    assert moments.energy == pytest.approx(1.0 + 3.0 + 0.5, abs=1e-10)
