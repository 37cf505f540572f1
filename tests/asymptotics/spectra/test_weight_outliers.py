"""`predict.outliers`: listed values, closed forms, large widths, and what it says about itself."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import giantstep as gs
from giantstep.asymptotics.spectra.activation_moments import hermite_activation
from giantstep.asymptotics.spectra.bbp import outliers_of, threshold
from giantstep.asymptotics.spectra.ladder import ladder
from giantstep.asymptotics.spectra.ladder_spikes import ladder_spikes
from giantstep.asymptotics.spectra.link_moments import centred_link
from giantstep.asymptotics.spectra.readout_moments import even_moment

from .links import activation, target

LISTED = json.loads((Path(__file__).parents[2] / "data" / "spectra_outliers.json").read_text())
CUBIC = "He1+0.2*He2+0.1*He3"
READOUTS = {"unif": "uniform", "gauss": "gaussian"}
ENSEMBLES = [(row, 1.0, 3.0, 1500) for row in LISTED["B_W2_uniform_a"]] + [
    (row, row["C1"], row["C2"], row["N"])
    for row in [one for rows in LISTED["B_W2_gauss_a"].values() for one in rows]
    + LISTED["B_three_outliers_and_std_loss"]
]


def network(width=1500, sigma=CUBIC, readout="gaussian"):
    return gs.Network(width, sigma, readout=readout, symmetric=False)


def predicted(name, sig=0.1, exponents=(0.4, 0.3), constants=(1, 3), **options):
    steps = {"batch": options.pop("batch", 2500), "reuse": options.pop("reuse", False)}
    net = network(options.pop("width", 1500), options.pop("sigma", CUBIC), options.pop("readout", "gaussian"))
    protocol = gs.Protocol.of_exponents(
        exponents, constants, loss=options.pop("loss", "correlation"), **steps
    )
    return gs.predict.outliers(
        target(name, sig), net, protocol, dimension=options.pop("dimension", 1000), **options
    )


@pytest.mark.parametrize(("row", "one", "two", "width"), ENSEMBLES)
def test_listed_singular_values_and_alignments_of_two_steps(row, one, two, width):
    sigma = {"tanh_shift0.6": "tanh(z + 0.6)"}.get(row["act"]) or activation(row["act"])
    found = predicted(
        row["link"],
        row.get("sig", 0.1),
        (row["alpha1"], row["alpha2"]),
        (one, two),
        sigma=sigma,
        width=width,
        dimension=row["d"],
        batch=row["n"],
        reuse=row["reuse"],
        readout=READOUTS[row["a_dist"]],
    )
    np.testing.assert_allclose(found.singular_value, row["theory_sv"], rtol=1e-4)
    listed = row.get("theory_cos2_right", row.get("theory_cos2"))
    np.testing.assert_allclose(found.target_alignment, listed, rtol=1e-4, atol=5e-6)
    assert int(found.outlier_count) == row["theory_count"]
    if "theory_cos2_q" in row:
        np.testing.assert_allclose(found.rung_alignment, row["theory_cos2_q"], rtol=1e-4, atol=6e-6)
    if "floor_plus1" in row:
        assert int(found["floor"]) + 1 == row["floor_plus1"]
    if "theory_span_cos2" in row:
        assert float(found.span_alignment) == pytest.approx(row["theory_span_cos2"], rel=1e-4)


@pytest.mark.parametrize("row", LISTED["B_scaling_with_N"], ids=lambda row: f"{row['link']}-{row['N']}")
def test_listed_strengths_over_the_width(row):
    width = row["N"]
    found = predicted(
        row["link"],
        width=width,
        dimension=int(2 * width / 3),
        batch=int(5 * width / 3),
        reuse=row["reuse"],
    )
    np.testing.assert_allclose(found.strength, row["theta_th"], rtol=1e-4)
    np.testing.assert_allclose(found.target_alignment, row["cos2_th"], rtol=1e-4, atol=5e-6)


@pytest.mark.parametrize("row", [row for row in LISTED["C_W1_BBP"] if not row["residual"]])
def test_listed_strengths_and_alignments_of_one_step(row):
    sigma = {"tanh_shift0.6": "tanh(z + 0.6)"}.get(row["act"]) or activation(row["act"])
    sizes = {"width": row["N"], "dimension": row["d"], "batch": row["n"]}
    found = predicted("tanh", 0.3, (0,), (row["eta"],), sigma=sigma, **sizes)
    listed = row["theory"]
    names = {
        "theta": "strength",
        "sv": "singular_value",
        "left": "left_alignment",
        "right": "right_alignment",
    }
    for column, name in (names | {"cos2_star": "target_alignment"}).items():
        # listed with four or five digits
        assert found[name].item() == pytest.approx(listed[column], rel=1e-4, abs=1e-5), column


def test_one_step_is_a_spike_of_known_strength():
    found = predicted("tanh", 0.3, (0,), (2.5,), width=2000, dimension=1500, batch=3000)
    energy = 0.6057055096**2 + 0.5 * (0.3942944904 + 0.09)
    known = outliers_of([2.5 * math.sqrt(energy)], 4 / 3)
    assert found.singular_value.item() == pytest.approx(known.singular_values[0], rel=1e-8)
    assert found.left_alignment.item() == pytest.approx(known.left[0], rel=1e-8)
    assert found.target_alignment.item() == pytest.approx(0.43317, abs=1e-5)
    assert found.rung.values.tolist() == [0]


def test_two_steps_of_order_one_merge_into_one_spike():
    """theta = (eta1 + eta2) |c1| sqrt(b2) on a reused batch (B.2), with nothing else above the bulk."""
    found = predicted(
        "tanh", 0.2, (0, 0), (1.0, 1.5), reuse=True, width=10**6, dimension=10**6, batch=2 * 10**6
    )
    energy = 0.6057055096**2 + 0.5 * (0.3942944904 + 0.04)
    assert found.strength.values[0] == pytest.approx(2.5 * math.sqrt(energy), rel=1e-5)
    assert int(found.outlier_count) == 1
    assert not found.rung_diverges.any()
    assert found.rung_on_boundary.values.tolist() == [True, False, False]


@pytest.mark.parametrize("width", [10**9, 10**15])
def test_at_large_width_strengths_are_of_leading_order_and_nothing_underflows(width):
    """theta_j ~ eta2 eta1^j N^(-j/2) sqrt(h_j) |q_j perp|, h = 1, 3, 6: squared norms of z, z^2, z^3 - 3z."""
    sigma, link = hermite_activation(CUBIC), centred_link(target("relu", 0.1))
    rungs = ladder(sigma, link, first_batch_ratio=2, second_batch_ratio=2, reuse=False)
    rates = (width**0.1, width**0.1)
    found = ladder_spikes(rungs, rates, width, lambda k: 0.0 if k % 2 else even_moment("gaussian", k // 2))
    basis = [rates[0] * sigma.slope * np.eye(4)[0] + rates[1] * np.eye(4)[1], *np.eye(4)[2:]]
    for j, norm in enumerate((1, 3, 6)):
        vector = basis[j]
        for other in basis[:j]:
            vector = vector - other * (other @ rungs.gram @ vector) / (other @ rungs.gram @ other)
        basis[j] = vector
        length = math.sqrt(norm * (vector @ rungs.gram @ vector))
        scale = rates[1] * (rates[0] / math.sqrt(width)) ** j if j else 1.0
        assert found.strengths[j] == pytest.approx(scale * length, rel=1e-6 if width > 10**10 else 1e-3)
    assert found.rungs.tolist() == [0, 1, 2]


def test_spikes_are_given_only_rungs_that_there_are():
    found = predicted("tanh", sigma="He1+0.01*He5+0.001*He8", exponents=(0.3, 0.3))
    alive = found.strength.values > 0
    assert not found.rung_missing.values[found.rung.values[alive]].any()
    assert sorted(found.rung.values[alive].tolist()) == [0, 4, 7]
    assert found.rung.values[alive & (found.target_alignment.values > 0.01)].tolist() == [0]


def test_an_activation_without_the_rung_that_sees_says_so():
    short = predicted("h3clip", sigma="He1+0.2*He2", reuse=True)
    assert "rung 2 is the first that could see the teacher" in short.attrs["notes"]
    assert "could see" not in predicted("h3clip", reuse=True).attrs["notes"]


def test_signs_as_readout_leave_two_outliers_and_say_so():
    found = predicted("tanh", exponents=(0.45, 0.4), readout="rademacher")
    assert found.strength.values[2] == 0
    assert int(found.outlier_count) <= 2
    assert "at most 2 outliers" in found.attrs["notes"]


def test_the_naive_ladder_has_the_same_scalings_and_other_constants():
    effective, naive = (predicted("ie2mix", reuse=True, ladder=form) for form in ("effective", "naive"))
    assert "simulations follow ladder='effective'" in naive.attrs["notes"]
    assert "naive" not in effective.attrs["notes"]
    assert effective.rung_diverges.equals(naive.rung_diverges)
    assert effective.rung_informative.equals(naive.rung_informative)
    assert effective.rung_alignment.values[1] > 1.2 * naive.rung_alignment.values[1]
    fresh = [predicted("relu", ladder=form).rung_alignment.values for form in ("effective", "naive")]
    np.testing.assert_allclose(fresh[0][:2], fresh[1][:2], rtol=1e-12)  # they part from rung 2 on
    assert fresh[0][2] > fresh[1][2]


def test_the_gap_between_fresh_and_reused_batches():
    for name, sigma, exponents, rung in (
        ("ie2mix", CUBIC, (0.4, 0.3), 1),
        ("h3clip", "He1+0.05*He3", (0.45, 0.3), 2),
    ):
        fresh = predicted(name, exponents=exponents, sigma=sigma)
        kept = predicted(name, exponents=exponents, sigma=sigma, reuse=True)
        assert fresh.target_alignment.values.max() < 1e-20
        assert not fresh.informative.any()
        assert "a reused batch shows it" in fresh.attrs["notes"]
        spike = int(np.flatnonzero(kept.rung == rung)[0])
        assert kept.target_alignment.values[spike] > 0.2
        assert bool(kept.informative[spike])


def test_even_targets_are_silent():
    found = predicted("ie2even", reuse=True)
    assert int(found.outlier_count) == 3
    assert found.target_alignment.values.max() == 0
    assert "even" in found.attrs["notes"]


def test_the_square_loss_of_one_step_has_its_own_outlier():
    found = predicted("tanh", 0.3, (0,), (2.5,), width=2000, dimension=1500, batch=3000, loss="square")
    assert found.singular_value.item() == pytest.approx(3.3327, rel=1e-4)
    assert np.isnan(found.left_alignment.item())
    small = predicted("tanh", 0.3, (0,), (0.75,), width=2000, dimension=1500, batch=3000, loss="square")
    assert int(small.outlier_count) == 0
    assert small.status.item() == "converged"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loss": "square"}, "the theory is for labels as gradient"),
        ({"sigma": "relu"}, "only rung 0 is predicted"),
        ({"sigma": "tanh(z + 0.6)", "exponents": (0.4, 0.3)}, "is bounded and the first step large"),
    ],
)
def test_what_is_outside_the_theory_is_said(options, words):
    found = predicted("tanh", **options)
    assert found.status.item() == "outside"
    assert words in found.attrs["notes"]
    assert found.message.item()


def test_heavy_tails_and_near_critical_spikes_are_said():
    assert "heavy tails" in predicted("h3", reuse=True).attrs["notes"]
    assert "heavy tails" not in predicted("h3clip", reuse=True).attrs["notes"]
    assert "heavy tails" in predicted("h3", 0.1, (0.3,), (3.0,), batch=1000).attrs["notes"]
    assert "small batch" in predicted("tanh", 0.1, (0.3,), (3.0,), batch=30).attrs["notes"]
    g = threshold(1.5)
    energy = 0.6057055096**2 + 0.4 * (0.3942944904 + 0.01)
    near = predicted("tanh", 0.1, (0,), (1.1 * g / math.sqrt(energy),))
    assert "near the threshold" in near.attrs["notes"]
    assert "near the threshold" not in predicted("tanh", 0.1, (0,), (5.0,)).attrs["notes"]


def test_a_swollen_bulk_is_said_with_its_size():
    """Rows gain phi E2 D (eta1^2 + eta2^2) / N of variance, (eta1 + eta2)^2 on a reused batch (B.7)."""
    rates, spread = (1500**0.4, 3 * 1500**0.3), 0.4 * (0.3942944904 + 0.01) * 0.34
    for reuse, square in ((False, rates[0] ** 2 + rates[1] ** 2), (True, (rates[0] + rates[1]) ** 2)):
        notes = predicted("tanh", reuse=reuse).attrs["notes"]
        assert f"variance of its rows by {100 * spread * square / 1500:.2g} % or more" in notes
    assert "swell" not in predicted("tanh", 0.1, (0,), (5.0,)).attrs["notes"]
    far = predicted("tanh", dimension=10**9)
    assert "outweighs them" in far.attrs["notes"]
    assert far.status.item() == "outside"


def test_what_the_exponents_leave_open_is_said():
    on = predicted("tanh", exponents=(0.3, 0.2))
    assert on.rung_on_boundary.values.tolist() == [False, True, False]
    assert "rung 1 lies on its boundary" in on.attrs["notes"]
    assert "boundary" not in predicted("tanh", exponents=(0.3, 0.21)).attrs["notes"]
    assert "do not grow with the width" in predicted("tanh", exponents=(0, 0)).attrs["notes"]


@pytest.mark.parametrize(
    ("error", "options", "words"),
    [
        (gs.SpecError, {"exponents": (0.5, 0.3)}, "learning_rate: found 0.5, expected exponents from 0 to"),
        (gs.SpecError, {"exponents": (0.3, -0.1)}, "learning_rate: found -0.1"),
        (gs.SpecError, {"sigma": "He2+0.1*He3"}, "found c_1 = E sigma' = 0 of 'He2+0.1*He3'"),
        (gs.SpecError, {"width": 3}, "width: found 3, expected a whole number from 4"),
        (gs.SpecError, {"dimension": 2}, "dimension: found 2"),
        (gs.SpecError, {"constants": (1, 1e40)}, "learning_rate: found 8.97e+40, expected at most 1e+30"),
        (gs.SpecError, {"ladder": "naif"}, "did you mean 'naive'?"),
        (gs.SpecError, {"constants": (1, 2, 3)}, "expected one a step"),
        (gs.SpecError, {"constants": (1, 0)}, "constants: found 0, expected numbers > 0"),
        (gs.SpecError, {"constants": (1, "a")}, "constants: found 'a', expected numbers"),
        (gs.SpecError, {"sig": 1e150}, "labels of variance 1e+300"),
        (gs.CapabilityError, {"readout": "constant"}, "expected gaussian, uniform, rademacher"),
        (gs.CapabilityError, {"exponents": (0.1,) * 3, "constants": (1,) * 3}, "expected one or two"),
    ],
)
def test_bad_input_is_refused_in_one_line(error, options, words):
    with pytest.raises(error) as caught:
        predicted("tanh", **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_that_are_not_centred_are_refused_with_the_remedy():
    step = gs.Protocol.of_exponents([0.4, 0.3], [1, 3], batch=2500)
    with pytest.raises(gs.SpecError, match=r"labels of mean 0\.398942.*Write 'relu\(z1\) - 0\.39894"):
        gs.predict.outliers(gs.Target.parse("relu(z1)"), network(), step, dimension=1000)
    paired = gs.Network(1500, CUBIC, readout="gaussian")
    with pytest.raises(gs.CapabilityError, match="symmetric=True"):
        gs.predict.outliers(target("tanh"), paired, step, dimension=1000)
