"""Covariances of deep features from their weights: exact kernels, listed Frobenius errors, pitfalls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special

from giantstep import Activation, CapabilityError, SpecError, Target
from giantstep.asymptotics.deep_features.covariance import linear_layers, row_moments
from giantstep.asymptotics.deep_features.cross_covariance import cross_covariance
from giantstep.asymptotics.deep_features.moments import linear_part, multi_index_target, one_layer_theory
from giantstep.gaussian.kernels import erf_kernel
from giantstep.networks.deep import DeepNetwork, DeepWeights
from giantstep.streams import Streams
from giantstep.threads import one_blas_thread

from ..neighbours import allowed, points, z_score

PLAIN_ERF = Activation.from_functions(
    lambda x: special.erf(x), lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x), name="plain erf"
)
"""theory/50 uses erf(x), not the house's erf(x / sqrt 2)."""


def plain_erf_kernel(gram, left, right):
    return erf_kernel(2 * left[:, None], 2 * right[None, :], 2 * gram)


@pytest.fixture(autouse=True)
def one_thread():
    with one_blas_thread():
        yield


def frobenius_errors(rows, size, seed):
    weights = DeepNetwork((size,), PLAIN_ERF, rows).draw(size, Streams(seed))
    gram = weights.layers[0] @ weights.layers[0].T
    exact = plain_erf_kernel(gram, np.diag(gram), np.diag(gram))
    return [
        np.linalg.norm(linear_layers(weights, per_row=per_row)[-1].covariance - exact)
        for per_row in (False, True)
    ], np.linalg.norm(exact)


def test_moments_of_erf_are_the_closed_forms():
    r = np.array([0.1, 0.7, 1.0, 3.0])
    slope, rest = row_moments(Activation.named("erf"), r)
    np.testing.assert_allclose(slope, np.sqrt(2 / math.pi / (1 + r)), rtol=1e-12)
    np.testing.assert_allclose(rest, erf_kernel(r, r, r) - r * slope**2, atol=1e-13)


@pytest.mark.parametrize("point", points("S5.cov", layers=1)[:3], ids=lambda p: str(p["params"]))
def test_one_layer_against_the_arcsine_kernel_is_off_as_listed(point):
    size, seeds = point["params"]["d"], 6
    found = [frobenius_errors("iid", size, seed) for seed in range(seeds)]
    scalar, per_row = np.array([errors for errors, _ in found]).T
    error = scalar.std(ddof=1) / math.sqrt(seeds)
    assert abs(z_score(scalar.mean(), error, point)) < allowed(3, seeds)
    assert np.mean([norm for _, norm in found]) == pytest.approx(point["params"]["frobenius_norm"], rel=0.01)
    # The listed per-row error has no standard error: ours must bracket it within its own spread.
    off = abs(per_row.mean() - point["params"]["per_row_variant"]) / per_row.std(ddof=1)
    assert off < 3.5


def test_the_error_stays_of_order_one_while_the_norm_grows():
    sizes = [50, 100, 200]
    errors = [np.mean([frobenius_errors("rainbow", size, seed)[0][0] for seed in range(4)]) for size in sizes]
    norms = [frobenius_errors("rainbow", size, 0)[1] for size in sizes]
    assert abs(np.polyfit(np.log(sizes), np.log(errors), 1)[0]) < 0.15
    assert np.polyfit(np.log(sizes), np.log(norms), 1)[0] == pytest.approx(0.5, abs=0.1)


def test_the_scalar_variance_is_the_trace_of_the_row_covariance():
    weights = DeepNetwork((300, 200), "tanh").draw(250, Streams(2))
    layers = linear_layers(weights, per_row=False)
    below = layers[0].covariance
    # C = I: r = tr(Omega) / p, to the fluctuation of a mean over 200 rows.
    spread = math.sqrt(2 * float((below**2).sum())) / 300 / math.sqrt(200)
    assert abs(layers[1].variances[0] - np.trace(below) / 300) < 4 * spread


def test_deep_linear_networks_are_exact():
    weights = DeepNetwork((7, 6, 5), "identity", "rainbow").draw(8, Streams(1))
    product = np.linalg.multi_dot(weights.layers[::-1])
    omega = np.diag(np.arange(1.0, 9.0))
    found = linear_layers(weights, input_covariance=omega)[-1].covariance
    np.testing.assert_allclose(found, product @ omega @ product.T, atol=1e-12)


def test_a_network_shared_entirely_has_its_own_covariance_as_cross_covariance():
    weights = DeepNetwork((40, 30), "tanh").draw(50, Streams(0))
    layers = linear_layers(weights)
    sigma = (weights.activation, weights.activation)
    phi = cross_covariance(layers, layers, sigma, paired=2)
    np.testing.assert_allclose(phi, layers[-1].covariance, atol=1e-10)


