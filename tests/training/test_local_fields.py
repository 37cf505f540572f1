"""Fresh local fields have the law that the overlaps say, and addresses of their own."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep.gaussian.normals import draw_normals
from giantstep.networks import Network
from giantstep.networks.order_parameters import LinearPart, OrderParameters
from giantstep.protocol import MAX_STEPS, Protocol
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.training.experiment import Experiment
from giantstep.training.local_fields import CHUNK, LocalFields


def layer(width: int, dimension: int, seed: int = 0):
    return np.random.default_rng(seed).standard_normal((width, dimension)) / np.sqrt(dimension)


def snapshot_of(weights, rank, slope=None, constant=0.0):
    linear = None
    if slope is not None:
        linear = LinearPart(constant, slope[:rank], weights @ slope, float(slope @ slope))
    return OrderParameters(weights[:, :rank], weights @ weights.T, linear)


def experiment(target="z1 + z2", width=4, noise=0.0, activation="identity", seed=0):
    network = Network(width, activation, symmetric=False)
    return Experiment(Target.parse(target, noise=noise), network, Protocol(()), 50, Streams(seed))


def draw(run, fields, role=Role.TEST, chunk=0, size=CHUNK, noisy=False):
    features, responses = zip(*fields.blocks(run, role, chunk, size, noisy=noisy), strict=True)
    return np.hstack(features).astype(float), np.hstack(responses).astype(float)


@pytest.mark.parametrize("dimension", [3, 50])
def test_fields_and_labels_have_the_covariance_of_the_overlaps(dimension):
    # Three dimensions, four neurons: the covariance off the teacher is singular.
    weights = layer(4, dimension)
    fields = LocalFields.of(snapshot_of(weights, 2), np.zeros(4), 1)
    run = experiment()
    seen = [np.vstack(draw(run, fields, chunk=chunk)) for chunk in range(8)]
    sampled = np.concatenate(seen, axis=1)
    teacher = np.zeros(dimension)
    teacher[:2] = 1.0
    rows = np.vstack([weights, teacher])
    expected = rows @ rows.T
    products = np.einsum("in,jn->ijn", sampled, sampled)
    error = products.std(-1) / np.sqrt(products.shape[-1])
    assert np.abs((products.mean(-1) - expected) / error).max() < 4.0


def test_the_linear_part_is_taken_off_the_labels_as_a_function_of_the_same_inputs():
    weights, slope = layer(4, 50), layer(1, 50, seed=1)[0]
    run = experiment()
    plain = LocalFields.of(snapshot_of(weights, 2), np.zeros(4), 0)
    cleared = LocalFields.of(snapshot_of(weights, 2, slope, constant=0.5), np.zeros(4), 0)
    # Two teacher axes and the linear part on them alone: exactly computable from the labels' z.
    assert cleared.constant == 0.5
    features, residual = draw(run, cleared)
    teacher = np.zeros(50)
    teacher[:2] = 1.0
    rows = np.vstack([weights, teacher - slope])
    products = np.einsum(
        "in,jn->ijn", np.vstack([features, residual + 0.5]), np.vstack([features, residual + 0.5])
    )
    error = products.std(-1) / np.sqrt(products.shape[-1])
    assert np.abs((products.mean(-1) - rows @ rows.T) / error).max() < 4.0
    assert plain.weights.shape[0] == 4


def test_labels_do_not_depend_on_the_network_nor_on_where_blocks_end():
    narrow, wide = snapshot_of(layer(2, 50), 2), snapshot_of(layer(9, 50), 2)
    few, many = experiment(width=2, noise=0.3), experiment(width=9, noise=0.3)
    size = 5000
    _, left = draw(few, LocalFields.of(narrow, np.zeros(2), 1), Role.READOUT, size=size, noisy=True)
    _, right = draw(many, LocalFields.of(wide, np.zeros(9), 1), Role.READOUT, size=size, noisy=True)
    np.testing.assert_array_equal(left, right)


def test_steps_roles_and_chunks_have_samples_of_their_own():
    snapshot, run = snapshot_of(layer(2, 50), 2), experiment(width=2)
    places = [(1, Role.TEST, 0), (2, Role.TEST, 0), (1, Role.READOUT, 0), (1, Role.TEST, 1)]
    drawn = [
        draw(run, LocalFields.of(snapshot, np.zeros(2), step), role, chunk, size=64)[1]
        for step, role, chunk in places
    ]
    assert len({tuple(labels) for labels in drawn}) == len(places)


def test_label_noise_has_its_variance_and_an_address_no_training_step_can_have():
    snapshot, run = snapshot_of(layer(2, 50), 2), experiment(width=2, noise=0.25)
    for step in (0, MAX_STEPS):
        fields = LocalFields.of(snapshot, np.zeros(2), step)
        noise = draw(run, fields, noisy=True)[1] - draw(run, fields, noisy=False)[1]
        assert abs(noise.var() / 0.25 - 1) * np.sqrt(CHUNK / 2) < 4
        assert abs(noise.mean()) * np.sqrt(CHUNK / 0.25) < 4
        for training in (step, MAX_STEPS):
            taken = run.streams.generator(Role.NOISE, training, 0)
            assert abs(np.corrcoef(noise, draw_normals(taken, CHUNK))[0, 1]) * np.sqrt(CHUNK) < 4


def test_paired_neurons_see_equal_fields():
    half = layer(3, 50)
    fields = LocalFields.of(snapshot_of(np.vstack([half, half]), 2), np.zeros(6), 0)
    features, _ = draw(experiment(width=6), fields, size=100)
    np.testing.assert_allclose(features[:3], features[3:], atol=2e-6)


def test_overlaps_beyond_float32_are_refused():
    huge = OrderParameters(np.full((1, 1), 1e30), np.full((1, 1), 1e60))
    assert LocalFields.of(huge, np.zeros(1), 1) is None
