"""The plug-in theory of rows of data: unbiased moments, and doubts with remedies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from giantstep import SpecError
from giantstep.asymptotics import RidgeTheory, ridge_curve
from giantstep.asymptotics.deep_features.empirical import doubts, empirical_theory


def drawn(rows, seed, width=20, noise=0.5):
    rng = np.random.default_rng(seed)
    spectrum = np.arange(1.0, width + 1) ** -0.5
    theta = np.ones(width) / math.sqrt(width)
    x = rng.standard_normal((rows, width)) * np.sqrt(spectrum)
    return x, x @ theta + math.sqrt(noise) * rng.standard_normal(rows), spectrum, theta


def test_few_rows_estimate_misfit_and_energy_without_bias():
    found = [empirical_theory(*drawn(120, seed)[:2]) for seed in range(200)]
    *_, spectrum, theta = drawn(120, 0)
    for values, truth in (
        ([one.misfit for one in found], 0.5),
        ([one.energy for one in found], (0.5 + spectrum @ theta**2) * 119 / 120),
    ):
        assert abs(np.mean(values) - truth) < 4 * np.std(values, ddof=1) / math.sqrt(200)


def test_many_rows_give_the_theory_of_the_population():
    x, y, spectrum, theta = drawn(100_000, 3)
    population = RidgeTheory.of(spectrum, spectrum * theta, float(spectrum @ theta**2), intercept=True)
    found = ridge_curve(x, y, samples=[10, 40, 200], ridge=0.1)
    np.testing.assert_allclose(
        found.test_error, population.at([10, 40, 200], 0.1, noise=0.5).test_error, rtol=0.02
    )


def test_an_intercept_makes_the_mean_of_features_and_labels_irrelevant():
    x, y, *_ = drawn(500, 1)
    here, there = (ridge_curve(a, b, samples=50, ridge=0.1) for a, b in ((x, y), (x + 3.0, y - 7.0)))
    np.testing.assert_allclose(here.test_error, there.test_error, rtol=1e-9)


def test_features_with_a_mean_and_no_intercept_are_a_doubt():
    x, y, *_ = drawn(5000, 1)
    assert doubts(x, y, intercept=False) == []
    (sentence,) = doubts(x + 1.0, y, intercept=False)
    assert "Centre them, or fit an intercept" in sentence
    assert doubts(x + 1.0, y) == []


def test_labels_with_heavy_tails_are_a_doubt():
    x, y, *_ = drawn(5000, 1)
    (sentence,) = doubts(x, y**7)
    assert "kurtosis" in sentence
    assert "many seeds, or bounded labels" in sentence


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.ones((10, 2)), np.ones(10), "the same row everywhere"),
        (np.eye(8), np.ones(8), "which fit any labels exactly"),
        (np.ones(4), np.ones(4), r"found shape \(4,\)"),
        (np.ones((4, 2)), np.ones((4, 3)), r"labels: found shape \(4, 3\)"),
        (np.array([["a"]] * 4), np.ones(4), "found an array of str32, expected real numbers"),
        (np.ma.masked_array(np.eye(3), np.eye(3)), np.ones(3), "features: found masked entries"),
        (np.ones((4, 1)) * 1j, np.ones(4), "found an array of complex128, expected real numbers"),
        (np.arange(4.0)[:, None] * 1e200, np.ones(4), "features: found entries up to 3e\\+200 in size"),
        (np.arange(4.0)[:, None], np.ones(4) * 1e-200, "labels: found entries up to 1e-200 in size"),
        ([[1.0], [2.0], [3.0]], [1.0, math.inf, 2.0], "labels: found inf in row 1"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(features, labels, message):
    with pytest.raises(SpecError, match=message):
        empirical_theory(features, labels)


@pytest.mark.parametrize("words", [{}, {"ridge": 1.0, "penalty": 1.0}])
def test_exactly_one_of_ridge_and_penalty_is_wanted(words):
    x, y, *_ = drawn(50, 1)
    with pytest.raises(SpecError, match="expected one: ridge"):
        ridge_curve(x, y, samples=10, **words)


def test_a_penalty_is_a_ridge_of_its_own_at_every_number_of_samples():
    x, y, *_ = drawn(500, 1)
    by_penalty = ridge_curve(x, y, samples=[10, 80], penalty=0.2).test_error.values
    by_ridge = [float(ridge_curve(x, y, samples=n, ridge=0.2 * n / 20).test_error[0]) for n in (10, 80)]
    np.testing.assert_allclose(by_penalty, by_ridge, rtol=1e-13)
