"""Time-scales of gradient flow: the flow against its own laws, closed forms and the listed values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from giantstep import Target
from giantstep.asymptotics import learning_times
from giantstep.asymptotics.learning_times import cautions
from giantstep.asymptotics.time_scales.closed_forms import first_time, zeroth_time
from giantstep.asymptotics.time_scales.integrate import SMALLEST_RATIO, Status, integrate
from giantstep.asymptotics.time_scales.reduced_flow import ReducedFlow, conserved
from giantstep.errors import SpecError
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart

from ..neighbours.time_scale_rows import QUICK, REFERENCE, flows, readouts, times


@pytest.fixture(scope="module")
def quick():
    return flows(QUICK)


def test_the_listed_learning_times_are_met():
    rows = list(times(QUICK, limit=1e-4))
    assert len(rows) == 6
    # S6.times carries up to 3e-3 of grid interpolation; here it is far less.
    assert all(row.met for row in rows)


def test_the_closed_forms_of_the_first_two_phases_become_exact(quick):
    ratio = (quick.learning_time / quick.predicted_time).mean("replicate").values
    assert np.all(np.diff(np.abs(ratio[:, 1] - 1)) < 0)
    assert np.all(np.abs(ratio[:, 0] - 1) < [2e-2, 2e-4, 1e-5])
    assert abs(ratio[-1, 1] - 1) < 4e-3


def test_phase_one_is_the_flow_of_one_component_alone():
    # With sigma_0 = phi_0 = 0 and one component the hyperbolas are exact at s << 1.
    pair = HermiteComponents((0.0, 0.7), (0.0, -1.3))
    found = learning_times(pair, time_scale_ratio=1e-10, start=ParticleStart(readout=readouts(2)))
    assert_allclose(found.learning_time[0, :, 1], found.predicted_time[0, :, 1], rtol=2e-5)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_one_active_component_conserves_its_quantity(k):
    sigma, phi = np.zeros(k + 1), np.zeros(k + 1)
    sigma[k], phi[k] = 0.8, 1.0
    generator = np.random.default_rng(k)
    readout, overlaps = generator.standard_normal(12), generator.uniform(-0.3, 0.3, 12)
    path = integrate(ReducedFlow(sigma, phi, 0.05), readout, overlaps, 20.0)
    start = conserved(np.concatenate([readout, overlaps]), 0.05, k)
    for time in (0.1, 1.0, 20.0):
        moved = path.at(time)
        # As s -> 1 the logarithm magnifies the error of s by 1 / (1 - s^2): weigh it back.
        error = (conserved(moved, 0.05, k) - start) * (1 - moved[12:] ** 2)
        assert np.abs(error).max() < 2e-7
    assert np.abs(moved[12:] - overlaps).max() > 0.05


def test_the_jacobian_is_the_derivative_of_the_rate():
    generator = np.random.default_rng(5)
    flow = ReducedFlow(REFERENCE.sigma, REFERENCE.phi, 0.01)
    state = np.concatenate([generator.standard_normal(5), generator.uniform(-0.9, 0.9, 5)])
    found, step = flow.jacobian(-1.0, state), 1e-6
    for column in range(10):
        shift = step * np.eye(10)[column]
        slope = (flow.rate(-1.0, state + shift) - flow.rate(-1.0, state - shift)) / (2 * step)
        assert_allclose(found[:, column], slope, rtol=1e-6, atol=1e-6)


def test_the_flow_descends_the_risk_of_a_sum_over_inputs():
    # An independent look at the same flow: the rate is minus the gradient of half the mean squared error
    # under r_ij = s_i s_j, here by finite differences of the risk itself.
    generator = np.random.default_rng(8)
    flow = ReducedFlow(REFERENCE.sigma, REFERENCE.phi, 0.1)
    m, step = 4, 1e-6
    state = np.concatenate([generator.standard_normal(m), generator.uniform(-0.8, 0.8, m)])

    def risk(values):
        return 0.5 * float(np.sum(flow.residuals(values) ** 2))

    gradient = np.array(
        [(risk(state + step * row) - risk(state - step * row)) / (2 * step) for row in np.eye(2 * m)]
    )
    readout, overlaps = np.split(-m * gradient, 2)
    rate = np.concatenate([readout / 0.1, overlaps * (1 - state[m:] ** 2)])
    assert_allclose(flow.rate(0.0, state), rate, rtol=1e-6)


def test_the_risk_never_rises_and_stops_at_the_plateau_of_what_is_unseen(quick):
    assert np.diff(quick.risk.values, axis=-1).max() < 1e-7
    blind = HermiteComponents((0.5, 0.8), (0.5, 1.0, 0.8))
    found = learning_times(blind, time_scale_ratio=1e-3, start=ParticleStart(width=8, seeds=1))
    assert float(found.risk[0, 0, -1]) == pytest.approx(0.32, rel=1e-9)
    assert math.isnan(found.learning_time[0, 0, 2])
    assert "component 2 is never learned" in found.attrs["warnings"][0]


def test_zero_overlaps_stay_at_zero_without_a_first_component():
    pair = HermiteComponents((0.5, 0.8, 0.5), (0.5, 0.0, 0.8))
    stuck = learning_times(pair, time_scale_ratio=1e-3, start=ParticleStart(width=8, seeds=1))
    assert str(stuck.status.values[0, 0]) == "stuck"
    assert "Give dimension" in str(stuck.message.values[0, 0])
    assert float(stuck.risk[0, 0, -1]) == pytest.approx(0.32, rel=1e-9)
    free = learning_times(pair, time_scale_ratio=1e-3, start=ParticleStart(width=8, seeds=1, dimension=400))
    assert str(free.status.values[0, 0]) == "completed"


def test_below_1e_minus_18_the_status_says_so_and_the_closed_forms_stay():
    found = learning_times(REFERENCE, time_scale_ratio=[1e-3, 1e-20], start=ParticleStart(width=4, seeds=1))
    assert found.status.values.tolist() == [["completed"], ["too_stiff"]]
    assert str(SMALLEST_RATIO) in str(found.message.values[1, 0])
    assert np.isnan(found.learning_time.values[1]).all()
    assert float(found.predicted_time[1, 0, 0]) == pytest.approx(1e-20 * math.log(2) / 0.25)
    assert float(found.predicted_time[1, 0, 1]) > 0


def test_a_flow_that_ends_too_soon_says_what_to_raise():
    found = learning_times(REFERENCE, time_scale_ratio=1e-2, start=ParticleStart(width=8, seeds=1), until=0.1)
    assert str(found.status.values[0, 0]) == Status.UNFINISHED
    assert "Raise until" in str(found.message.values[0, 0])


def test_missing_and_turned_components_are_cautioned():
    assert any("k = 2" in line for line in cautions(HermiteComponents((1, 1, 0, 1), (1, 1, 0, 1))))
    assert any("other sign" in line for line in cautions(HermiteComponents((1, 1, 1, 1), (1, 1, 1, -1))))
    assert cautions(REFERENCE) == []


def test_a_turned_odd_component_is_learned_far_later(quick):
    pair = HermiteComponents((0.5, 0.8, 0.5, 0.4), (0.5, 1.0, 0.8, -0.6))
    found = learning_times(pair, time_scale_ratio=1e-4, start=ParticleStart(width=16, seeds=1), until=3.0)
    late, usual = float(found.learning_time[0, 0, 3]), float(quick.mean_time[1, 3])
    assert late > 10 * usual


def test_a_target_and_an_activation_are_their_own_orthonormal_coefficients():
    pair = HermiteComponents.of(
        Target.parse("0.5 + z1 + 0.8*He2(z1)/sqrt(2) + 0.6*He3(z1)/sqrt(6)"), "He1+0.5*He2", degree=3
    )
    assert_allclose(pair.orthonormal_target, [0.5, 1.0, 0.8, 0.6], atol=1e-14)
    assert_allclose(pair.orthonormal_activation, [0, 1, 0.5 * math.sqrt(2), 0], atol=1e-14)
    assert pair.lost_target == pair.lost_activation == 0.0
    relu = HermiteComponents.of(Target.parse("abs(z1)"), "relu", degree=2)
    assert relu.lost_activation == pytest.approx(0.5 - 1 / (2 * math.pi) - 0.25 - 1 / (4 * math.pi), rel=1e-9)
    x = np.array([-1.0, 0.3])
    value, slope = pair.activation_values(x)
    assert_allclose(value, x + 0.5 * (x**2 - 1), rtol=1e-14)
    assert_allclose(slope, 1 + x, atol=1e-14)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: HermiteComponents((0.5, math.nan), (1.0,)), "found nan at order 1"),
        (lambda: HermiteComponents((), (1.0,)), "found 0 coefficients"),
        (lambda: HermiteComponents.of(Target.parse("z1*z2"), "relu"), "a function of z1 alone"),
        (lambda: ParticleStart(readout=[1.0, math.nan]), "found NaN at replicate 0, particle 1"),
        (lambda: ParticleStart(readout=[1.0], overlaps=[1.0]), "outside"),
        (lambda: ParticleStart(readout=[1.0, 2.0], overlaps=[0.1]), "found shape"),
        (lambda: learning_times(REFERENCE, time_scale_ratio=2.0), "between 0 and 1"),
        (lambda: learning_times(REFERENCE, time_scale_ratio=[0.1, 0.1]), "each ratio once"),
        (lambda: learning_times(REFERENCE, time_scale_ratio=0.1, until=0.01), "until"),
        (lambda: learning_times("z1", time_scale_ratio=0.1), "HermiteComponents"),
    ],
)
def test_bad_input_is_one_line(build, words):
    with pytest.raises(SpecError, match=words) as caught:
        build()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("ratio", [1e-300, 1e-100, 1e-30])
def test_the_closed_form_of_phase_one_tends_to_its_leading_order(ratio):
    # sqrt(eps) log(1/eps) / (4 sigma_1 phi_1), with corrections of relative order 1 / log(1/eps).
    found = first_time(REFERENCE.sigma, REFERENCE.phi, ratio, readouts(1)[0])
    leading = math.sqrt(ratio) * math.log(1 / ratio) / (4 * 0.8 * 1.0)
    assert found / leading == pytest.approx(1.0, abs=5 / math.log(1 / ratio))


def test_closed_forms_say_nan_where_there_is_nothing():
    assert math.isnan(zeroth_time(np.array([0.0, 1.0]), 0.1))
    assert math.isnan(first_time(np.array([1.0, 0.0]), np.array([1.0, 1.0]), 0.1, np.ones(3)))
    assert math.isnan(first_time(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.1, np.zeros(3)))
