"""Spikes of the features after one step: the listed points, limits, and answers to absurd questions."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tests.asymptotics.spike_points import DATA, FULL, SURROGATES, activation, predicted, target

from giantstep import CapabilityError, Network, SpecError, Target
from giantstep import asymptotics as predict
from giantstep.asymptotics.spectra.link_moments import centred_link

LISTED = 1e-4
COLUMNS = {
    "m1": "m1",
    "m2": "m2",
    "delta": "delta",
    "beta2": "gradient_square",
    "rho2": "gradient_alignment",
    "V": "row_variance",
    "tr0": "initial_train_loss",
    "te0": "initial_test_error",
}
"""Listed name -> variable of one number; gains and singular values are two each."""


def spikes(**changes):
    settings = dict(
        target=Target.parse("z1 + 0.5*He2(z1)", noise=0.09),
        network="He1 + 0.5*He2",
        dimension=800,
        sample_ratio=2.0,
        width_ratio=1.4,
        step_exponent=0.3,
        ridge=0.7,
    )
    return predict.spikes(**(settings | changes))


def compare_with_listed(found, listed, root):
    for column, name in COLUMNS.items():
        assert float(found[name]) == pytest.approx(listed[column], rel=LISTED), column
    if listed["dtr2"] > listed["dtr1"]:  # K = fac from what the second spike adds in the limit
        added = float(found.train_improvement_limit[1] - found.train_improvement_limit[0])
        cs2 = float(centred_link(Target.parse(found.attrs["target"])).coefficients[2])
        lam = (
            found.attrs["ridge"]
            * found.attrs["width"]
            / (found.attrs["sample_ratio"] * found.attrs["dimension"])
        )
        known = added / (lam * cs2**2 * float(found.gradient_alignment) ** 2 * float(found.m1))
        assert known == pytest.approx(listed["fac"], rel=LISTED)
    for place in (0, 1):
        gains = {"dtr": "train_improvement_limit", "dte": "test_improvement_limit"}
        gains |= {"fdtr": "train_improvement", "fdte": "test_improvement"}
        for column, name in gains.items():
            expected = listed[f"{column}{place + 1}"]
            assert float(found[name][place]) == pytest.approx(expected, rel=LISTED), column
        leading = root * float(found["leading_value"][place])
        assert leading == pytest.approx(listed[f"sv{place + 1}"], rel=LISTED)


@pytest.mark.parametrize("name", FULL)
def test_the_theory_with_the_variance_term_is_the_listed_one(name):
    row = FULL[name]
    compare_with_listed(predicted(row), row["theory"], math.sqrt(row["n"]))


@pytest.mark.parametrize("name", FULL)
def test_the_leading_form_is_the_listed_one(name):
    row = FULL[name]
    compare_with_listed(predicted(row, form="leading"), row["theory_noV"], math.sqrt(row["n"]))


@pytest.mark.parametrize("name", FULL)
def test_the_dressed_improvements_are_the_listed_ones(name):
    row, found = FULL[name], predicted(FULL[name])
    for place in (0, 1):
        for part in ("train", "test"):
            expected = row["theory_renorm"][f"fd{part[:2]}{place + 1}"]
            value = float(found[f"{part}_improvement_dressed"][place])
            assert value == pytest.approx(expected, rel=LISTED)


@pytest.mark.parametrize("row", DATA["A_F_outlier_BBP"], ids=lambda row: f"{row['tag']}-{row['n']}")
def test_the_exact_outliers_are_the_listed_ones(row):
    found = predicted(FULL[f"{row['tag']}-{row['n']}"]).sel(spike_order=row["k"])
    names = ("singular_value", "left_alignment", "right_alignment")
    values = [float(found[name]) for name in names]
    np.testing.assert_allclose(values, row["pred"], rtol=LISTED)
    assert found.spike_status == "outlier"


@pytest.mark.parametrize("name", SURROGATES)
def test_the_losses_of_the_surrogates_are_the_listed_ones(name):
    row = SURROGATES[name]
    full, leading = predicted(row), predicted(row, form="leading")
    found = {"F0+s1": (full, 1), "F0+s1+s2": (leading, 2), "F0+s1+s2+V": (full, 2)}
    for kind, (theory, order) in found.items():
        at = theory.sel(spike_order=order)
        values = [float(at.train_improvement), float(at.test_improvement)]
        np.testing.assert_allclose(values, row["theory"][kind], rtol=LISTED)


def test_with_an_intercept_the_variance_term_drops_out_and_more_is_learnt():
    listed = DATA["A_intercept_check"]
    row = dict(act="He[0.0, 1.0, 0.5]", cs1=1, cs2=0.5, sig=0.3, n=1000, d=500, N=700, lam=0.5, eta=40.0)
    plain, centred = predicted(row), predicted(row, intercept=True)
    without = predicted(row, intercept=True, form="leading")
    gains = centred.train_improvement
    np.testing.assert_allclose(gains, [listed["th_l1"], listed["th_l2_K2"]], rtol=LISTED)
    assert float(plain.train_improvement[1]) == pytest.approx(listed["th_l2_nointercept"], rel=LISTED)
    for name in ("train_improvement", "test_improvement", "singular_value"):
        np.testing.assert_allclose(centred[name], without[name], rtol=1e-13)


@pytest.mark.parametrize("kind", ["", "_limit"])
def test_test_errors_are_the_derivative_of_train_losses_over_the_square_of_the_trace(kind):
    # generalised cross-validation: L_te = n y.R^2 y/(tr R)^2, L_tr = lam y.R y, so L_te = -(L_tr/lam)'/m1^2
    step = 1e-4
    low, here, high = (spikes(ridge=0.7 * (1 + s)) for s in (-step, 0.0, step))
    lam = 0.7 * 1120 / 1600

    def slope(name):
        return (high[name] / (1 + step) - low[name] / (1 - step)) / lam / (2 * step * lam)

    error = -slope("initial_train_loss") / here.m1**2
    assert float(here.initial_test_error) == pytest.approx(float(error), rel=1e-6)
    gains = -slope(f"train_improvement{kind}") / here.m1**2
    np.testing.assert_allclose(here[f"test_improvement{kind}"], gains, rtol=1e-6)


def test_improvements_reach_their_limits_like_the_inverse_square_of_the_step():
    rates = np.array([1e2, 1e3, 1e4])
    found = spikes(step_exponent=None, learning_rate=rates)
    for part in ("train", "test"):
        gaps = 1 - found[f"{part}_improvement"] / found[f"{part}_improvement_limit"]
        assert np.all(np.abs(gaps.sel(spike_order=1)) * rates**2 < 20)
        np.testing.assert_allclose(gaps[0, 0] / gaps[1, 0], 100, rtol=0.05)
        assert np.all(np.abs(gaps[-1]) < 1e-6)


def test_cosines_of_overwhelming_spikes_stay_cosines():
    found = spikes(step_exponent=None, learning_rate=[1e4, 1e8, 1e12])
    for name in ("left_alignment", "right_alignment"):
        assert (found[name] <= 1).all()
        assert (found[name] > 0.999).all()


def test_strong_spikes_sit_where_leading_order_puts_them():
    found = spikes(step_exponent=None, learning_rate=[30.0, 1e3])
    ratio = found.singular_value / found.leading_value - 1
    assert np.all(np.abs(ratio[1]) < 1e-4)
    assert np.all(np.abs(ratio[1]) < np.abs(ratio[0]))
    np.testing.assert_allclose(found.left_alignment[1], 1, atol=1e-3)


@pytest.mark.parametrize("changes", [dict(network="He1 + 1e-5*He2"), dict(first_batch_ratio=1e5)])
def test_without_row_variance_both_forms_are_one(changes):
    full, leading = spikes(**changes), spikes(**changes, form="leading")
    assert float(full.row_variance) < 2e-5
    for name in ("singular_value", "train_improvement", "test_improvement_limit"):
        np.testing.assert_allclose(full[name], leading[name], rtol=5e-5)


def test_a_weak_step_has_no_outlier_and_says_so():
    found = spikes(step_exponent=None, learning_rate=[0.5, 1.5, 6.0])
    assert found.spike_status.values.tolist() == [
        ["in_bulk", "in_bulk"],
        ["outlier", "in_bulk"],
        ["outlier", "outlier"],
    ]
    assert float(found.singular_value[0, 0]) == float(found.edge[0])
    assert not found.left_alignment[0].values.any()
    assert set(found.status.values) == {"converged"}
    assert float(found.train_improvement[0, 0]) > 0  # an invisible spike is still worth something


def test_no_gain_is_zero_and_not_minus_zero():
    found = spikes(target=Target.parse("He2(z1)"))
    for part in ("train", "test"):
        gain = float(found[f"{part}_improvement"][0])
        assert (gain, math.copysign(1, gain)) == (0.0, 1.0)


def test_an_outlier_leaves_the_bulk_continuously():
    rates = np.linspace(0.6, 2.0, 300)
    first = spikes(step_exponent=None, learning_rate=rates).sel(spike_order=1)
    visible = (first.spike_status == "outlier").values
    assert 0 < visible.argmax() < len(rates) - 1
    assert visible[visible.argmax() :].all()
    assert np.abs(np.diff(first.singular_value)).max() < 0.02
    assert float(first.left_alignment[visible.argmax()]) < 0.05
    assert np.all((first.left_alignment >= 0) & (first.left_alignment <= 1))


@pytest.mark.parametrize(
    ("name", "exponent", "orders"),
    [
        ("He1+0.5*He2", 0.0, ""),
        ("He1+0.5*He2", 0.15, "1"),
        ("He1+0.5*He2", 0.25, "1"),
        ("He1+0.5*He2", 0.3, "1,2"),
        ("He1+0.5*He2", 0.45, "1,2"),
        ("tanh", 0.3, "1"),
        ("tanh", 0.4, "1,3"),
        ("relu", 0.36, "1,2"),
        ("He1+He2+He3", 0.36, "1,2,3"),
    ],
)
def test_spikes_are_counted_from_the_exponent_without_vanishing_orders(name, exponent, orders):
    found = spikes(network=name, step_exponent=exponent)
    assert str(found.growing_orders.values) == orders
    assert int(found.spike_count) == (len(orders.split(",")) if orders else 0)


def test_the_readout_law_enters_through_its_fourth_moment():
    rows = [
        spikes(network=Network(1120, "He1+0.5*He2", readout=readout, symmetric=False), width_ratio=None)
        for readout in ("gaussian", "uniform", "rademacher")
    ]
    leading = np.array([float(row.leading_value[1]) for row in rows])
    np.testing.assert_allclose((leading / leading[0]) ** 2, [1, 0.6, 1 / 3], rtol=1e-12)
    np.testing.assert_array_equal(rows[0].singular_value, spikes().singular_value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (dict(), "variance term inside"),
        (dict(form="leading"), "variance term left out"),
        (dict(network="He0 + He1 + 0.5*He2"), "features are centred: E sigma = 1 is taken off"),
        (dict(network="He0 + He1 + 0.5*He2", intercept=True), "K = 2"),
        (dict(network="tanh"), "no spike of order 2"),
        (dict(network="tanh(z+.6)", step_constant=2.0), "over-predicts"),
        (dict(step_exponent=0.4), "spurious singular values"),
        (dict(network="He1+He2"), "match spikes by left alignment"),
        (dict(network="He1+He2+He3", step_exponent=0.4), "order 3 and above"),
        (dict(dimension=100), "eta^2/N above 0.1"),
        (dict(dimension=100), "left vectors mix"),
        (dict(target=Target.parse("He3(z1)")), "knows nothing of the teacher"),
        (dict(target=Target.parse("He3(z1)")), "heavy tails"),
        (dict(target=Target.parse("z1"), dimension=10), "small batch"),
        (dict(network="tanh(z+.6)", step_exponent=0.49), "order above 16"),
        (dict(), "10 to 20 %"),
        (dict(), "heuristic"),
    ],
)
def test_what_is_outside_the_theory_is_said(changes, said):
    notes = json.loads(spikes(**changes).attrs["notes"])
    assert any(said in note for note in notes), notes


def test_what_does_not_apply_is_not_said():
    notes = " ".join(json.loads(spikes(step_exponent=0.1).attrs["notes"]))
    for word in (
        "heavy",
        "knows nothing",
        "above 16",
        "spurious",
        "ranks above",
        "over-predicts",
        "order 3",
        "c_2 = 0",
    ):
        assert word not in notes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(step_exponent=0.5), "step_exponent: found 0.5, expected exponents from 0 to below 0.5"),
        (dict(step_exponent=-0.1), "step_exponent: found -0.1"),
        (dict(step_exponent=math.nan), "step_exponent: found nan"),
        (dict(step_exponent="a"), "step_exponent: found 'a'"),
        (dict(learning_rate=1.0), "not both"),
        (dict(step_exponent=None), "either step_exponent"),
        (dict(step_constant=0.0), "step_constant: found 0"),
        (dict(network="He2"), "c_1 = E sigma' = 0"),
        (dict(network="He3"), "c_1 = E sigma' = 0"),
        (dict(width_ratio=0.004), "width: found 3 neurons, expected at least 4"),
        (dict(width_ratio=None), "width_ratio: found none"),
        (dict(ridge=0.0), "ridge: found 0, expected finite numbers > 0"),
        (dict(dimension=1), "dimension: found 1"),
        (dict(dimension=10**400), "expected a whole number from 2 to 1e12"),
        (dict(sample_ratio=[1.0, 2.0]), "sample_ratio: found 2 numbers, expected one"),
        (dict(sample_ratio=1e300), "sample_ratio: found 1e.300, expected a number from"),
        (dict(ridge=[0.1, 0.2]), "ridge: found 2 numbers"),
        (dict(ridge=1e-300), "ridge: found 1e-300"),
        (dict(step_constant=1e300), "step_constant: found 1e.300"),
        (dict(step_exponent=None, learning_rate=1e100), "learning_rate: found 1e.100, expected at most"),
        (dict(network="1e9*z"), "activation: found E sigma'.2 = 1e.18"),
        (dict(intercept="no"), "intercept: found 'no'"),
        (dict(target=Target.parse("z1", noise=1e300)), "labels of variance 1e.300"),
        (dict(network="0*z"), "c_1 = E sigma' = 0"),
        (dict(sample_ratio=-1), "sample_ratio: found -1"),
        (dict(form="ful"), "did you mean 'full'"),
        (dict(target=Target.parse("z1*z2")), "expected rank 1"),
        (dict(target=Target.parse("z1 + z1**2")), r"labels of mean 1, .*Write 'z1 \+ z1\*\*2 - 1'"),
        (dict(first_batch_ratio=1e-6), "at least one sample"),
        (dict(network=Network(8, symmetric=False)), "leave it out"),
    ],
)
def test_absurd_questions_get_one_line(changes, message):
    with pytest.raises(SpecError, match=message) as caught:
        spikes(**changes)
    assert "\n" not in str(caught.value)


def test_paired_neurons_are_refused():
    with pytest.raises(CapabilityError, match=r"symmetric=True.*Use symmetric=False"):
        spikes(network=Network(8, "relu", readout="gaussian"), width_ratio=None)


def test_listed_points_are_all_reached():
    assert len(FULL) == 12
    assert len(SURROGATES) == 3
    assert {activation(row) for row in FULL.values()} == {
        "1.0*He1+0.5*He2",
        "1.0*He1+1.0*He2",
        "tanh(z + 0.6)",
    }
    assert target(FULL["P_l1-800"]).noise == pytest.approx(0.09)
