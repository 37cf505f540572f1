"""The readout regression against textbook linear algebra."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import linalg

from giantstep.errors import SpecError
from giantstep.networks.ridge import NormalEquations, penalty_grid


def problem(samples: int, width: int, seed: int = 0, noise: float = 0.5):
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((samples, width)).astype(np.float32)
    return features, features[:, 0] + noise * rng.standard_normal(samples)


def path_of(features, y, block=17):
    sums = NormalEquations.empty(features.shape[1])
    for start in range(0, len(y), block):
        sums.add(features[start : start + block].T, y[start : start + block])
    return sums.path()


def textbook(features, y, ridge):
    """Readout, fit and hat matrix of (Phi^T Phi / p + ridge) a = Phi^T y / sqrt p."""
    width = features.shape[1]
    phi = features.astype(float) / math.sqrt(width)
    gram = phi.T @ phi + ridge * np.eye(width)
    hat = phi @ linalg.solve(gram, phi.T, assume_a="pos")
    return linalg.solve(gram, phi.T @ y, assume_a="pos"), hat


@pytest.mark.parametrize(("samples", "width"), [(60, 7), (30, 30), (12, 20)])
def test_every_penalty_of_the_path_solves_its_own_normal_equations(samples, width):
    features, y = problem(samples, width)
    ridges = [1e-3, 0.1, 10.0]
    fits = path_of(features, y).fits(ridges)
    for index, ridge in enumerate(ridges):
        readout, hat = textbook(features, y, ridge)
        residual = y - hat @ y
        freedom = np.trace(hat)
        np.testing.assert_allclose(fits.readouts[index], readout, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(fits.training_errors[index], np.mean(residual**2), rtol=1e-8)
        np.testing.assert_allclose(fits.degrees_of_freedom[index], freedom, rtol=1e-9)
        score = np.mean(residual**2) / (1 - freedom / samples) ** 2
        np.testing.assert_allclose(fits.scores[index], score, rtol=1e-7)


def test_sums_over_parts_add_up_to_the_sum_over_all():
    features, y = problem(100, 6)
    whole, left, right = (NormalEquations.empty(6) for _ in range(3))
    whole.add(features.T, y)
    left.add(features[:37].T, y[:37])
    right.add(features[37:].T, y[37:])
    left.join(right)
    np.testing.assert_allclose(left.gram, whole.gram, rtol=1e-13, atol=1e-12)
    assert left.samples == whole.samples == 100


def test_an_infinite_penalty_leaves_the_readout_at_zero():
    features, y = problem(50, 5)
    fits = path_of(features, y).fits([1e12])
    np.testing.assert_allclose(
        fits.readouts[0] * 1e12, features.T.astype(float) @ y / math.sqrt(5), rtol=1e-9
    )
    np.testing.assert_allclose(fits.training_errors, np.mean(y**2), rtol=1e-9)
    np.testing.assert_allclose(fits.scores, np.mean(y**2), rtol=1e-9)


def test_a_vanishing_penalty_is_least_squares():
    features, y = problem(50, 5)
    fits = path_of(features, y).fits([1e-12])
    solution, *_ = np.linalg.lstsq(features.astype(float) / math.sqrt(5), y, rcond=None)
    np.testing.assert_allclose(fits.readouts[0], solution, rtol=1e-9)
    np.testing.assert_allclose(fits.degrees_of_freedom, 5.0, rtol=1e-12)


def test_a_vanishing_penalty_interpolates_when_samples_are_few_and_its_score_stays_finite():
    features, y = problem(8, 20)
    fits = path_of(features, y).fits([1e-9, 1e-6])
    solution, *_ = np.linalg.lstsq(features.astype(float) / math.sqrt(20), y, rcond=None)
    np.testing.assert_allclose(fits.readouts[0], solution, rtol=1e-6)
    assert fits.training_errors[0] < 1e-15
    # The score's limit is y^T K^-2 y / n / (tr K^-1 / n)^2 with K = Phi Phi^T / p (Golub, Heath, Wahba).
    inverse = linalg.inv(features.astype(float) @ features.T.astype(float) / 20)
    limit = y @ inverse @ inverse @ y / 8 / (np.trace(inverse) / 8) ** 2
    np.testing.assert_allclose(fits.scores, limit, rtol=1e-4)


def test_the_score_is_leave_one_out_where_every_sample_weighs_the_same():
    features = linalg.hadamard(16)[:, 1:8].astype(np.float32)
    y = np.random.default_rng(1).standard_normal(16)
    for ridge in (0.3, 5.0):
        left_out = [
            y[i] - features[i] @ textbook(np.delete(features, i, 0), np.delete(y, i), ridge)[0] / math.sqrt(7)
            for i in range(16)
        ]
        score = path_of(features, y).fits([ridge]).scores[0]
        np.testing.assert_allclose(score, np.mean(np.square(left_out)), rtol=1e-9)


def test_the_score_chooses_a_penalty_that_leave_one_out_would_hardly_improve():
    features, y = problem(60, 20, noise=2.0)
    ridges = penalty_grid(60, 20)
    fits = path_of(features, y).fits(ridges)
    left_out = []
    for ridge in ridges:
        _, hat = textbook(features, y, ridge)
        left_out.append(np.mean(((y - hat @ y) / (1 - np.diag(hat))) ** 2))
    assert left_out[fits.best] <= 1.02 * min(left_out)
    # Off the extremes the two criteria differ by the spread of the leverages only.
    np.testing.assert_allclose(fits.scores[24:], left_out[24:], rtol=0.1)


def test_pure_noise_is_given_up_on():
    rng = np.random.default_rng(5)
    features, y = rng.standard_normal((400, 30)).astype(np.float32), rng.standard_normal(400)
    fits = path_of(features, y).fits(penalty_grid(400, 30))
    assert fits.degrees_of_freedom[fits.best] < 3


def test_equal_neurons_share_the_weight_and_break_nothing():
    features, y = problem(40, 4)
    fits = path_of(np.hstack([features, features]), y).fits([1e-9, 1.0])
    np.testing.assert_allclose(fits.readouts[:, :4], fits.readouts[:, 4:], rtol=1e-9)
    single = path_of(features, y).fits([1e-9, 1.0])
    # Twice the neurons at twice the width: the same kernel, so the same fit.
    np.testing.assert_allclose(fits.training_errors, single.training_errors, rtol=1e-9)


def test_features_that_vanish_fit_nothing():
    fits = path_of(np.zeros((20, 3), np.float32), np.ones(20)).fits([0.1])
    assert fits.readouts.tolist() == [[0.0, 0.0, 0.0]]
    assert fits.training_errors.tolist() == [1.0]


@pytest.mark.parametrize("ridges", [[], [0.0], [1.0, -1.0], [math.nan], [math.inf]])
def test_penalties_are_positive_numbers(ridges):
    features, y = problem(10, 2)
    with pytest.raises(SpecError, match=r"ridge: found .* expected positive finite numbers"):
        path_of(features, y).fits(ridges)


def test_a_regression_without_samples_says_so():
    with pytest.raises(SpecError, match="found no sample"):
        NormalEquations.empty(2).path()
