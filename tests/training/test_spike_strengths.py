"""Strengths of spikes under a swollen bulk: unbiased, silent on noise, whatever hides singular values."""

import math

import numpy as np
import pytest

from giantstep.threads import one_blas_thread
from giantstep.training.spectrum import readout_powers, top_spectrum
from giantstep.training.spike_strengths import spike_strengths

LAWS = {
    "gaussian": lambda rng, width: rng.standard_normal(width),
    "uniform": lambda rng, width: rng.uniform(-math.sqrt(3), math.sqrt(3), width),
    "rademacher": lambda rng, width: rng.choice([-1.0, 1.0], width),
}


@pytest.fixture(autouse=True)
def one_thread():
    with one_blas_thread():
        yield


def bulk(rng, readout, dimension, swelling):
    """Rows of norm about 1, swollen like those that a step with quadratic rungs leaves."""
    rows = rng.standard_normal((len(readout), dimension)) / math.sqrt(dimension)
    return rows * np.sqrt(1.0 + swelling * readout**4)[:, None]


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("swelling", [0.0, 0.3])
@pytest.mark.parametrize(
    ("width", "dimension"), [(300, 200), (200, 300), (40, 400), (400, 40), (10, 10), (4, 6)]
)
def test_noise_has_no_spike_in_twenty_five_seeds(law, swelling, width, dimension):
    counts = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        a = LAWS[law](rng, width)
        counts.append(spike_strengths(bulk(rng, a, dimension, swelling), readout_powers(a)).count)
    assert counts == [0] * 25


@pytest.mark.parametrize(("law", "swelling"), [("gaussian", 0.1), ("uniform", 0.5)])
@pytest.mark.parametrize("first", [60.0, 1e5])
def test_strengths_are_unbiased_whatever_the_bulk_and_the_strongest_spike(law, swelling, first):
    """z-scores over 24 seeds; the uniform readout's bulk hides the weakest spike from its singular value."""
    planted, found, seen = np.array([first, 4.0, 2.0]), [], []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        a = LAWS[law](rng, 500)
        layer = bulk(rng, a, 400, swelling)
        left = np.linalg.qr(np.stack([a, a**2, a**3], axis=1))[0]
        top = top_spectrum(layer + left @ (planted[:, None] * np.eye(3, 400)), a)
        found.append(top.spikes.values[:3])
        seen.append((top.count, top.spikes.count))
        assert abs(top.spikes.left[:, 0] @ left[:, 0]) > 0.999
    errors = np.std(found, 0, ddof=1) / math.sqrt(24)
    z = (np.mean(found, 0) - planted) / errors
    assert math.sqrt(np.mean(z**2)) < 2
    if law == "uniform":
        assert np.median(seen, 0).tolist() == [2, 3]


def test_singular_values_move_with_the_bulk_and_strengths_do_not():
    rng = np.random.default_rng(0)
    a = rng.uniform(-1, 1, 400)
    left = a**2 / np.linalg.norm(a**2)
    values = []
    for swelling in (0.0, 2.0, 10.0):
        layer = bulk(np.random.default_rng(1), a, 300, swelling) + 4.0 * np.outer(left, np.eye(300)[0])
        top = top_spectrum(layer, a)
        values.append([top.singular_values[0], top.spikes.values[0]])
    (plain, _), (swollen, _), (more, _) = values
    assert plain < swollen - 0.2 < more - 0.4
    np.testing.assert_allclose([strength for _, strength in values], 4.0, atol=0.15)


def test_a_strength_below_the_threshold_is_no_spike_however_sure_it_is():
    rng = np.random.default_rng(2)
    a = rng.uniform(-1, 1, 900)
    left = a / np.linalg.norm(a)
    for strength, count in ((1.3, 0), (1.7, 1)):  # g^(1/4) = 1.5
        layer = bulk(rng, a, 178, 0.0) + strength * np.outer(left, np.eye(178)[0])
        assert spike_strengths(layer, left[:, None]).count == count


def test_the_scale_of_a_divided_layer_is_given_back():
    rng = np.random.default_rng(3)
    a = rng.uniform(-1, 1, 200)
    layer = bulk(rng, a, 150, 0.0) + np.outer(a, np.eye(150)[0])
    plain, divided = (
        spike_strengths(layer, readout_powers(a)),
        spike_strengths(layer / 8, readout_powers(a), 8.0),
    )
    np.testing.assert_allclose(divided.values, plain.values, rtol=1e-10, atol=1e-7)
    assert divided.count == plain.count == 1


def test_layers_without_noise_and_without_anything_are_no_crash():
    a = np.random.default_rng(4).uniform(-1, 1, 30)
    nothing = top_spectrum(np.zeros((30, 20)), a)
    assert (nothing.count, nothing.spikes.count) == (0, 0)
    pure = spike_strengths(np.outer(a, np.eye(20)[0]), readout_powers(a))
    assert pure.values[0] == pytest.approx(np.linalg.norm(a))
    assert pure.count == 1
