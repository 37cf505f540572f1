"""Neurons of a replicate take the theory's order, or the replicate is left out."""

import numpy as np
import pytest

import giantstep as gs
from giantstep.matching import matched_replicates

TARGET = gs.Target.parse("z1 + z1*z2")
PROTOCOL = gs.Protocol.repeat(2, batch="3d", learning_rate=3.0)


def data(network, seeds=5):
    return gs.simulate(TARGET, network, PROTOCOL, dimension=2000, seeds=seeds)


@pytest.mark.parametrize("bias", [0.0, [0.3, -0.2, 0.1] * 2])
def test_a_symmetric_start_with_random_signs_is_matched_pair_by_pair(bias):
    network = gs.Network(6, "tanh", bias=bias, symmetric=True)
    found = data(network)
    theory = found.isel(replicate=0)
    matched = matched_replicates(theory, found)
    assert matched.sizes["replicate"] == 5
    assert (matched.readout == theory.readout).all()
    assert (matched.biases == theory.biases).all()
    # Paired neurons share a row at the start and must still do so after the permutation.
    start = matched.self_overlaps.isel(step=0)
    np.testing.assert_allclose(start.isel(neuron=0, neuron_other=3), 1.0, atol=1e-12)
    assert np.abs(start.isel(neuron=0, neuron_other=1)).max() < 0.2


def test_a_permutation_moves_every_axis_of_the_neurons():
    found = data(gs.Network(4, symmetric=True))
    theory = found.isel(replicate=0)
    for replicate, one in enumerate(matched_replicates(theory, found).transpose("replicate", ...).overlaps):
        raw = found.overlaps.isel(replicate=replicate)
        assert sorted(one.values[-1, :, 0]) == sorted(raw.values[-1, :, 0])
        signs = np.sign(one.values[-1, :, 0])
        assert np.array_equal(signs, np.sign(theory.readout.values))


def test_given_readouts_need_no_permutation():
    found = data(gs.Network(2, readout=[1.0, -0.5]))
    assert matched_replicates(found.isel(replicate=0), found).identical(found)


def test_continuous_readouts_cannot_be_matched_and_compare_says_so():
    network = gs.Network(4, readout="gaussian")
    found = data(network)
    assert matched_replicates(found.isel(replicate=0), found).sizes["replicate"] == 1
    comparison = gs.compare(gs.predict.overlaps(TARGET, network, PROTOCOL), found)
    assert comparison.verdict == "not resolved"
    assert "give them as numbers" in comparison.reason


def test_data_without_readouts_is_left_alone():
    found = data(gs.Network(2)).drop_vars("readout")
    assert matched_replicates(found.isel(replicate=0), found) is found
