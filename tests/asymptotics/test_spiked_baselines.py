"""Linear ridge, random features, and the best ridge and step."""

from __future__ import annotations

import numpy as np
import pytest
from tests.asymptotics.spiked_points import DATA

from giantstep import Target
from giantstep import asymptotics as predict
from giantstep.asymptotics.spiked.curve import Setting
from giantstep.asymptotics.spiked.optimum import derivatives
from giantstep.networks import Activation


@pytest.mark.parametrize("listed", DATA["linear_ridge"])
def test_linear_ridge_is_the_listed_one(listed):
    target = Target.parse(f"{listed['link']}(z1)", noise=listed["noise"])
    found = predict.linear_ridge(target, sample_ratio=listed["alpha"], ridge=listed["lam"])
    assert float(found.test_error[0]) == pytest.approx(listed["test"], rel=1e-12)
    assert float(found.train_error[0]) == pytest.approx(listed["train"], rel=1e-12)
    assert float(found.m[0]) == pytest.approx(listed["m"], rel=1e-12)


def test_random_features_of_an_identity_activation_tend_to_linear_ridge_as_they_widen():
    target = Target.parse("tanh(z1)", noise=0.1)
    linear = predict.linear_ridge(target, sample_ratio=[0.7, 2.0], ridge=0.3)
    wide = predict.features(
        target,
        "identity",
        sample_ratio=[0.7, 2.0],
        learning_rate_ratio=0.0,
        first_batch_ratio=1.0,
        ridge=0.3,
        width_ratio=1e7,
    )
    np.testing.assert_allclose(wide.test_error, linear.test_error, rtol=1e-6)
    np.testing.assert_allclose(wide.train_error, linear.train_error, rtol=1e-6)


def test_derivatives_are_the_listed_ones():
    setting = Setting(Target.parse("sin(z1)"), Activation.named("tanh"), 3.0, 8.0, 1.3)
    np.testing.assert_allclose(derivatives(setting, 2.0, 0.1), DATA["derivatives"]["grad"], rtol=1e-9)


@pytest.mark.parametrize("theory", ["isotropic", "structured"])
def test_at_the_joint_optimum_both_derivatives_vanish(theory):
    found = predict.best_features(
        Target.parse("sin(z1)"),
        "tanh",
        sample_ratio=2.0,
        first_batch_ratio=8.0,
        width_ratio=1.3,
        theory=theory,
    ).isel(sample_ratio=0)
    assert str(found.status.values) == "converged"
    assert abs(float(found.by_ridge)) < 1e-8
    assert abs(float(found.by_learning_rate)) < 1e-8
    if theory == "isotropic":
        assert float(found.ridge) == pytest.approx(0.07879, abs=5e-6)
        assert float(found.learning_rate_ratio) == pytest.approx(4.0709, abs=5e-5)
        assert float(found.test_error) == pytest.approx(0.04287505, abs=5e-9)


def test_no_ridge_nearby_is_better_than_the_best():
    target = Target.parse("sign(z1)", noise=0.2)
    options = dict(sample_ratio=1.5, first_batch_ratio=3.0, learning_rate_ratio=1.0, theory="isotropic")
    found = predict.best_features(target, "relu", **options)
    ridges = float(found.ridge[0]) * np.geomspace(1e-3, 1e3, 61)
    curve = predict.features(target, "relu", ridge=ridges, **options)
    assert float(found.test_error[0]) <= float(curve.test_error.min()) + 1e-12


def test_a_minimum_at_the_edge_is_called_that():
    # Without noise and with many samples the best ridge of a linear teacher vanishes.
    found = predict.best_features(
        Target.parse("z1"),
        "identity",
        sample_ratio=5.0,
        first_batch_ratio=1.0,
        learning_rate_ratio=0.0,
        width_ratio=2.0,
    )
    assert str(found.status[0].values) == "at_bound"
    assert "no minimum inside" in str(found.message[0].values)
