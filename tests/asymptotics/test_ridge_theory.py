"""Ridge on features of any covariance: listed numbers, closed forms, another solver, exact regressions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from giantstep import SpecError
from giantstep.asymptotics import RidgeTheory
from giantstep.asymptotics.deep_features.effective_ridge import effective_ridge
from giantstep.asymptotics.deep_features.ridge_theory import REMEDY, Status, house_ridge
from giantstep.networks.ridge import NormalEquations

POWER_LAW = np.arange(1.0, 401.0) ** -0.8


def power_law_theory():
    theta = np.random.default_rng(0).standard_normal(400) / math.sqrt(400)
    return RidgeTheory.of(POWER_LAW, POWER_LAW * theta, float(POWER_LAW @ theta**2)), theta


def test_one_eigendecomposition_in_any_basis_gives_the_same_errors():
    theory, theta = power_law_theory()
    basis = np.linalg.qr(np.random.default_rng(1).standard_normal((400, 400)))[0]
    turned = RidgeTheory.of((basis * POWER_LAW) @ basis.T, basis @ (POWER_LAW * theta), theory.energy)
    n, ridge = np.array([50, 400, 3000]), np.array([1e-4, 1e-2, 1.0])
    np.testing.assert_allclose(
        turned.at(n, ridge, 0.1).test_error, theory.at(n, ridge, 0.1).test_error, rtol=1e-9
    )


def test_the_note_in_its_own_units_by_another_solver():
    theory, theta = power_law_theory()
    n, lam, noise = 250.0, 0.02, 0.3

    def equation(nu):
        return nu - lam - nu / n * np.sum(POWER_LAW / (POWER_LAW + nu))

    nu = brentq(equation, lam, lam + POWER_LAW.sum() / n, xtol=1e-15, rtol=1e-14)
    b, inverse = POWER_LAW * theta, 1 / (POWER_LAW + nu)
    gamma = np.sum((POWER_LAW * inverse) ** 2) / n
    error = (noise + POWER_LAW @ theta**2 - b**2 @ (inverse + nu * inverse**2)) / (1 - gamma)
    found = theory.at(n, house_ridge(lam, n, 400), noise)
    assert found.nu == pytest.approx(nu, rel=1e-12)
    assert found.gamma == pytest.approx(gamma, rel=1e-12)
    assert found.test_error == pytest.approx(error, rel=1e-11)
    assert found.train_error == pytest.approx((lam / nu) ** 2 * error, rel=1e-11)


def test_the_house_ridge_is_the_penalty_times_samples_over_width():
    rng = np.random.default_rng(3)
    phi, y, lam = rng.standard_normal((50, 20)), rng.standard_normal(50), 0.07
    sums = NormalEquations.empty(20)
    sums.add(phi.T, y)
    house = sums.path().fits([float(house_ridge(lam, 50, 20))]).readouts[0]
    # (1/n) |y - phi beta|^2 + lam |beta|^2 has beta = a / sqrt p.
    beta = np.linalg.solve(phi.T @ phi / 50 + lam * np.eye(20), phi.T @ y / 50)
    np.testing.assert_allclose(house / math.sqrt(20), beta, rtol=1e-10)


@pytest.mark.parametrize("seed", [0])
def test_regressions_on_gaussian_features_agree_in_standard_errors(seed):
    rng, p, noise = np.random.default_rng(seed), 120, 0.2
    spectrum = np.arange(1.0, p + 1) ** -0.5
    theta = rng.standard_normal(p) / math.sqrt(p)
    theory = RidgeTheory.of(spectrum, spectrum * theta, float(spectrum @ theta**2))
    worst = []
    for n, ridge in ((60, 0.05), (120, 0.02), (300, 0.3)):
        test, train = [], []
        for _ in range(60):
            phi = rng.standard_normal((n, p)) * np.sqrt(spectrum)
            y = phi @ theta + math.sqrt(noise) * rng.standard_normal(n)
            beta = np.linalg.solve(phi.T @ phi + p * ridge * np.eye(p), phi.T @ y)
            test.append(noise + spectrum @ (beta - theta) ** 2)
            train.append(np.mean((y - phi @ beta) ** 2))
        found = theory.at(n, ridge, noise)
        for values, expected in ((test, found.test_error), (train, found.train_error)):
            worst.append((np.mean(values) - expected) / (np.std(values, ddof=1) / math.sqrt(60)))
    assert np.sqrt(np.mean(np.square(worst))) < 2


def test_an_intercept_costs_one_sample_and_its_own_noise():
    # Least squares with an intercept on Gaussian features: s2 (1 + 1/n) (n - 2) / (n - p - 2), exactly.
    n, p, noise = 400, 100, 1.7
    theory = RidgeTheory.of(np.ones(p), np.zeros(p), 0.0, intercept=True)
    found = theory.at(n, 0.0, noise)
    exact = noise * (1 + 1 / n) * (n - 2) / (n - p - 2)
    assert found.test_error == pytest.approx(exact, rel=1.5 / n)
    assert found.train_error == pytest.approx(noise * (n - 1 - p) / n, rel=1e-12)


def test_without_ridge_and_with_more_samples_than_features():
    theory, _ = power_law_theory()
    found = theory.at(1000, 0.0, 0.5)
    assert found.nu == 0.0
    assert found.gamma == pytest.approx(0.4)
    assert found.test_error == pytest.approx(0.5 / 0.6, rel=1e-12)
    assert found.train_error == pytest.approx(0.5 * 0.6, rel=1e-12)


def test_without_ridge_and_with_fewer_samples_the_training_error_is_zero():
    # Isotropic: nu = p/n - 1 and the test error is |theta|^2 (1 - n/p) + noise, over 1 - n/p.
    theta = np.full(90, 1 / math.sqrt(90))
    theory = RidgeTheory.of(np.ones(90), theta, 1.0)
    found = theory.at(30, 0.0, 0.25)
    assert found.nu == pytest.approx(2.0, rel=1e-12)
    assert found.train_error == 0.0
    assert found.test_error == pytest.approx((0.25 + (2 / 3) ** 2) / (1 - 1 / 3), rel=1e-12)


@pytest.mark.parametrize("n", [100, 250, 399, 401, 5000])
def test_a_vanishing_ridge_is_no_ridge(n):
    theory, _ = power_law_theory()
    tiny, none = theory.at(n, 1e-14, 0.1), theory.at(n, 0.0, 0.1)
    assert tiny.test_error == pytest.approx(float(none.test_error), rel=1e-5)


def test_the_peak_is_infinite_and_says_so():
    theory, _ = power_law_theory()
    found = theory.at([399, 400, 401], 0.0, 0.1)
    assert found.status.tolist() == ["converged", "peak", "converged"]
    assert np.isinf(found.test_error[1])
    assert "Raise the ridge" in REMEDY[Status.PEAK]


def test_features_that_span_less_than_their_number_peak_at_their_rank():
    rng = np.random.default_rng(5)
    root = rng.standard_normal((40, 12))
    theory = RidgeTheory.of(root @ root.T / 12, root @ np.ones(12) / 12, 2.0)
    assert theory.rank == 12
    assert theory.at(12, 0.0, 1.0).status == "peak"
    assert theory.at(24, 0.0).test_error == pytest.approx(2 * theory.misfit)


@given(
    size=st.integers(1, 40),
    decay=st.floats(0, 4),
    ratio=st.floats(0.05, 20),
    penalty=st.floats(-12, 3).map(lambda x: 10.0**x),
)
def test_the_effective_penalty_solves_its_equation_between_its_bounds(size, decay, ratio, penalty):
    spectrum = np.arange(1.0, size + 1) ** -decay
    n = np.array([max(0.5, ratio * size)])
    found = effective_ridge(spectrum, n, np.array([penalty]))
    nu = found.nu[0]
    assert penalty * (1 - 1e-12) <= nu <= (penalty + spectrum.sum() / n[0]) * (1 + 1e-12)
    assert found.residual[0] < 1e-11


@given(scale=st.floats(0.01, 100), noise=st.floats(0, 10))
def test_rescaled_features_with_a_rescaled_ridge_give_the_same_errors(scale, noise):
    theory, theta = power_law_theory()
    scaled = RidgeTheory.of(POWER_LAW * scale**2, scale * POWER_LAW * theta, float(POWER_LAW @ theta**2))
    found, same = scaled.at(300, 0.1 * scale**2, noise), theory.at(300, 0.1, noise)
    assert found.test_error == pytest.approx(float(same.test_error), rel=1e-9)
    assert found.train_error == pytest.approx(float(same.train_error), rel=1e-9)


BAD = {
    "not positive": (np.diag([1.0, -0.3]), [0.0, 0.0], 1.0, "covariance: found the eigenvalue -0.3"),
    "zero": (np.zeros((2, 2)), [0.0, 0.0], 1.0, "covariance: found the eigenvalue 0"),
    "not symmetric": ([[1.0, 0.5], [0.0, 1.0]], [0.0, 0.0], 1.0, "not symmetric"),
    "NaN": ([[1.0, float("nan")], [0.0, 1.0]], [0.0, 0.0], 1.0, "covariance: found nan"),
    "shapes": (np.eye(3), [0.0, 0.0], 1.0, r"found shapes \(3, 3\) and \(2,\)"),
    "moment beyond the energy": (np.eye(2), [2.0, 0.0], 1.0, "energy: found 1, but features"),
    "moment off the features": (np.diag([1.0, 0.0]), [0.0, 0.5], 1.0, "energy: found 1, but features"),
    "words": ("many", [0.0], 1.0, "covariance: found 'many', expected finite real numbers"),
    "complex": (np.eye(2) + 0.1j, [0.0, 0.0], 1.0, "covariance: found array.*, expected finite real numbers"),
    "energies": (np.eye(2), [0.0, 0.0], [1.0, 2.0], r"energy: found \[1.0, 2.0\], expected one"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_moments_are_refused_in_one_line(case):
    covariance, moment, energy, message = BAD[case]
    with pytest.raises(SpecError, match=message) as error:
        RidgeTheory.of(covariance, moment, energy)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"samples": 0, "ridge": 1.0}, "samples: found 0"),
        ({"samples": 10, "ridge": -1.0}, "ridge: found -1"),
        ({"samples": 10, "ridge": 1.0, "noise": -2.0}, "noise: found -2"),
        ({"samples": float("nan"), "ridge": 1.0}, "samples: found nan"),
        ({"samples": [1, 2], "ridge": [1, 2, 3]}, r"found shapes \(2,\), \(3,\), \(\)"),
    ],
)
def test_bad_points_are_refused(words, message):
    with pytest.raises(SpecError, match=message):
        power_law_theory()[0].at(**words)
