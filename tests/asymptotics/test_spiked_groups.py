"""Neurons of unequal initial readout: the listed point, collapse to one group, finite size."""

from __future__ import annotations

import numpy as np
import pytest
from tests.asymptotics.spiked_points import DATA

from giantstep import Network, Protocol, SpecError, Target, simulate
from giantstep import asymptotics as predict

LISTED = DATA["groups"]
SIN = Target.parse("sin(z1)")
STEP = dict(
    sample_ratio=LISTED["alpha"],
    learning_rate_ratio=LISTED["eta"],
    first_batch_ratio=LISTED["alpha0"],
    ridge=LISTED["lam"],
    width_ratio=LISTED["beta"],
)


def test_two_groups_are_the_listed_ones():
    found = predict.grouped_features(SIN, "tanh", readouts=LISTED["s"], fractions=LISTED["pi"], **STEP)
    first = found.isel(sample_ratio=0)
    assert float(first.test_error) == pytest.approx(LISTED["test"], rel=1e-10)
    assert float(first.train_error) == pytest.approx(LISTED["train"], rel=1e-10)
    for name, listed in (
        ("q2", "q2"),
        ("m", "m"),
        ("theta", "theta"),
        ("spike_strength", "r"),
        ("bulk_scale", "c"),
    ):
        np.testing.assert_allclose(first[name], LISTED[listed], rtol=1e-10)


@pytest.mark.parametrize(
    ("activation", "readouts"), [("tanh", [1.0, 1.0]), ("relu", [1.0, 1.0]), ("tanh", [1.0, -1.0])]
)
def test_groups_of_equal_strength_are_one_group(activation, readouts):
    # For odd activations the sign of a readout turns the neuron over, which changes nothing.
    groups = predict.grouped_features(SIN, activation, readouts=readouts, fractions=[0.3, 0.7], **STEP)
    one = predict.features(SIN, activation, theory="isotropic", **STEP)
    assert float(groups.test_error[0]) == pytest.approx(float(one.test_error[0]), rel=1e-10)
    assert float(groups.train_error[0]) == pytest.approx(float(one.train_error[0]), rel=1e-10)
    assert float(groups.q2[0].sum()) == pytest.approx(float(one.q2[0]), rel=1e-10)


def test_finite_size_costs_what_the_note_says():
    # Theory note 30, section 7c, lists .06700 at d = 800 and .06415 at d = 1600, and .0721 for three groups.
    two = dict(readouts=[0.5, 2.0], fractions=[0.6, 0.4])
    three = dict(readouts=[0.0, 1.5, -0.7], fractions=[0.3, 0.4, 0.3]) | STEP | {"ridge": 0.5}
    assert float(predict.grouped_features(SIN, "tanh", dimension=800, **two, **STEP).test_error[0]) == (
        pytest.approx(0.06700, abs=5e-6)
    )
    assert float(predict.grouped_features(SIN, "tanh", dimension=1600, **two, **STEP).test_error[0]) == (
        pytest.approx(0.06415, abs=5e-6)
    )
    assert float(predict.grouped_features(SIN, "tanh", **three).test_error[0]) == pytest.approx(
        0.0536, abs=5e-5
    )
    found = predict.grouped_features(SIN, "tanh", dimension=800, **three).isel(sample_ratio=0)
    assert float(found.test_error) == pytest.approx(0.0721, abs=5e-5)
    assert float(found.q2.sum()) == pytest.approx(0.0525, abs=5e-5)


def test_the_finite_size_correction_vanishes_like_one_over_d():
    two = dict(readouts=[0.5, 2.0], fractions=[0.6, 0.4])
    limit = float(predict.grouped_features(SIN, "tanh", **two, **STEP).test_error[0])
    excess = [
        float(predict.grouped_features(SIN, "tanh", dimension=d, **two, **STEP).test_error[0]) - limit
        for d in (10**7, 10**8)
    ]
    assert excess[0] / excess[1] == pytest.approx(10, rel=0.01)


def test_a_spike_that_no_rule_resolves_is_called_imprecise():
    found = predict.grouped_features(SIN, "tanh", readouts=[1e20, 1.0], fractions=[0.3, 0.7], **STEP)
    assert str(found.status[0].values) == "imprecise"
    assert float(found.digits[0]) < 6
    found = predict.grouped_features(SIN, "tanh", readouts=[6.0, 1.0], fractions=[0.3, 0.7], **STEP)
    assert float(found.digits[0]) > 9


def test_fractions_must_sum_to_one():
    with pytest.raises(SpecError, match="readouts: found"):
        predict.grouped_features(SIN, "tanh", readouts=["a", 1.0], fractions=[0.3, 0.7], **STEP)
    with pytest.raises(SpecError, match="expected 1"):
        predict.grouped_features(SIN, "tanh", readouts=[1.0, 2.0], fractions=[0.3, 0.3], **STEP)
    with pytest.raises(SpecError, match="expected as many of both"):
        predict.grouped_features(SIN, "tanh", readouts=[1.0], fractions=[0.5, 0.5], **STEP)


def test_an_absurd_step_of_groups_ends_with_a_status_and_no_warning():
    options = STEP | {"learning_rate_ratio": 1e100}
    found = predict.grouped_features(SIN, "He2", readouts=[1.0, 2.0], fractions=[0.3, 0.7], **options)
    assert str(found.status[0].values) == "nonfinite"


@pytest.mark.slow
def test_a_real_network_of_finite_dimension_pays_the_correction():
    d, p, seeds = 400, 320, 10
    readout = np.where(np.arange(p) < 0.6 * p, 0.5, 2.0) / np.sqrt(p)
    run = simulate(
        SIN,
        Network(p, "tanh", readout=readout.tolist(), symmetric=False),
        Protocol.repeat(1, batch="8d", learning_rate=1.5 * p),
        dimension=d,
        seeds=seeds,
        ridge=0.05,
        ridge_batch="1.5d",
        engine="direct",
    )
    errors = run.test_error.values.ravel()
    se = errors.std(ddof=1) / np.sqrt(seeds)

    def z(dimension):
        groups = dict(readouts=[0.5, 2.0], fractions=[0.6, 0.4])
        theory = predict.grouped_features(SIN, "tanh", dimension=dimension, **groups, **STEP)
        return (errors.mean() - float(theory.test_error[0])) / se

    # Student's t with 9 degrees of freedom leaves 4.8 at 1e-3, two-sided.
    assert abs(z(d)) < 4.8
    assert z(None) > 4.8
