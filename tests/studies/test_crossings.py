"""Crossings and power laws: right on exact curves, honest about their error."""

import numpy as np
import pytest

from giantstep.studies.crossings import bootstrap_weights, crossings, fit_power, weighted_means

X = np.geomspace(1, 1e4, 60)


def curves(places):
    """One saturating curve a place, with level 1/2 there."""
    return X / (X + np.asarray(places)[:, None])


def test_a_crossing_is_found_between_two_points():
    found = np.exp(crossings(X, curves([3.0, 70.0, 900.0]), 0.5))
    assert found == pytest.approx([3.0, 70.0, 900.0], rel=2e-3)


def test_a_curve_that_begins_above_or_stays_below_has_no_crossing():
    assert np.isnan(crossings(X, curves([1e-3, 1e9]), 0.5)).all()


def test_missing_replicates_do_not_count():
    some = curves([10.0, 10.0])
    some[1] = np.nan
    assert weighted_means(some, bootstrap_weights(2)) == pytest.approx(np.tile(some[0], (1001, 1)))
    assert np.isnan(weighted_means(np.full((2, 3), np.nan), bootstrap_weights(2))).all()


def test_a_power_law_is_fitted_exactly_and_missing_places_are_left_out():
    d = np.array([10.0, 100.0, 1000.0, 10000.0])
    logs = np.log(3 * d**1.5)
    logs[2] = np.nan
    assert fit_power(d, logs[None], replicates=1).exponent == pytest.approx(1.5)
    assert np.isnan(fit_power(d[:1], logs[None, :1], replicates=4).exponent)


def test_draws_that_miss_the_level_give_no_interval():
    logs = np.tile(np.log([10.0, 100.0]), (50, 1))
    logs[7, 1] = np.nan
    fit = fit_power(np.array([10.0, 100.0]), logs, replicates=8)
    assert fit.exponent == pytest.approx(1.0)
    assert np.isnan(fit.low)


@pytest.mark.parametrize("replicates", [5, 16])
def test_intervals_hold_the_truth_as_often_as_they_say(replicates):
    """Independent noise at each dimension, 200 experiments: 95 % intervals hold it in 90 to 99 %."""
    generator = np.random.default_rng(0)
    d, held = np.array([100.0, 1000.0, 10000.0]), 0
    weights = bootstrap_weights(replicates, draws=300)
    for _ in range(200):
        logs = [
            weighted_means(np.log(x) + generator.standard_normal((replicates, 1)), weights)[:, 0] for x in d
        ]
        fit = fit_power(d, np.transpose(logs), replicates)
        held += fit.low < 1.0 < fit.high
    assert 180 <= held <= 198


def test_what_replicates_share_over_dimensions_is_no_noise_of_the_slope():
    generator = np.random.default_rng(1)
    own, weights = generator.standard_normal((8, 1)), bootstrap_weights(8)
    logs = [weighted_means(own + np.log(x), weights)[:, 0] for x in (10.0, 100.0, 1000.0)]
    fit = fit_power(np.array([10.0, 100.0, 1000.0]), np.transpose(logs), 8)
    assert fit.exponent == pytest.approx(1.0)
    assert fit.standard_error < 1e-12