def correlated_errors(size, q, seed):
    rng = np.random.default_rng([seed, size])
    first = rng.standard_normal((size, size)) / math.sqrt(size)
    other = rng.standard_normal((size, size)) / math.sqrt(size)
    mine = DeepWeights(PLAIN_ERF, (first,))
    theirs = DeepWeights(PLAIN_ERF, (1.3 * (q * first + math.sqrt(1 - q * q) * other),))
    left, right = (linear_layers(one, per_row=False) for one in (mine, theirs))
    gram = mine.layers[0] @ theirs.layers[0].T
    norms = [(one.layers[0] ** 2).sum(1) for one in (mine, theirs)]
    exact = plain_erf_kernel(gram, *norms)
    sigma = (PLAIN_ERF, PLAIN_ERF)
    with_kx, without = (
        cross_covariance(left, right, sigma, paired=paired, per_row=False) for paired in (1, 0)
    )
    return np.linalg.norm(with_kx - exact), np.linalg.norm(without - exact), np.linalg.norm(exact)


@pytest.mark.parametrize("q", [0.0, 0.6, 1.0])
def test_correlated_rows_need_their_diagonal(q):
    found = np.array([correlated_errors(250, q, seed) for seed in range(4)])
    with_kx, without, norm = found.mean(0)
    assert with_kx < without or q == 0
    listed = points("S5.cross", check="corr_rows", d=250, q=q)
    for point in listed:
        assert abs(z_score(with_kx, found[:, 0].std(ddof=1) / 2, point)) < allowed(3, 4)
        error = found[:, 1].std(ddof=1) / 2
        z = (without - point["params"]["fro_err_without_kx"]) / math.hypot(error, point["se"])
        assert abs(z) < allowed(3, 4)
        assert norm == pytest.approx(point["params"]["fro_norm"], rel=0.01)


def test_paired_layers_must_fit():
    mine = linear_layers(DeepNetwork((4,)).draw(5, Streams(0)))
    theirs = linear_layers(DeepNetwork((3,)).draw(5, Streams(1)))
    other = linear_layers(DeepNetwork((3,)).draw(6, Streams(1)))
    sigma = (Activation.named("tanh"), Activation.named("tanh"))
    with pytest.raises(SpecError, match="paired: found 1 layers of widths"):
        cross_covariance(mine, theirs, sigma, paired=1)
    with pytest.raises(SpecError, match="sees 6 inputs, the learner 5"):
        cross_covariance(mine, other, sigma)


def test_a_target_shared_with_the_first_layer_is_the_listed_closed_form():
    # Two-layer learner, target = its first layer: Phi = k1 W_2 Omega_1 (theory note 50, S5.3).
    weights = DeepNetwork((40, 30), "tanh").draw(50, Streams(0))
    layers = linear_layers(weights)
    phi = cross_covariance(layers, layers[:1], (weights.activation, weights.activation), paired=1)
    np.testing.assert_allclose(phi, layers[1].map @ layers[0].covariance, atol=1e-10)


def test_the_order_parameters_of_one_layer_are_enough():
    weights = DeepNetwork((60,), "tanh").draw(80, Streams(4))
    target = Target.parse("tanh(2*z1) + z2")
    matrix = weights.layers[0]
    mine = one_layer_theory(matrix[:, :2], matrix @ matrix.T, "tanh", target)
    theirs = multi_index_target(weights, target)
    np.testing.assert_allclose(mine.eigenvalues, theirs.eigenvalues, rtol=1e-11)
    assert mine.misfit == pytest.approx(theirs.misfit, rel=1e-10)


def test_the_linear_part_of_a_step_is_its_first_hermite_coefficient():
    linear, energy = linear_part(Target.parse("sign(z1)"))
    assert linear[0] == pytest.approx(math.sqrt(2 / math.pi), rel=1e-12)
    assert energy == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("name", ["relu", "softplus", "He1+0.5*He2"])
def test_activations_with_a_mean_are_refused_with_the_remedy(name):
    weights = DeepNetwork((4,), name).draw(3, Streams(0))
    with pytest.raises(CapabilityError, match=r"not odd.*fits an intercept"):
        linear_layers(weights)


def test_weights_and_covariances_are_checked():
    with pytest.raises(SpecError, match="expected a positive semidefinite"):
        linear_layers(DeepNetwork((4,)).draw(2, Streams(0)), input_covariance=[[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(SpecError, match=r"layers: found shapes \[\(2, 3\), \(2, 3\)\]"):
        DeepWeights(Activation.named("tanh"), (np.ones((2, 3)), np.ones((2, 3))))
    with pytest.raises(SpecError, match="layers: found nan, expected matrices of finite numbers"):
        DeepWeights(Activation.named("tanh"), (np.full((2, 3), np.nan),))
    with pytest.raises(SpecError, match="did you mean 'rainbow'"):
        DeepNetwork((3,), rows="rainbows")
