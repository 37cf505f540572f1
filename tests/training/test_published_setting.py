"""A published direct simulation, reproduced at d = 10^6 (theory note 20, "Verified with a prototype")."""

import numpy as np

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target
from giantstep.training.simulation import simulate

OVERLAPS = [0.0, 0.0758, 0.1239, 0.1563, 0.1801, 0.1989, 0.2145]
SELF_OVERLAPS = [1.0, 0.854, 0.804, 0.790, 0.791, 0.800, 0.813]


def test_the_relu_committee_on_a_reused_batch_at_a_million_dimensions():
    # Their f = sum a_i relu with a = (1, -1)/sqrt 2 and W += 0.2 D^T X / d is the house's a = (1, -1) with
    # learning_rate = 0.2 n / d (theory note 00).
    data = simulate(
        Target.parse("tanh(z1 + z2^3 - 3*z2)"),
        Network(2, "relu", readout=[1.0, -1.0], rows="orthonormal", symmetric=False),
        Protocol.repeat(6, batch="3d", learning_rate="0.6", reuse=True),
        dimension=10**6,
    )
    assert data.attrs["engine"] == "reduced"
    first = data.isel(replicate=0, neuron=0)
    assert np.abs(first.overlaps.sel(direction="z1") - OVERLAPS).max() < 0.002
    assert np.abs(first.self_overlaps.isel(neuron_other=0) - SELF_OVERLAPS).max() < 0.002
