"""The direct engine: a plain gradient step, streamed, on any array-API namespace."""

import array_api_strict
import numpy as np
import pytest

from giantstep.errors import CapabilityError
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.training.direct import Arrays, chunk_size, run_direct
from giantstep.training.experiment import Experiment, chunks
from giantstep.training.fresh import BLOCK, CHUNK

TARGET = Target.parse("z1 + z1*z2", noise=0.3)
DIMENSION = 40


def experiment(protocol, network=None, replicate=0):
    network = network or Network(4, "tanh", bias=0.3)
    return Experiment(TARGET, network, protocol, DIMENSION, Streams(2, replicate))


def textbook(run, arrays_of_batches):
    """The same steps in float64 by definition, from whole batches."""
    network, layer = run.network, None
    generator = run.streams.generator(Role.INIT)
    rows = generator.standard_normal((network.free_neurons, DIMENSION))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    layer = np.vstack([rows, rows]) if network.symmetric else rows
    a, b = run.draw_readout(), run.draw_biases()
    layers = [layer]
    for rule, (x, y) in zip(run.protocol.steps, arrays_of_batches, strict=True):
        if rule.preprocess:
            y = y - y.mean() - x @ (x.T @ y / len(y))
        h = x @ layer.T + b
        f = np.tanh(h) @ a / np.sqrt(network.width)
        residual = y if rule.loss == "correlation" else y - f
        errors = residual[:, None] * (1 - np.tanh(h) ** 2) * a / np.sqrt(network.width)
        rate = float(rule.learning_rate.coefficient)
        layer = (1 - rate * rule.weight_decay) * layer + rate * errors.T @ x / len(y)
        layers.append(layer)
    return layers


def batch(run, step, samples):
    """The batch at its address, drawn chunk by chunk."""
    from giantstep.gaussian.normals import draw_normals

    xs, ys = [], []
    for index, size in chunks(samples, chunk_size(DIMENSION)):
        x = draw_normals(run.streams.generator(Role.BATCH, step, index), size, DIMENSION)
        noise = draw_normals(run.streams.generator(Role.NOISE, step, index), size)
        xs.append(x)
        ys.append(run.target(x[:, : run.target.rank]) + np.sqrt(0.3) * noise)
    return np.concatenate(xs).astype(float), np.concatenate(ys).astype(float)


@pytest.mark.parametrize("preprocess", [False, True])
@pytest.mark.parametrize("loss", ["square", "correlation"])
def test_steps_equal_the_definition_on_the_same_samples(loss, preprocess):
    kind = dict(loss=loss, preprocess=preprocess)
    steps = (
        Step(500, 3.0, **kind),
        Step(500, 2.0, reuse=True, weight_decay=0.1, **kind),
        Step(300, 1.0, **kind),
    )
    run = experiment(Protocol(steps))
    first, last = batch(run, 1, 500), batch(run, 3, 300)
    expected = textbook(run, [first, first, last])
    for snapshot, layer in zip(run_direct(run).snapshots, expected, strict=True):
        np.testing.assert_allclose(snapshot.overlaps, layer[:, :2], atol=2e-6)
        np.testing.assert_allclose(snapshot.self_overlaps, layer @ layer.T, atol=2e-5)


def test_the_step_is_written_to_the_array_api():
    class Strict(Arrays):
        def put(self, array):
            return array_api_strict.asarray(np.array(array))

        def fetch(self, array):
            return np.asarray(array)

    run = experiment(Protocol((Step(500, 3.0), Step(500, 2.0, reuse=True, preprocess=True))))
    strict = run_direct(run, Strict(array_api_strict))
    for ours, theirs in zip(run_direct(run).snapshots, strict.snapshots, strict=True):
        np.testing.assert_allclose(ours.self_overlaps, theirs.self_overlaps, atol=1e-6)


def test_pytorch_gives_the_same_numbers_where_it_is_installed():
    pytest.importorskip("torch")
    run = experiment(Protocol.repeat(2, batch=500, learning_rate=3.0), Network(4, "erf"))
    for ours, theirs in zip(
        run_direct(run).snapshots, run_direct(run, Arrays.on("cpu")).snapshots, strict=True
    ):
        np.testing.assert_allclose(ours.self_overlaps, theirs.self_overlaps, atol=1e-5)


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(CapabilityError, match="device 'no-such-device'"):
        Arrays.on("no-such-device")


def test_chunks_depend_on_the_dimension_alone_and_cover_the_batch():
    assert chunk_size(10**9) == 1
    assert chunk_size(100) == 8192
    assert list(chunks(10, 4)) == [(0, 4), (1, 4), (2, 2)]
    assert CHUNK % BLOCK == 0
