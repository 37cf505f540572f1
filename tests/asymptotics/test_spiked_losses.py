"""Convex losses of the readout: the square one is ridge, logistic and hinge are the listed ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.asymptotics.spiked_points import DATA

from giantstep import Target
from giantstep import asymptotics as predict
from giantstep.asymptotics.spiked.convex_curve import convex_curve
from giantstep.asymptotics.spiked.convex_readout import train
from giantstep.asymptotics.spiked.curve import Setting, curve
from giantstep.asymptotics.spiked.losses import LOSSES
from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Activation

OPTIONS = dict(sample_ratio=2.0, learning_rate_ratio=2.0, first_batch_ratio=6.0, ridge=0.1)
SIGN = Target.parse("sign(z1)")


def settled(activation="tanh", eta=2.0, first=6.0, beta=1.0):
    return Setting(SIGN, Activation.named(activation), eta, first, beta)


@pytest.mark.parametrize("listed", DATA["glm"], ids=lambda listed: listed["loss"])
def test_convex_losses_are_the_listed_ones(listed):
    found = convex_curve(settled(), listed["loss"], np.array([2.0]), np.array([0.1])).points[0]
    # The note lists the classification error to 6 or 8 decimals.
    assert found.classification_error == pytest.approx(listed["class_error"], abs=1e-8)
    assert found.test_loss == pytest.approx(listed["test_loss"], rel=1e-11)
    assert found.train_loss == pytest.approx(listed["train_loss"], rel=1e-11)
    for place, name in enumerate(("V1", "V2", "q1", "q2")):
        assert np.exp(found.x[place]) == pytest.approx(listed[name], rel=1e-9)
    for place, name in enumerate(("m", "theta", "psi")):
        assert found.x[4 + place] == pytest.approx(listed[name], rel=1e-9)


@pytest.mark.parametrize(("activation", "beta"), [("tanh", 0.6), ("relu", 1.5)])
def test_the_square_loss_through_the_convex_route_is_ridge(activation, beta):
    setting = settled(activation, 1.5, 3.0, beta)
    samples, ridge = np.array([0.7, 2.5]), np.array([0.05, 0.3])
    direct = curve(setting, samples, ridge).readout
    found = convex_curve(setting, "square", samples, ridge).points
    np.testing.assert_allclose([point.test_error for point in found], direct.test_error, rtol=1e-10)
    np.testing.assert_allclose([point.train_error for point in found], direct.train_error, rtol=1e-10)
    np.testing.assert_allclose([2 * point.test_loss for point in found], direct.test_error, rtol=1e-10)
    np.testing.assert_allclose([np.exp(point.x[3]) for point in found], direct.q2, rtol=1e-10)


def test_the_hinge_agrees_with_the_note_as_far_as_the_note_goes():
    found = predict.features(SIGN, "tanh", loss="hinge", **OPTIONS).isel(sample_ratio=0)
    assert str(found.status.values) == "converged"
    assert float(found.digits) > 8
    # The note's integrals were not split at the kinks and good to 7e-4 in the classification error.
    assert float(found.classification_error) == pytest.approx(0.1388, abs=7e-4)
    assert float(found.test_loss) == pytest.approx(0.3276, abs=7e-4)


@pytest.mark.parametrize(("loss", "ridge"), [("logistic", 0.1), ("hinge", 0.1), ("logistic", 1e-3)])
def test_training_descends_on_the_penalised_loss_as_its_envelope_says(loss, ridge):
    # d/dlam (train_loss + lam |a|^2 / (2 n)) = |a|^2 / (2 n), with |a|^2 / n = q2 beta / alpha.
    h = 1e-3
    lam = ridge * np.exp(h * np.array([-1.0, 0.0, 1.0]))
    found = convex_curve(settled(), loss, np.full(3, 2.0), lam).points
    weight = np.array([np.exp(point.x[3]) for point in found]) / 4.0
    objective = np.array([point.train_loss for point in found]) + lam * weight
    slope = (objective[2] - objective[0]) / (2 * h * lam[1])
    assert slope == pytest.approx(weight[1], rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_the_pull_is_the_slope_at_the_proximal_point(name):
    loss = LOSSES[name]
    # Far below the bracket's middle too: there a weak penalty's V takes the margins.
    u = np.concatenate([np.linspace(-500, -7, 18), np.linspace(-6, 6, 97)])[:, None]
    v = np.array([1e-3, 0.5, 7.0, 300.0])
    pull, steep = loss.pull(u, v)
    z, h = u + v * pull, 1e-6
    objective = [loss.value(z + shift) + (z + shift - u) ** 2 / (2 * v) for shift in (-1e-3, 0.0, 1e-3)]
    assert (objective[1] <= np.minimum(objective[0], objective[2]) + 1e-12).all()
    change = (loss.pull(u - h, v)[0] - loss.pull(u + h, v)[0]) / (2 * h)
    near_kink = np.any([abs(u - kink) < 2 * h for kink in loss.kinks(v + 0 * u)], axis=0)
    np.testing.assert_allclose(np.where(near_kink, 0, change - steep), 0, atol=1e-6 * steep.max())


def test_a_long_spike_takes_more_nodes_until_its_digits_are_good():
    found = convex_curve(settled(eta=8.0), "logistic", np.array([2.0]), np.array([0.1]))
    assert found.status[0] == "converged"
    assert found.digits[0] >= 8


def test_a_cold_start_that_fails_walks_down_from_a_strong_penalty(monkeypatch):
    expected = convex_curve(settled(), "logistic", np.array([2.0]), np.array([0.05])).points[0]

    def stuck(problem):
        found = train(problem)
        return found if problem.ridge > 0.9 else replace(found, status="nonfinite")

    monkeypatch.setattr("giantstep.asymptotics.spiked.convex_curve._cold", stuck)
    found = convex_curve(settled(), "logistic", np.array([2.0]), np.array([0.05])).points[0]
    np.testing.assert_allclose(found.x, expected.x, atol=1e-9)


def test_what_convex_losses_cannot_do_is_said():
    with pytest.raises(CapabilityError, match="expected sign"):
        predict.features(Target.parse("tanh(z1)"), "tanh", loss="logistic", **OPTIONS)
    with pytest.raises(CapabilityError, match="theory='isotropic'"):
        predict.features(SIGN, "tanh", loss="hinge", theory="structured", **OPTIONS)
    with pytest.raises(SpecError, match="did you mean 'logistic'"):
        predict.features(SIGN, "tanh", loss="logistc", **OPTIONS)


def test_an_absurd_step_ends_with_a_status_and_no_warning():
    found = predict.features(SIGN, "He3", loss="logistic", **OPTIONS | {"learning_rate_ratio": 1e100})
    assert str(found.status[0].values) != "converged"
    assert str(found.message[0].values)
