"""Traces of the resolvent of random features: closed forms, derivatives, matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from giantstep.asymptotics.spectra.resolvent import FeatureBulk
from giantstep.threads import one_blas_thread

SIZES = st.floats(0.05, 20.0)


@given(SIZES, SIZES, st.floats(1e-3, 4.0), st.floats(0.0, 4.0), st.floats(1e-6, 1e3))
def test_the_equations_hold_at_every_penalty(n, psi, linear, rest, ridge):
    bulk = FeatureBulk(n, psi, linear, rest)
    found = bulk.at_ridge(ridge)
    assert found.ridge == pytest.approx(ridge, rel=1e-9)
    assert bulk.residual(found) < 1e-9
    assert 0 < found.m2 <= found.m1 <= 1 / ridge * (1 + 1e-12)
    assert found.m1_slope < 0
    assert found.m2_slope < 0


@given(SIZES, SIZES, st.floats(1e-2, 4.0), st.floats(1e-2, 4.0))
def test_above_the_edge_the_curve_is_monotone_and_below_it_turns(n, psi, linear, rest):
    bulk = FeatureBulk(n, psi, linear, rest)
    edge = bulk.edge()
    assert edge.ridge < 0
    # the edge is a stationary point of l; it is the supremum of the spectrum, so above its mean
    assert -edge.ridge > (linear + rest) / n
    places = [bulk.at(edge.delta * part) for part in np.linspace(0.999, 0.01, 30)]
    assert np.all(np.diff([-p.ridge for p in places]) > 0)
    assert max(bulk.residual(p) for p in places) < 1e-8


@pytest.mark.parametrize("ridge", [1e-3, 0.5, 20.0])
def test_slopes_equal_finite_differences(ridge):
    bulk, step = FeatureBulk(1.4, 0.7, 1.0, 0.5), 1e-5 * ridge
    here, low, high = (bulk.at_ridge(ridge + s) for s in (0.0, -step, step))
    assert here.m1_slope == pytest.approx((high.m1 - low.m1) / (2 * step), rel=1e-7)
    assert here.m2_slope == pytest.approx((high.m2 - low.m2) / (2 * step), rel=1e-7)


@pytest.mark.parametrize("ratio", [0.4, 1.0, 3.0])
def test_without_a_linear_part_the_law_is_marchenko_and_pastur(ratio):
    # n x N matrix of iid entries of variance s, F F^T / n: lam m1 + (N/n) s m1/(1 + s m1) = 1
    s, bulk = 1.7, FeatureBulk(ratio, 0.8, 1e-12, 1.7)
    assert -bulk.edge().ridge == pytest.approx(s * (1 + math.sqrt(1 / ratio)) ** 2, rel=1e-6)
    for ridge in (0.01, 1.0, 30.0):
        b = ridge + s / ratio - s
        closed = 2 / (b + math.sqrt(b * b + 4 * ridge * s))
        assert bulk.at_ridge(ridge).m1 == pytest.approx(closed, rel=1e-9)


def test_many_neurons_of_a_linear_activation_are_the_inputs_themselves():
    # F F^T / n -> X (W^T W) X^T / n with W^T W -> (N/d) I: the law of X X^T / n, scaled
    load, phi = 1e6, 0.5
    bulk = FeatureBulk(1 / load, phi / load, 1.0, 0.0)
    scale = load / phi  # N/d
    assert -bulk.edge().ridge == pytest.approx(scale * (1 + math.sqrt(phi)) ** 2, rel=5e-3)


def test_traces_and_edge_are_those_of_a_matrix():
    n, d, width, lam = 400, 200, 280, 0.3
    rng = np.random.default_rng(3)
    traces, edges = [], []
    for _ in range(3):
        rows = rng.standard_normal((width, d))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        x = rng.standard_normal((n, d))
        z = x @ rows.T
        features = z + 0.4 * (z**3 - 3 * z) / math.sqrt(6)
        with one_blas_thread():
            values, vectors = np.linalg.eigh(features @ features.T)
        resolvent = 1 / (values + lam * n)
        traces.append([resolvent.sum(), ((vectors.T @ x) ** 2).sum(1) @ resolvent / d])
        edges.append(math.sqrt(values[-1] / n))
    bulk = FeatureBulk(n / width, d / width, 1.0, 0.16)
    found = bulk.at_ridge(lam)
    # fluctuations and bias of traces are O(1/n)
    np.testing.assert_allclose(np.mean(traces, 0), [found.m1, found.m2], rtol=5 / n * 2)
    assert np.mean(edges) == pytest.approx(math.sqrt(-bulk.edge().ridge), rel=n ** (-2 / 3) * 3)
