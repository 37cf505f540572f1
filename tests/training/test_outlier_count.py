"""The robust counter of outliers: silent on noise, right on planted spikes, loud on bad input."""

import numpy as np
import pytest

import giantstep as gs
from giantstep.threads import one_blas_thread
from giantstep.training.outlier_simulation import match_spikes, spike_vectors
from giantstep.training.spectrum import readout_powers, top_spectrum


@pytest.fixture(autouse=True)
def one_thread():
    with one_blas_thread():
        yield


def noise(rng, width, dimension):
    rows = rng.standard_normal((width, dimension))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize(("width", "dimension"), [(300, 200), (220, 330)])
def test_pure_noise_has_no_outlier_in_twenty_seeds(width, dimension):
    counts = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        counts.append(top_spectrum(noise(rng, width, dimension), rng.standard_normal(width)).count)
    assert counts == [0] * 20


@pytest.mark.parametrize(("width", "dimension"), [(300, 230), (230, 300), (60, 40)])
def test_the_top_agrees_with_the_full_decomposition(width, dimension):
    rng = np.random.default_rng(1)
    a, layer = rng.standard_normal(width), noise(rng, width, dimension)
    found = top_spectrum(layer, a)
    u, s, vt = np.linalg.svd(layer)
    np.testing.assert_allclose(found.singular_values, s[:6], rtol=1e-7)
    np.testing.assert_allclose(np.abs(np.diag(found.left.T @ u[:, :6])), 1.0, atol=1e-5)
    np.testing.assert_allclose(np.abs(np.diag(found.right.T @ vt[:6].T)), 1.0, atol=1e-5)
    basis = np.linalg.qr(np.stack([a**k for k in (1, 2, 3, 4)], axis=1))[0]
    rest = layer - basis @ (basis.T @ layer)
    assert found.edge == pytest.approx(np.linalg.norm(rest, 2), rel=1e-7)
    np.testing.assert_allclose(found.in_span, ((basis.T @ found.left) ** 2).sum(0), atol=1e-5)


def test_a_wider_bulk_is_no_outlier_but_spikes_along_powers_are():
    """Rows that were stretched unevenly swell the edge; 1 + sqrt g would count them."""
    rng = np.random.default_rng(2)
    a = rng.uniform(-1, 1, 400)
    layer = noise(rng, 400, 300) * np.sqrt(1 + 2 * a**2)[:, None]
    assert (top_spectrum(layer, a).singular_values > 1.01 * (1 + (4 / 3) ** 0.5)).sum() > 3
    assert top_spectrum(layer, a).count == 0
    for power in (1, 2, 3):
        left = a**power / np.linalg.norm(a**power)
        spiked = layer + 8.0 * np.outer(left, np.eye(300)[5])
        found = top_spectrum(spiked, a)
        assert found.count == 1
        assert found.in_span[0] > 0.5 > 0.2 > found.in_span[1]


def test_noise_on_rows_of_large_readout_is_bulk_whatever_it_shares_with_the_powers():
    """A giant step's own noise grows with |a|: its top vectors sit on few rows, and so do a^3 and a^4."""
    swollen, shares = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        a = rng.standard_normal(400)
        found = top_spectrum(noise(rng, 400, 300) * np.sqrt(1 + 0.3 * a**2)[:, None], a)
        shares.append(float(found.in_span[0]))
        swollen.append(found.count)
    assert max(shares) > 0.3
    assert sum(swollen) == 0


def test_four_rows_have_no_bulk_and_so_no_outlier():
    rng = np.random.default_rng(3)
    assert [top_spectrum(noise(rng, 4, 6), rng.standard_normal(4)).count for _ in range(5)] == [0] * 5


def test_repeated_powers_of_a_readout_of_signs_span_two_dimensions():
    signs = np.sign(np.random.default_rng(3).standard_normal(50))
    assert readout_powers(signs).shape == (50, 2)
    assert readout_powers(np.full(50, 1e-200)).shape == (50, 1)


def test_spikes_are_matched_by_their_left_vectors_not_by_rank():
    rng = np.random.default_rng(4)
    a = rng.standard_normal(500)
    left = spike_vectors(np.eye(3)[:2], a)
    right = np.eye(300)[:2].T * [3.0, 9.0]
    found = top_spectrum(noise(rng, 500, 300) + left @ right.T, a)
    rows = match_spikes(found, left, right, np.eye(300)[:1])
    assert rows[0, 0] == found.singular_values[1]
    assert rows[1, 0] == found.singular_values[0]
    # strength 3 and 9 at g = 5/3: 1 - g (1 + t^2) / (t^2 (t^2 + g)) and its partner
    np.testing.assert_allclose(rows[:, 1], [0.826, 0.980], atol=0.05)
    np.testing.assert_allclose(rows[:, 2], [0.881, 0.987], atol=0.05)
    assert rows[0, 3] == pytest.approx(rows[0, 2], abs=1e-9)


