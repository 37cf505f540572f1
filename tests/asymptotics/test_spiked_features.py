"""Learning curves after one step: the reference points, the exact laws, and answers to absurd questions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tests.asymptotics.spiked_points import DATA, POINTS, largest_difference, readings, setting, solved

from giantstep import Network, SpecError, Target
from giantstep import asymptotics as predict
from giantstep.asymptotics.spiked.bulk import IsotropicBulk
from giantstep.asymptotics.spiked.curve import Setting, curve, first_layer, tabulate
from giantstep.asymptotics.spiked.functionals import link_table
from giantstep.asymptotics.spiked.resolvents import Points, mapped, solve
from giantstep.errors import CapabilityError
from giantstep.gaussian.line import trapezoid
from giantstep.networks import Activation

ODD = [name for name, point in POINTS.items() if point["sigma"] == "tanh"]
STRUCTURED = [name for name, point in POINTS.items() if "structured" in point]


@pytest.mark.parametrize("name", POINTS)
def test_the_isotropic_theory_is_the_listed_one(name):
    found = solved(POINTS[name])
    assert found.status[0] == "converged"
    # Overlaps of the order of the round-off of larger ones are compared on the scale of the largest.
    assert largest_difference(readings(found), POINTS[name]["isotropic"]) < 1e-10


@pytest.mark.parametrize("name", STRUCTURED)
def test_the_structured_theory_is_the_listed_one(name):
    found = readings(solved(POINTS[name], structured=True))
    assert largest_difference(found, POINTS[name]["structured"]) < 1e-9


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("bulk", ["isotropic_chi", "structured_chi"])
def test_row_variances_are_the_listed_ones(name, bulk):
    point = POINTS[name]
    found = solved(point, structured=bulk == "structured_chi", row_variance=True)
    rows = found.layer.rows
    assert rows.with_spike == pytest.approx(point["chi_params"]["cov_delta_eps"], rel=1e-12)
    assert rows.with_itself == pytest.approx(point["chi_params"]["var_eps"], rel=1e-12)
    assert largest_difference(readings(found), point[bulk]) < 1e-9


def test_the_published_figure_in_one_call():
    listed = DATA["authors_figure"]
    found = predict.features(
        Target.parse("sin(z1)"),
        "tanh",
        sample_ratio=[row["alpha"] for row in listed],
        learning_rate_ratio=3.0,
        first_batch_ratio=20.0,
        ridge=0.1,
        theory="isotropic",
    )
    np.testing.assert_allclose(found.test_error, [row["test"] for row in listed], rtol=1e-11)
    np.testing.assert_allclose(found.train_error, [row["train"] for row in listed], rtol=1e-11)
    assert found.test_error.dims == ("sample_ratio",)


def places_and_bulk(point):
    made = setting(point)
    step = first_layer(made).step
    return tabulate(made, step, 161).places, IsotropicBulk(step.bulk_scale, made.width_ratio)


def test_the_fixed_point_is_unique_from_many_starts():
    point = POINTS["C2"]
    places, bulk = places_and_bulk(point)
    rng = np.random.default_rng(7)
    starts = np.exp(rng.uniform(-12, 12, (200, 2)))
    points = Points(np.full(200, point["alpha"] / point["beta"]), np.full(200, point["lam"]))
    found = solve(places, points, bulk, starts)
    assert set(found.status) == {"converged"}
    assert np.ptp(np.log(found.v), axis=0).max() < 1e-11


def test_the_map_is_a_standard_interference_function():
    # Positive, increasing, and T(s V) < s T(V) for s > 1: what makes the fixed point unique.
    places, bulk = places_and_bulk(POINTS["A1"])
    rng = np.random.default_rng(3)
    v = np.exp(rng.uniform(-8, 8, (300, 2)))
    points = Points(np.full(300, 1.3), np.full(300, 0.02))

    def image(v):
        _, mean = mapped(places, points, bulk, v)
        return np.array([mean.v1, mean.v2]).T

    base = image(v)
    scale = np.exp(rng.uniform(0.01, 4, (300, 1)))
    assert (base > 0).all()
    assert (image(v * np.exp(rng.uniform(0, 3, (300, 2)))) >= base * (1 - 1e-14)).all()
    assert (image(scale * v) < scale * base).all()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_plain_iteration_ends_where_newton_does(activation, monkeypatch):
    setup = Setting(Target.parse("sin(z1)"), Activation.named(activation), 2.0, 6.0, 1.2)
    grid = np.linspace(0.3, 3.0, 7), np.full(7, 1e-2)
    expected = curve(setup, *grid)
    monkeypatch.setattr("giantstep.asymptotics.spiked.resolvents._LARGEST_STEP", 0.0)
    stuck = curve(setup, *grid)
    monkeypatch.undo()
    # Where Newton does not move the fall-back carries the point to 1e-9, and the digits know that.
    assert set(stuck.status) == {"converged"}
    assert (stuck.digits < 11).all()
    np.testing.assert_allclose(stuck.readout.test_error, expected.readout.test_error, rtol=1e-7)
    step = first_layer(setup).step
    places, bulk = tabulate(setup, step, 161).places, IsotropicBulk(step.bulk_scale, 1.2)
    v = np.full((7, 2), 100.0)
    for _ in range(3000):
        _, mean = mapped(places, Points(grid[0] / 1.2, grid[1]), bulk, v)
        v = np.array([mean.v1, mean.v2]).T
    np.testing.assert_allclose(v, expected.readout.solution.v, rtol=1e-11)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 0.99])
def test_without_a_spike_the_alignment_plays_no_part(gamma):
    from giantstep.asymptotics.spiked.ridge_readout import retrain
    from giantstep.asymptotics.spiked.step_map import StepMap

    setup = Setting(Target.parse("tanh(z1)"), Activation.named("tanh"), 1.0, 1.0)
    errors = []
    for alignment in (0.0, gamma):
        step = StepMap(0.0, alignment, 1.2, (1 - alignment**2) ** 0.5, 0.0)
        readout = retrain(
            tabulate(setup, step, 161), Points(np.ones(1), np.array([0.1])), IsotropicBulk(1.2, 1.0), 0.1
        )
        errors.append([readout.test_error[0], readout.train_error[0], readout.q2[0]])
    np.testing.assert_allclose(errors[1], errors[0], rtol=1e-13)


@pytest.mark.parametrize("name", ["A1", "B2", "D1", "E1"])
@pytest.mark.parametrize("structured", [False, True])
def test_the_penalty_obeys_the_envelope_identity(name, structured):
    # q2 = (alpha/beta) d/dlam (train + penalty): any error in the fluctuations would show.
    point, h = POINTS[name], 1e-4
    lam = point["lam"] * np.exp(h * np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
    setup = setting(point, structured=structured, row_variance=True)
    found = curve(setup, np.full(5, point["alpha"]), lam).readout
    objective = found.train_error + found.penalty
    slope = (objective[0] - 8 * objective[1] + 8 * objective[3] - objective[4]) / (12 * h * lam[2])
    assert found.q2[2] == pytest.approx(point["alpha"] / point["beta"] * slope, rel=1e-8)


@pytest.mark.parametrize(("ridge", "most"), [(1e-6, 12), (1e-9, 16)])
def test_interpolation_takes_newton_a_dozen_steps(ridge, most):
    setup = Setting(Target.parse("tanh(z1)"), Activation.named("tanh"), 1.0, 0.5)
    step = first_layer(setup).step
    found = solve(
        tabulate(setup, step, 161).places,
        Points(np.ones(1), np.array([ridge])),
        IsotropicBulk(step.bulk_scale, 1.0),
    )
    assert found.status[0] == "converged"
    assert found.steps[0] <= most


def test_the_digits_claimed_are_good():
    rng = np.random.default_rng(11)
    for _ in range(12):
        eta, first, beta = np.exp(rng.uniform(-1, 2)), np.exp(rng.uniform(-1, 3)), np.exp(rng.uniform(-1, 1))
        name, link = (
            rng.choice(["tanh", "relu", "erf", "gelu"]),
            rng.choice(["tanh(z1)", "abs(z1)", "He2(z1)"]),
        )
        setup = Setting(Target.parse(str(link)), Activation.named(str(name)), eta, first, beta)
        grid = np.exp(rng.uniform(-1, 1, 3)), np.exp(rng.uniform(-5, 0, 3))
        found = curve(setup, *grid)
        fine = tabulate(setup, found.layer.step, 3201)
        from giantstep.asymptotics.spiked.ridge_readout import retrain

        truth = retrain(
            fine, Points(grid[0] / beta, grid[1]), IsotropicBulk(found.layer.step.bulk_scale, beta), 0
        )
        error = abs(found.readout.test_error / truth.test_error - 1)
        assert (error < 10.0 ** (1 - found.digits) + 1e-13).all()
        assert (found.digits > 9).all()


@pytest.mark.parametrize("gamma", [0.3, 0.9])
def test_a_link_with_an_infinite_slope_keeps_its_digits(gamma):
    # gamma k + rho w is a standard normal again, and E sqrt|z| = 2^(1/4) Gamma(3/4) / sqrt(pi).
    k, w = trapezoid(3201)
    table = link_table(Target.parse("sqrt(abs(z1))"), k, gamma, (1 - gamma * gamma) ** 0.5)
    assert table.error < 1e-11
    assert w @ table.mean == pytest.approx(2**0.25 * math.gamma(0.75) / math.pi**0.5, rel=1e-12)
    assert w @ table.square == pytest.approx((2 / math.pi) ** 0.5, rel=1e-12)


def test_the_digits_of_a_structured_bulk_know_the_label_noise(monkeypatch):
    # A steep link, few samples in the first batch, noisy labels: the bulk's own integrals are the hard ones.
    steep = Setting(
        Target.parse("tanh(5*z1)", noise=0.2), Activation.named("tanh"), 1.73, 0.24, 1.6, True, True
    )
    grid = np.array([1.65]), np.array([0.014])
    found = curve(steep, *grid)
    monkeypatch.setattr("giantstep.asymptotics.spiked.curve._BULK_NODES", ((180, 60),))
    truth = curve(steep, *grid)
    error = abs(found.readout.test_error[0] / truth.readout.test_error[0] - 1)
    assert error < 10.0 ** (1 - found.digits[0])


def test_a_grid_is_its_points():
    grid = predict.features(
        Target.parse("sin(z1)", noise=0.1),
        "relu",
        sample_ratio=[0.5, 2.0],
        learning_rate_ratio=[0.0, 1.5],
        first_batch_ratio=4.0,
        ridge=[0.01, 1.0],
        theory="isotropic",
    )
    assert grid.test_error.dims == ("learning_rate_ratio", "ridge", "sample_ratio")
    for place in ({"learning_rate_ratio": 1.5, "ridge": 0.01}, {"learning_rate_ratio": 0.0, "ridge": 1.0}):
        alone = predict.features(
            Target.parse("sin(z1)", noise=0.1),
            "relu",
            sample_ratio=2.0,
            first_batch_ratio=4.0,
            theory="isotropic",
            **place,
        )
        expected = grid.sel(sample_ratio=2.0, **place)
        assert float(alone.test_error[0]) == pytest.approx(float(expected.test_error), rel=1e-12)


@pytest.mark.parametrize("structured", [False, True])
def test_a_grid_too_large_to_hold_is_taken_in_parts(monkeypatch, structured):
    setup = Setting(Target.parse("sin(z1)"), Activation.named("tanh"), 2.0, 4.0, 1.0, structured, structured)
    grid = np.linspace(0.4, 2.0, 7), np.geomspace(0.01, 1.0, 7)
    whole = curve(setup, *grid)
    monkeypatch.setattr("giantstep.asymptotics.spiked.curve.MOST_AT_ONCE", 3)
    parts = curve(setup, *grid, whole.readout.solution.v)
    np.testing.assert_allclose(parts.readout.test_error, whole.readout.test_error, rtol=1e-11)
    np.testing.assert_allclose(parts.readout.solution.averages.v1, whole.readout.solution.v[:, 0], rtol=1e-10)
    assert parts.digits.shape == parts.status.shape == (7,)


def test_the_answer_says_which_corrections_it_holds():
    def said(activation, **changes):
        options = dict(sample_ratio=1.0, learning_rate_ratio=1.0, first_batch_ratio=2.0, ridge=0.1) | changes
        found = predict.features(Target.parse("tanh(z1)"), activation, **options)
        return found.attrs["theory"], " | ".join(json.loads(found.attrs["corrections"]))

    theory, notes = said("tanh")
    assert theory == "structured"
    assert "row variances: inside" in notes
    theory, notes = said("relu")
    assert "not derived for activations that are not odd" in notes
    theory, notes = said("tanh", theory="isotropic")
    assert theory == "isotropic"
    assert "as in the published theory" in notes
    _, notes = said("tanh", first_batch_ratio=0.2, learning_rate_ratio=3.0)
    assert "not accurate here" in notes


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"ridge": 1e-250}, "nonfinite"),
        ({"learning_rate_ratio": 1e200}, "nonfinite"),
        ({"learning_rate_ratio": 1e7, "activation": "tanh"}, "imprecise"),
        ({"sample_ratio": 1e-12}, "converged"),
        ({"sample_ratio": 1e12}, "converged"),
    ],
)
@pytest.mark.parametrize("theory", ["isotropic", "structured"])
def test_absurd_input_ends_with_a_status_and_its_remedy(changes, status, theory):
    options = dict(sample_ratio=1.0, learning_rate_ratio=1.0, first_batch_ratio=2.0, ridge=0.1) | changes
    activation = options.pop("activation", "relu")
    found = predict.features(Target.parse("tanh(z1)"), activation, theory=theory, **options)
    assert str(found.status[0].values) == status
    assert bool(str(found.message[0].values)) == (status != "converged")


@pytest.mark.parametrize(
    ("target", "activation", "changes", "solved"),
    [
        # A slope that is round-off, a first batch of almost nothing, a spike of 10^30: each stalls Newton.
        ("He4(z1)", "He3", {}, 3),
        ("sin(z1)", "relu", {"first_batch_ratio": 1e-10}, 3),
        ("sin(z1)", "relu", {"learning_rate_ratio": 1e30}, 2),
    ],
)
def test_a_structured_bulk_that_stalls_newton_is_left_soon(target, activation, changes, solved):
    options = dict(learning_rate_ratio=1.0, first_batch_ratio=4.0, ridge=0.1) | changes
    found = predict.features(Target.parse(target), activation, sample_ratio=[0.5, 1.0, 2.0], **options)
    assert int(found.solver_steps.max()) < 300
    assert int((found.status == "converged").sum()) >= solved
    assert ((found.message == "") == (found.status == "converged")).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ridge": 0.0}, "ridge: found 0, expected finite numbers > 0"),
        ({"ridge": float("nan")}, "ridge: found nan"),
        ({"sample_ratio": [1.0, -1.0]}, "sample_ratio: found -1"),
        ({"learning_rate_ratio": -1.0}, "learning_rate_ratio: found -1"),
        ({"width_ratio": "p"}, "width_ratio: found 'p'"),
        ({"width_ratio": [1.0, 2.0]}, "width_ratio: found 2 numbers, expected one"),
        ({"theory": "isotropc"}, "did you mean 'isotropic'"),
        ({"target": Target.parse("z1*z2")}, "expected rank 1"),
    ],
)
def test_what_cannot_be_asked_is_named(changes, words):
    options = dict(sample_ratio=1.0, learning_rate_ratio=1.0, first_batch_ratio=2.0, ridge=0.1) | changes
    target = options.pop("target", Target.parse("tanh(z1)"))
    with pytest.raises(SpecError, match=words):
        predict.features(target, "tanh", **options)


def test_the_network_of_the_simulation_is_taken_and_others_are_refused():
    options = dict(sample_ratio=1.0, learning_rate_ratio=1.0, first_batch_ratio=2.0, ridge=0.1)
    network = Network(100, "tanh", readout="constant", readout_scale="1/sqrt(p)", symmetric=False)
    target = Target.parse("tanh(z1)")
    assert predict.features(target, network, **options).identical(predict.features(target, "tanh", **options))
    with pytest.raises(CapabilityError, match="a symmetric start"):
        predict.features(target, Network(100, "tanh"), **options)
    with pytest.raises(CapabilityError, match="row_variance"):
        predict.features(target, "relu", row_variance=True, **options)


@pytest.mark.parametrize("theory", ["isotropic", "structured"])
def test_a_steep_link_tends_to_its_limit(theory):
    options = dict(sample_ratio=1.5, learning_rate_ratio=1.0, first_batch_ratio=3.0, ridge=0.1, theory=theory)
    limit = float(predict.features(Target.parse("sign(z1)"), "tanh", **options).test_error[0])
    steep = [predict.features(Target.parse(f"tanh({slope}*z1)"), "tanh", **options) for slope in (20, 40)]
    assert {str(one.status[0].values) for one in steep} == {"converged"}
    gaps = [float(one.test_error[0]) - limit for one in steep]
    # The two links differ on a strip of width one over the slope.
    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.1)


def test_a_function_with_an_undeclared_jump_claims_few_digits():
    hidden = Target.from_callable(lambda z: np.sign(z[..., 0] - 0.37), 1)
    options = dict(sample_ratio=1.5, learning_rate_ratio=1.0, first_batch_ratio=3.0, ridge=0.1)
    found = predict.features(hidden, "tanh", theory="isotropic", **options)
    truth = predict.features(Target.parse("sign(z1 - 0.37)"), "tanh", theory="isotropic", **options)
    error = abs(float(found.test_error[0]) / float(truth.test_error[0]) - 1)
    assert float(found.digits[0]) < 6
    assert error < 10 * 10.0 ** -float(found.digits[0])
