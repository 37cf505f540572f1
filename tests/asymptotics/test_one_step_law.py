"""Signal over signal plus noise, against the note's numbers and against simulated steps."""

import math

import numpy as np
import pytest

from giantstep.asymptotics.one_step_law import one_step_overlaps
from giantstep.networks import Activation, Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.training.batch_scan import scan_replicate


def test_one_coordinate_gives_n_over_n_plus_d():
    law = one_step_overlaps(Target.parse("z1"), Activation.named("He1"), [[0.0]], [1e8, 1e9], dimension=10**9)
    assert law.ravel() == pytest.approx([1 / 11, 1 / 2], rel=1e-6)


def scanned(target, network, dimension, largest, replicate, smallest):
    return scan_replicate(
        target,
        network,
        Protocol.repeat(1, batch=largest, loss="correlation"),
        dimension=dimension,
        streams=Streams(0, replicate),
        smallest_batch=smallest,
        per_octave=1,
    )


def measured(data):
    """Squared overlaps of the gradient, own component removed, (batch, neuron)."""
    own = data.gradient_along_row
    inside = ((data.gradient_overlaps - own * data.start_overlaps) ** 2).sum("direction")
    return (inside / (data.gradient_energy - own**2)).transpose("replicate", "batch", "neuron").values[0]


@pytest.mark.parametrize(("order", "dimension", "largest"), [(1, 500, 5.0), (2, 256, 1.0), (3, 96, 0.3)])
def test_products_follow_simulated_steps_over_two_decades_of_batches(order, dimension, largest):
    activation = Activation.named(f"{1 / (order * math.sqrt(math.factorial(order - 1)))!r}*He{order}")
    target = Target.parse("*".join(f"z{q + 1}" for q in range(order)))
    network = Network(8, activation, readout="constant", symmetric=False)
    n = round(largest * dimension**order)
    differences = []
    for replicate in range(12):
        data = scanned(target, network, dimension, n, replicate, n // 100)
        sizes = data.scanned_batch.values
        law = one_step_overlaps(target, activation, data.start_overlaps.values[0], sizes, dimension=dimension)
        differences.append((measured(data) - law).mean(1))
    error = np.std(differences, axis=0, ddof=1) / math.sqrt(12)
    # What is left at finite d is of the order of a few / d.
    assert np.all(np.abs(np.mean(differences, axis=0)) < 3.5 * error + 2.0 / dimension)
    assert error.max() < 0.02


def test_noise_inside_the_target_space_is_the_labels_own_not_isotropic():
    """Far below its order a step aligns by chance only, three times as much for z1 z2 as r / d."""
    activation, target = Activation.named("0.5*He2"), Target.parse("z1*z2")
    law = one_step_overlaps(target, activation, np.zeros((1, 2)), [1000], dimension=1000)
    assert law.item() == pytest.approx(6 / 1000, rel=0.03)
    network = Network(8, activation, readout="constant", symmetric=False)
    overlaps = [measured(scanned(target, network, 1000, 1000, r, 1000)).mean() for r in range(60)]
    mean, error = np.mean(overlaps), np.std(overlaps, ddof=1) / math.sqrt(60)
    assert mean - 2 / 1000 > 4 * error
    start = np.random.default_rng(1).standard_normal((4000, 2)) / math.sqrt(1000)
    law = one_step_overlaps(target, activation, start, [1000], dimension=1000).mean()
    assert abs(mean - law) < 4 * error + 5e-4


def test_only_the_gained_directions_count():
    target, activation = Target.parse("z1 + z2"), Activation.named("He1")
    whole = one_step_overlaps(target, activation, np.zeros((1, 2)), [1e7], dimension=10**7)
    half = one_step_overlaps(
        target, activation, np.zeros((1, 2)), [1e7], dimension=10**7, gained=np.diag([1.0, 0.0])
    )
    assert half.item() == pytest.approx(whole.item() / 2, rel=1e-3)


def test_what_it_cannot_say_is_none():
    rows = np.zeros((1, 1))
    assert (
        one_step_overlaps(Target.parse("tanh(z1)"), Activation.named("relu"), rows, [10], dimension=10)
        is None
    )
    assert (
        one_step_overlaps(Target.parse("He3(z1)"), Activation.named("relu"), rows, [10], dimension=10) is None
    )
