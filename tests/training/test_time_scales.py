"""The finite network with a fast readout: its flow against quadrature, its limit, SGD against the flow."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from giantstep.errors import CapabilityError, SpecError
from giantstep.gaussian.quadrature import hermite_rule, product_grid
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.studies.time_scales_walk import time_scales_walk
from giantstep.training.time_scales.finite_flow import FiniteFlow, integrate_finite
from giantstep.training.time_scales.one_pass import one_pass
from giantstep.training.time_scales.rows import gram_of, rows_of
from giantstep.training.time_scales.runs import cautions, run_descent

from ..neighbours.time_scale_rows import REFERENCE


def small():
    """Readouts and rows of 3 neurons in 3 dimensions, where expectations are sums."""
    generator = np.random.default_rng(1)
    rows = generator.standard_normal((3, 3))
    return generator.standard_normal(3), rows / np.linalg.norm(rows, axis=1, keepdims=True)


def quadrature_risk(a, u):
    x, w = product_grid([hermite_rule(8)] * 3)
    error = REFERENCE.target_values(x[:, 0]) - REFERENCE.activation_values(x @ u.T)[0] @ a / len(a)
    return 0.5 * float(w @ error**2)


def test_the_risk_is_the_mean_over_inputs():
    a, u = small()
    flow = FiniteFlow(REFERENCE.sigma, REFERENCE.phi, 0.1)
    assert flow.risk(a, u[:, 0], u @ u.T) == pytest.approx(quadrature_risk(a, u), rel=1e-12)


def test_the_rate_is_minus_m_times_the_gradient_along_the_sphere():
    a, u = small()
    flow, step = FiniteFlow(REFERENCE.sigma, REFERENCE.phi, 0.1), 1e-5
    readout, overlaps, gram = flow.rate(a, u[:, 0], u @ u.T)

    def slope(move_a, move_u):
        return (
            quadrature_risk(a + step * move_a, u + step * move_u)
            - quadrature_risk(a - step * move_a, u - step * move_u)
        ) / (2 * step)

    by_a = np.array([slope(row, 0.0) for row in np.eye(3)])
    by_u = np.array([[slope(0.0, np.outer(np.eye(3)[i], np.eye(3)[k])) for k in range(3)] for i in range(3)])
    assert_allclose(readout, -3 * by_a / 0.1, rtol=1e-8)
    moved = -3 * (by_u - np.sum(by_u * u, axis=1, keepdims=True) * u)
    assert_allclose(overlaps, moved[:, 0], atol=1e-8)
    assert_allclose(gram, moved @ u.T + u @ moved.T, atol=1e-8)


def test_rows_keep_their_overlaps_and_one_law_in_both_forms():
    overlaps = np.array([0.5, -0.3, 0.1])
    rows = rows_of(overlaps, 50, np.random.default_rng(0))
    assert_allclose(rows[:, 0], overlaps)
    assert_allclose(np.linalg.norm(rows, axis=1), 1.0)
    direct = [(r := rows_of(overlaps, 50, np.random.default_rng(seed))) @ r.T for seed in range(400)]
    short = [gram_of(overlaps, 50, np.random.default_rng(10**6 + seed)) for seed in range(400)]
    for power in (1, 2):
        first, second = np.array(direct)[:, 0, 1] ** power, np.array(short)[:, 0, 1] ** power
        error = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 400)
        assert abs(first.mean() - second.mean()) / error < 4


def test_the_deviation_from_the_limit_falls_like_one_over_the_width():
    found = {
        width: time_scales_walk(
            REFERENCE,
            time_scale_ratio=[1e-2],
            start=ParticleStart(width=width, seeds=2, dimension=400),
            until=0.6,
        ).deviation.values.mean()
        for width in (16, 64)
    }
    assert 3.0 < found[16] / found[64] < 5.0


def test_the_order_of_limits_is_a_warning():
    assert "needs width x sqrt(ratio) >> log(1/ratio)" in cautions(1e-3, 50)[0]
    assert cautions(1e-2, 10**5) == []
    assert "steps are not small" in cautions(1e-2, 10**5, "sgd", 5e-3)[0]


def test_sgd_in_small_steps_follows_the_flow():
    generator = np.random.default_rng(4)
    pair = HermiteComponents((0.4, 0.8, 0.3), (0.3, 0.7, 0.2))
    a, s = generator.standard_normal(40), generator.uniform(-0.2, 0.2, 40)
    u = rows_of(s, 20, generator)
    flow, times = FiniteFlow(pair.sigma, pair.phi, 0.1), np.array([0.2, 0.5])
    whole = integrate_finite(flow, a, s, u @ u.T, times).risk
    runs = np.array(
        [
            one_pass(
                pair, flow, a, u, step=1e-3, batch=50, times=times, generator=np.random.default_rng(seed)
            ).risk
            for seed in range(6)
        ]
    )
    # The bias of the step is of its order; the rest is noise.
    error = runs.std(axis=0, ddof=1) / np.sqrt(6)
    assert np.all(np.abs(runs.mean(axis=0) - whole) < 5 * error + 2e-3)


def test_noise_of_the_labels_slows_nothing_in_the_flow_and_enters_sgd_only():
    noisy = HermiteComponents((0.5, 0.8), (0.5, 1.0), noise=1.0)
    start, times = ParticleStart(width=8, seeds=1, dimension=10), np.array([0.05, 0.1])
    clean = HermiteComponents((0.5, 0.8), (0.5, 1.0))
    both = [
        run_descent(pair, time_scale_ratio=0.1, start=start, times=times, method=method).risk.values
        for method in ("flow", "sgd")
        for pair in (noisy, clean)
    ]
    assert np.array_equal(both[0], both[1])
    assert not np.array_equal(both[2], both[3])


def test_the_start_is_that_of_the_theory_and_dimension_is_free():
    start = ParticleStart(width=6, seeds=2, dimension=10**9)
    found = run_descent(REFERENCE, time_scale_ratio=0.1, start=start, times=np.array([1e-9, 0.1]))
    for replicate in range(2):
        readout, overlaps = start.draw(replicate)
        assert_allclose(found.readout[replicate, 0], readout, atol=1e-6)
        assert_allclose(found.overlaps[replicate, 0], overlaps, atol=1e-6)
    again = run_descent(REFERENCE, time_scale_ratio=0.1, start=start, times=np.array([1e-9, 0.1]))
    assert np.array_equal(found.risk, again.risk)


def test_a_network_that_diverges_comes_back():
    pair = HermiteComponents((0.0, 30.0, 20.0), (0.0, 1.0, 1.0))
    found = run_descent(
        pair, time_scale_ratio=0.5, start=ParticleStart(width=4, seeds=1, dimension=20),
        times=np.array([0.1, 40.0]), method="sgd", step=0.4,
    )  # fmt: skip
    assert found.status.values.tolist() == ["nonfinite"]
    assert "lower the step" in str(found.message.values[0])


START = ParticleStart(width=4, seeds=1, dimension=10)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (dict(method="sgd", step=0.2), "step: found 0.2 at time-scale ratio 0.1.* Use a step of 0.002"),
        (dict(method="sgd", step=np.nan), "step: found nan"),
        (dict(method="sdg"), "did you mean 'sgd'"),
        (dict(batch=0), "batch: found 0"),
        (dict(start=ParticleStart(width=4, seeds=1)), "dimension: found none"),
        (dict(times=np.array([0.2, 0.1])), "ascending"),
        (dict(time_scale_ratio=2.0), "between 0 and 1"),
    ],
)
def test_bad_input_is_one_line(words, line):
    given = dict(time_scale_ratio=0.1, start=START, times=np.array([0.1])) | words
    with pytest.raises(SpecError, match=line) as caught:
        run_descent(REFERENCE, **given)
    assert "\n" not in str(caught.value)


def test_sgd_in_too_many_dimensions_points_to_the_flow():
    start = ParticleStart(width=64, seeds=1, dimension=10**9)
    with pytest.raises(CapabilityError, match="Use method flow"):
        run_descent(REFERENCE, time_scale_ratio=0.1, start=start, times=np.array([0.1]), method="sgd")
