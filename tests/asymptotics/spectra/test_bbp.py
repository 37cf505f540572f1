"""One spike in the first layer: closed forms, direct decompositions, listed values."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from giantstep.asymptotics.spectra.bbp import edge, outliers_of, threshold
from giantstep.asymptotics.spectra.residual_spike import residual_outlier
from giantstep.threads import one_blas_thread
from giantstep.training.spectrum import top_spectrum

LISTED = json.loads((Path(__file__).parents[2] / "data" / "spectra_outliers.json").read_text())
SLOPE = {"He[0.0, 1.0, 0.2, 0.1]": 1.0, "tanh_shift0.6": None}
TANH_SLOPE, TANH_SQUARE, NOISE = 0.6057055096021588, 0.3942944903978412, 0.09


def label_strengths(row):
    """b2 = cs1^2 + phi E2 for the tanh link."""
    phi = row["d"] / row["n"]
    return TANH_SLOPE**2 + phi * (TANH_SQUARE + NOISE)


@pytest.mark.parametrize("row", [row for row in LISTED["C_W1_BBP"] if not row["residual"]])
def test_listed_outliers_of_one_step(row):
    listed, g = row["theory"], row["N"] / row["d"]
    found = outliers_of([listed["theta"]], g)
    assert edge(g) == pytest.approx(listed["edge"], rel=1e-4)
    assert threshold(g) == pytest.approx(listed["thr"], rel=1e-4)
    # theta is listed with four digits
    assert found.singular_values[0] == pytest.approx(listed["sv"], rel=1e-4)
    assert found.left[0] == pytest.approx(listed["left"], abs=3e-5)
    assert found.right[0] == pytest.approx(listed["right"], abs=3e-5)
    energy = label_strengths(row)
    assert found.right[0] * TANH_SLOPE**2 / energy == pytest.approx(listed["cos2_star"], abs=3e-5)
    if SLOPE[row["act"]]:
        assert row["eta"] * math.sqrt(energy) == pytest.approx(listed["theta"], rel=1e-4)


@pytest.mark.parametrize("row", [row for row in LISTED["C_W1_BBP"] if row["residual"]])
def test_listed_outliers_of_one_step_on_the_residual(row):
    phi, squares = row["d"] / row["n"], 1 + 2 * 0.2**2 + 6 * 0.1**2
    energy = TANH_SLOPE**2 + phi * (TANH_SQUARE + NOISE + squares)
    found = residual_outlier(row["eta"], 1.0, energy, row["N"] / row["d"])
    assert (found or row["theory"]["edge"]) == pytest.approx(row["theory"]["sv"], rel=1e-4)


@pytest.mark.parametrize(("rate", "listed"), [(1.5, 2.222), (2.5, 3.333), (5.0, 6.84)])
def test_the_residual_values_of_the_note(rate, listed):
    energy = TANH_SLOPE**2 + 0.5 * (TANH_SQUARE + NOISE + 1.14)
    assert residual_outlier(rate, 1.0, energy, 4 / 3) == pytest.approx(
        listed, abs=6e-3 if rate == 5 else 6e-4
    )


@pytest.mark.parametrize("g", [0.3, 1.0, 2.5])
def test_without_a_pull_the_residual_formula_is_the_plain_spike(g):
    for theta in (1.01 * threshold(g), 1.5 * threshold(g), 40.0, 1e4):
        plain = outliers_of([theta], g).singular_values[0]
        assert residual_outlier(theta / 0.7, 0.0, 0.49, g) == pytest.approx(plain, rel=1e-9)
    assert residual_outlier(0.99 * threshold(g) / 0.7, 0.0, 0.49, g) is None
    assert residual_outlier(0.0, 1.0, 1.0, g) is None


def test_at_the_threshold_the_outlier_is_born_at_the_edge_with_no_alignment():
    for g in (0.2, 1.0, 3.0):
        found = outliers_of([threshold(g), threshold(g) * (1 + 1e-7), 1e8, 1e300], g)
        assert found.present.tolist() == [False, True, True, True]
        assert found.singular_values[3] == 1e300
        assert found.right[3] == 1
        assert found.singular_values[1] == pytest.approx(edge(g), rel=1e-9)
        assert found.left[1] == pytest.approx(0, abs=1e-6)
        assert found.right[1] == pytest.approx(0, abs=1e-6)
        assert found.singular_values[2] == pytest.approx(1e8)
        assert found.left[2] == pytest.approx(1.0)


@pytest.fixture(autouse=True)
def one_thread():
    with one_blas_thread():
        yield


def plant(rng, width, dimension, theta, pull=0.0, rate=0.0):
    layer = rng.standard_normal((width, dimension))
    layer /= np.linalg.norm(layer, axis=1, keepdims=True)
    left = rng.standard_normal(width)
    left /= np.linalg.norm(left)
    right = theta * np.eye(dimension)[0]
    if pull:
        right = rate * (right - pull * layer.T @ left)
    return layer + np.outer(left, right), left


@pytest.mark.parametrize(("width", "dimension"), [(300, 200), (150, 250)])
def test_planted_spikes_agree_with_direct_decompositions(width, dimension):
    """z-scores over 12 seeds; the finite-size bias is O(1/dimension)."""
    g, scores = width / dimension, []
    for theta in (2.0, 4.0):
        rows = []
        for seed in range(20):
            layer, left = plant(np.random.default_rng([seed, width]), width, dimension, theta)
            top = top_spectrum(layer, left, 1)
            rows.append([top.singular_values[0], (top.left[:, 0] @ left) ** 2, top.right[0, 0] ** 2])
        found = outliers_of([theta], g)
        theory = [found.singular_values[0], found.left[0], found.right[0]]
        values = np.array(rows)
        scores += list((values.mean(0) - theory) / (values.std(0, ddof=1) / math.sqrt(20)))
    assert math.sqrt(np.mean(np.square(scores))) < 2


@pytest.mark.parametrize("rate", [2.0, 4.0])
def test_planted_residual_steps_agree_with_direct_decompositions(rate):
    values = []
    for seed in range(20):
        layer, left = plant(np.random.default_rng(seed), 300, 240, 0.8, pull=0.9, rate=rate)
        values.append(top_spectrum(layer, left, 1).singular_values[0])
    theory = residual_outlier(rate, 0.9, 0.64, 1.25)
    assert abs(np.mean(values) - theory) < 3 * np.std(values, ddof=1) / math.sqrt(20)
