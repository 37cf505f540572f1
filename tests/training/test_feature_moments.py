"""Sums over samples stand for the whole feature matrix: losses and spectra from them alone."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep.training.feature_moments import LABEL, ONE, FeatureMoments, ridge_losses

RNG = np.random.default_rng(5)
N, WIDTH, TESTED, LAM = 60, 24, 90, 0.3


def drawn(count):
    features = RNG.standard_normal((WIDTH, count)) + 0.4
    kappa = RNG.standard_normal(count)
    y = kappa + 0.2 * features[0] + 0.7
    return features, np.stack([y, np.ones(count), kappa, kappa**2])


TRAIN, TEST = drawn(N), drawn(TESTED)


def sums(features, probes):
    found = FeatureMoments.empty(len(features))
    for start in range(0, probes.shape[1], 17):
        found.add(features[:, start : start + 17], probes[:, start : start + 17])
    return found


def textbook(train, test, y, y_test):
    f, g = train.T, test.T
    kernel = f @ f.T + LAM * N * np.eye(N)
    readout = f.T @ np.linalg.solve(kernel, y)
    return LAM * y @ np.linalg.solve(kernel, y), np.mean((y_test - g @ readout) ** 2)


def test_losses_equal_the_textbook_with_the_whole_matrix():
    found = ridge_losses(sums(*TRAIN), sums(*TEST), LAM)
    expected = textbook(TRAIN[0], TEST[0], TRAIN[1][LABEL], TEST[1][LABEL])
    np.testing.assert_allclose([found.train, found.test], expected, rtol=1e-11)
    a = np.linalg.solve(TRAIN[0] @ TRAIN[0].T + LAM * N * np.eye(WIDTH), TRAIN[0] @ TRAIN[1][LABEL])
    residual = TRAIN[1][LABEL] - TRAIN[0].T @ a
    assert found.train == pytest.approx((residual @ residual + LAM * N * a @ a) / N, rel=1e-11)


def test_an_intercept_is_the_training_means_taken_off_both_samples():
    train, test = sums(*TRAIN), sums(*TEST)
    found = ridge_losses(train.centred(train), test.centred(train), LAM)
    means, level = TRAIN[0].mean(1, keepdims=True), TRAIN[1][LABEL].mean()
    expected = textbook(TRAIN[0] - means, TEST[0] - means, TRAIN[1][LABEL] - level, TEST[1][LABEL] - level)
    np.testing.assert_allclose([found.train, found.test], expected, rtol=1e-11)


def test_terms_of_low_rank_change_the_sums_as_they_change_the_matrix():
    terms = RNG.standard_normal((WIDTH, 4))
    found = sums(*TRAIN).with_terms(terms)
    direct = sums(TRAIN[0] + terms @ TRAIN[1], TRAIN[1])
    np.testing.assert_allclose(found.gram, direct.gram, rtol=1e-11)
    np.testing.assert_allclose(found.cross, direct.cross, rtol=1e-11)
    centred = found.centred(found)
    matrix = TRAIN[0] + terms @ TRAIN[1]
    matrix -= matrix.mean(1, keepdims=True)
    probes = TRAIN[1] - TRAIN[1].mean(1, keepdims=True)
    probes[ONE] = 1.0
    direct = sums(matrix, probes)
    for name in ("gram", "cross", "probes"):
        np.testing.assert_allclose(getattr(centred, name), getattr(direct, name), rtol=1e-9, atol=1e-9)
