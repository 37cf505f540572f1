"""The measured spike against the theory of the first step."""

import numpy as np
import pytest

import giantstep as gs
from giantstep.studies.first_step_spike import SPIKE, measured_spike


def test_the_spike_of_simulated_steps_is_the_predicted_one():
    network = gs.Network(150, "tanh", readout="constant", readout_scale="1/sqrt(p)", symmetric=False)
    protocol = gs.Protocol.repeat(1, batch="4d", learning_rate="2*p")
    target = gs.Target.parse("sin(z1)")
    data = gs.simulate(target, network, protocol, dimension=150, seeds=10)
    last = data.isel(step=-1)
    found = np.array(
        [
            measured_spike(m[:, 0], q)
            for m, q in zip(last.overlaps.values, last.self_overlaps.values, strict=True)
        ]
    )
    theory = gs.predict.features(
        target, "tanh", sample_ratio=1.0, learning_rate_ratio=2.0, first_batch_ratio=4.0, ridge=0.1
    )
    error = found.std(0, ddof=1) / len(found) ** 0.5
    z = (found.mean(0) - [float(theory[name]) for name in SPIKE]) / error
    # Student's t with 9 degrees of freedom, three entries, level 1e-3; O(1/d) bias is below the error here.
    assert np.abs(z).max() < 5.3, z


def test_rows_without_a_spike_have_none():
    assert np.isnan(measured_spike([0.0, 0.0], [[1.0, -0.5], [-0.5, 1.0]])).all()
    assert np.isnan(measured_spike([0.3], [[1.0]])).all()
    assert measured_spike([0.3, 0.3], [[1.0, 0.25], [0.25, 1.0]]) == pytest.approx((0.5, 0.6, 0.75))
