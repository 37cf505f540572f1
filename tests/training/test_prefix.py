"""Prefixes of one batch: exact at each n, and jointly."""

import math

import numpy as np
import pytest
from tests.training.laws import z_scores

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.networks.gradient import backpropagated_errors
from giantstep.protocol import Protocol
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.training.axes import initial_layer
from giantstep.training.experiment import Experiment
from giantstep.training.fresh import fresh_step
from giantstep.training.prefix import prefix_gradients

TARGET = Target.parse("z1 + z1*z2", noise=0.3)
NETWORK = Network(4, "relu", readout=(1.0, -0.5, 0.7, 1.2), symmetric=False)
READOUT, BIASES = np.array(NETWORK.readout), np.zeros(4)
DIMENSION, SIZES, RATE = 40, (30, 90, 200), 2.0


def experiment(samples, replicate, seed=0, loss="square", **changes):
    settings = {"target": TARGET, "network": NETWORK, "dimension": DIMENSION} | changes
    protocol = Protocol.repeat(1, batch=samples, learning_rate=RATE, loss=loss)
    return Experiment(protocol=protocol, streams=Streams(seed, replicate), **settings)


def start(one):
    return initial_layer(one.network, one.target.rank, one.dimension, one.streams.generator(Role.INIT))


def scanned(replicate, seed=0):
    one = experiment(SIZES[-1], replicate, seed)
    return prefix_gradients(one, 1, start(one), READOUT, BIASES, SIZES)


def direct(replicate):
    """The same three gradients of explicit inputs in DIMENSION dimensions."""
    one = experiment(SIZES[-1], replicate, seed=9)
    generator = one.streams.generator(Role.TEST)
    layer = generator.standard_normal((4, DIMENSION))
    layer /= np.linalg.norm(layer, axis=1, keepdims=True)
    x = generator.standard_normal((DIMENSION, SIZES[-1]))
    y = TARGET(x[:2].T) + math.sqrt(TARGET.noise) * generator.standard_normal(SIZES[-1])
    errors = backpropagated_errors(layer @ x, y, READOUT, NETWORK.activation, "square")
    scaled = (READOUT / 2)[:, None] * errors
    return layer, [scaled[:, :n] @ x[:, :n].T / n for n in SIZES]


def test_each_prefix_has_the_law_of_a_step_of_its_own_size():
    replicates = 1500
    found = [scanned(r) for r in range(replicates)]
    for index, size in enumerate(SIZES):
        ours, separate = [], []
        for r in range(replicates):
            ours.append(np.concatenate([np.ravel(x) for x in found[r].order_parameters(index, RATE, 2)]))
            one = experiment(size, r, seed=1)
            layer = fresh_step(one, 1, start(one), READOUT, BIASES)[0]
            separate.append(np.concatenate([layer[:, :2].ravel(), (layer @ layer.T).ravel()]))
        means, variances = z_scores(np.array(ours), np.array(separate))
        assert np.abs(means).max() < 4
        assert np.abs(variances).max() < 4


def test_prefixes_have_the_joint_law_of_nested_batches_of_explicit_inputs():
    """Products of two prefixes' energies: what separate Bartlett factors would get wrong."""
    ours, explicit = [], []
    for r in range(3000):
        energies = scanned(r).energies
        ours.append(np.concatenate([energies.ravel(), (energies[:-1] * energies[1:]).ravel()]))
        _, gradients = direct(r)
        energies = np.array([(g**2).sum(1) for g in gradients])
        explicit.append(np.concatenate([energies.ravel(), (energies[:-1] * energies[1:]).ravel()]))
    means, variances = z_scores(np.array(ours), np.array(explicit))
    assert np.abs(means).max() < 4
    assert np.abs(variances).max() < 4
    correlation = np.corrcoef(np.array(ours)[:, [4, 8]].T)[0, 1]
    assert correlation == pytest.approx(np.corrcoef(np.array(explicit)[:, [4, 8]].T)[0, 1], abs=0.06)


def test_the_last_prefix_sees_the_samples_of_the_full_step():
    one = experiment(40_000, 0, dimension=10**6)
    layer = start(one)
    full = fresh_step(one, 1, layer, READOUT, BIASES)[0]
    found = prefix_gradients(one, 1, layer, READOUT, BIASES, [5000, 40_000])
    axes = found.known.shape[2]
    np.testing.assert_allclose(found.layer + RATE * found.known[-1], full[:, :axes], rtol=1e-5, atol=1e-6)


def test_the_squared_overlap_follows_signal_over_signal_plus_noise():
    """l = 1 with the matched activation: S = 1, N = d / n (theory note 10, section 1)."""
    target, network, dimension = Target.parse("z1"), Network(8, "He1", symmetric=False), 10_000
    ratios, overlaps = np.array([0.1, 1.0, 10.0]), []
    for r in range(8):
        changes = {"target": target, "network": network, "dimension": dimension}
        one = experiment(10 * dimension, r, loss="correlation", **changes)
        layer = start(one)
        sizes = np.round(ratios * dimension).astype(int)
        found = prefix_gradients(one, 1, layer, np.ones(8), np.zeros(8), sizes)
        signal = found.known[:, :, 0] - found.along_rows * layer[:, 0]
        overlaps.append((signal**2 / (found.energies - found.along_rows**2)).mean(1))
    error = np.std(overlaps, axis=0, ddof=1) / math.sqrt(len(overlaps))
    deviation = np.mean(overlaps, axis=0) - ratios / (1 + ratios)
    assert np.all(np.abs(deviation) < 4 * error)
    assert np.all(error < 0.01)


def test_the_same_bits_on_any_number_of_threads():
    def run(threads):
        one = experiment(150_000, 0, dimension=10**6, threads=threads)
        return prefix_gradients(one, 1, start(one), READOUT, BIASES, [7, 40_000, 120_000])

    one, two = run(1), run(2)
    assert np.array_equal(one.known, two.known)
    assert np.array_equal(one.off_grams, two.off_grams)


def test_a_symmetric_start_and_a_dimension_smaller_than_the_width_are_exact_too():
    network = Network(8)
    one = experiment(500, 0, dimension=5, network=network)
    readout = np.repeat([1.0, -1.0], 4)
    found = prefix_gradients(one, 1, start(one), readout, np.zeros(8), [3, 500])
    assert np.isfinite(found.energies).all()
    assert np.linalg.matrix_rank(found.off_grams[-1], tol=1e-9) <= 5


def test_sizes_must_grow_and_preprocessing_is_refused():
    one = experiment(100, 0)
    for sizes in ([], [0, 5], [5, 5], [50, 101]):
        with pytest.raises(SpecError, match="expected growing sizes from 1 to the batch of 100"):
            prefix_gradients(one, 1, start(one), READOUT, BIASES, sizes)
    protocol = Protocol.repeat(1, batch=100, preprocess=True)
    refused = Experiment(TARGET, NETWORK, protocol, DIMENSION)
    with pytest.raises(CapabilityError, match="whole batch"):
        prefix_gradients(refused, 1, start(refused), READOUT, BIASES, [10])