def test_measured_strengths_stand_beside_the_singular_values():
    rng = np.random.default_rng(6)
    a = rng.uniform(-1, 1, (2, 300))
    layers = np.stack([noise(rng, 300, 200) + np.outer(one, np.eye(200)[0]) for one in a])[:, None]
    found = gs.measure_outliers(layers, a)
    assert found.strength.dims == ("replicate", "step", "spike")
    np.testing.assert_allclose(found.strength[:, 0, 0], np.linalg.norm(a, axis=1), rtol=0.02)
    assert found.spike_count.values.tolist() == found.outlier_count.values.tolist() == [[1], [1]]


def test_measure_outliers_says_what_is_wrong_with_its_input():
    a, layer = np.ones(10), np.zeros((10, 8))
    for words, call in {
        "first_layers: found shape": lambda: gs.measure_outliers(np.zeros(3), a),
        "width: found 3, expected at least 4": lambda: gs.measure_outliers(np.zeros((3, 8)), np.ones(3)),
        "dimension: found 2, expected at least 4": lambda: gs.measure_outliers(np.zeros((10, 2)), a),
        "readout: found shape (9,)": lambda: gs.measure_outliers(layer, np.ones(9)),
        "not finite": lambda: gs.measure_outliers(layer * np.nan, a),
        "readout of zeros": lambda: gs.measure_outliers(layer, 0 * a),
        "teacher: found shape (1, 3)": lambda: gs.measure_outliers(layer, a, np.eye(1, 3)),
        "shown: found 0": lambda: gs.measure_outliers(layer, a, shown=0),
        "expected an array of real numbers": lambda: gs.measure_outliers("weights", a),
    }.items():
        with pytest.raises(gs.SpecError) as error:
            call()
        assert words in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spikes", "words"),
    [("a", "spikes: found"), ([[np.nan]], "spikes: found shape (1, 1)"), (np.zeros((1, 1, 1)), "(1, 1, 1)")],
)
def test_spikes_that_cannot_be_are_named(spikes, words):
    network = gs.Network(20, "He1", readout="gaussian", symmetric=False)
    protocol = gs.Protocol.of_exponents([0.3], [1], batch=50)
    with pytest.raises(gs.SpecError) as error:
        gs.simulate_outliers(gs.Target.parse("z1"), network, protocol, dimension=15, spikes=spikes)
    assert words in str(error.value)


def test_a_run_that_overflows_says_so_and_keeps_what_came_before():
    network = gs.Network(40, "He1+He2", readout="gaussian", symmetric=False)
    steps = (gs.Step(100, 1e200, loss="correlation"), gs.Step(100, 1e30, loss="correlation"))
    found = gs.simulate_outliers(
        gs.Target.parse("z1"), network, gs.Protocol(steps), dimension=30, spikes=[[1.0]]
    )
    assert found.status.values.tolist() == ["nonfinite"]
    assert "lower the learning rate" in found.message.item()
    assert np.isfinite(found.edge.values[0, 0])
    assert np.isnan(found.edge.values[0, -1])
    assert np.isnan(found.spike_strength.item())
    assert np.isnan(found.spike_singular_value.item())


def test_the_simulation_is_the_layers_of_the_direct_engine_whatever_the_threads():
    network = gs.Network(60, "tanh", readout="uniform", symmetric=False)
    protocol = gs.Protocol.repeat(2, batch="3d", learning_rate="p^0.4", loss="correlation", reuse=True)
    target = gs.Target.parse("tanh(z1)", noise=0.04)
    one, two = (
        gs.simulate_outliers(target, network, protocol, dimension=50, seeds=2, threads=threads, spectrum=True)
        for threads in (1, 2)
    )
    assert one.identical(two)
    plain = gs.simulate(target, network, protocol, dimension=50, seeds=2, engine="direct")
    squares = np.linalg.eigvalsh(plain.self_overlaps.values[1, 2])[::-1][:50]
    np.testing.assert_allclose(one.spectrum.values[1] ** 2, squares, rtol=1e-9)
    np.testing.assert_allclose(one.singular_value.values[1, 2] ** 2, squares[:6], rtol=1e-9)
