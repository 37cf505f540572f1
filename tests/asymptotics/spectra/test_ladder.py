"""The ladder of the second step: listed values, closed forms, sampled means; phases of the exponents."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import giantstep as gs
from giantstep.asymptotics.spectra.activation_moments import hermite_activation
from giantstep.asymptotics.spectra.ladder import ladder
from giantstep.asymptotics.spectra.link_moments import centred_link
from giantstep.asymptotics.spectra.phases import lowest_informative_rung

from .links import ENERGIES, LINKS, activation, target

LISTED = json.loads((Path(__file__).parents[2] / "data" / "spectra_outliers.json").read_text())
CUBIC = "He1+0.2*He2+0.1*He3"


def rungs(name, sig, phi, reuse, sigma=CUBIC, phi2=None, **options):
    ratios = {"first_batch_ratio": 1 / phi, "second_batch_ratio": 1 / (phi2 or phi)}
    return ladder(
        hermite_activation(sigma), centred_link(target(name, sig)), reuse=reuse, **ratios, **options
    )


@pytest.mark.parametrize("name", LINKS)
def test_the_links_of_the_note_are_centred_expressions(name):
    link = centred_link(target(name))
    assert abs(link.mean) < 1e-12
    assert link.slope == 0 or name in ("tanh", "relu", "h1+h3")
    if name in ENERGIES:
        assert link.link_energy == pytest.approx(ENERGIES[name], abs=6e-5)


@pytest.mark.parametrize("row", LISTED["B_W2_uniform_a"], ids=lambda row: f"{row['link']}-{row['reuse']}")
def test_listed_alignments_of_the_effective_ladder(row):
    found = rungs(row["link"], row["sig"], 0.4, row["reuse"], activation(row["act"]))
    np.testing.assert_allclose(found.alignments, row["theory_cos2_q"], rtol=1e-4, atol=6e-6)
    span = found.along @ np.linalg.pinv(found.gram, rcond=1e-12) @ found.along
    assert span == pytest.approx(row["theory_span_cos2"], rel=1e-4)


@pytest.mark.parametrize("form", ["naive", "effective"])
def test_the_listed_table_of_both_ladders_over_batch_sizes(form):
    key = {"naive": "naive", "effective": "effective_act"}[form]
    for row in LISTED["B_kstar_even_table"]["table"]:
        found = rungs(row["link"], row["sig"], row["phi"], row["reuse"], form=form)
        np.testing.assert_allclose(found.alignments, row[key], atol=6e-5)


@pytest.mark.parametrize("row", LISTED["B_qk_alignment_naive_vectors"], ids=lambda row: f"{row['link']}")
def test_listed_alignments_of_the_naive_vectors_up_to_rung_three(row):
    quartic = "He1+He2+He3+He4"
    found = rungs(row["link"], row["sig"], row["d"] / row["n"], row["reuse"], quartic, form="naive")
    np.testing.assert_allclose(found.alignments, row["theory"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("row", LISTED["B_fresh_unequal_batches"], ids=lambda row: row["link"])
def test_listed_alignments_with_unequal_batches(row):
    phi1, phi2 = row["d"] / row["n1"], row["d"] / row["n2"]
    found = rungs(row["link"], 0.2, phi1, False, phi2=phi2, form="naive")
    np.testing.assert_allclose(found.alignments, row["theory"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["tanh", "relu", "h1+h3", "ie2mix"])
def test_closed_forms_of_the_naive_rung_one(name):
    """tau_1 and |q_1|^2 of theory note 40, B.4, from moments by an independent quadrature."""
    sig, phi1, phi2 = 0.3, 0.4, 0.7
    t = np.linspace(-10, 10, 200001)
    w = np.exp(-t * t / 2) / math.sqrt(2 * math.pi) * (t[1] - t[0])
    s = target(name)(t[:, None])
    cs1, cs2 = (w * t * s).sum(), (w * (t * t - 1) * s).sum() / 2
    energy = (w * s * s).sum() + sig**2
    ty2 = (w * t * (s * s + sig**2)).sum()
    factor = 2 * 0.2
    fresh = rungs(name, sig, phi1, False, phi2=phi2, form="naive")
    assert fresh.along[2] == pytest.approx(factor * 2 * cs1 * cs2, abs=1e-7)
    rest = phi2 * (cs1**2 * (w * t * t * (s * s + sig**2)).sum() + phi1 * energy**2)
    mu = (w * s).sum()  # E[w h_1] / (phi1 E2) = E y = 0
    assert abs(mu) < 1e-7
    norm = factor**2 * ((2 * cs1 * cs2) ** 2 + rest)
    assert fresh.gram[2, 2] == pytest.approx(norm, rel=1e-7)
    kept = rungs(name, sig, phi1, True, form="naive")
    assert kept.along[2] == pytest.approx(factor * (phi1 * ty2 + 2 * cs1 * cs2), abs=1e-7)


def test_the_effective_ladder_agrees_with_sampling_its_definition():
    """Rung 2 on a reused batch, by Monte Carlo over z, zeta, w, eps and t in 25 independent runs."""
    sigma, name, phi, sig = "He1+0.5*He2+0.25*He3", "ie2mix", 0.5, 0.3
    found, moments = rungs(name, sig, phi, True, sigma), hermite_activation(sigma)
    energy = centred_link(target(name, sig)).energy
    rng, runs = np.random.default_rng(0), []
    for _ in range(25):
        t, w = rng.standard_normal(1500), math.sqrt(phi * energy) * rng.standard_normal(1500)
        y = target(name)(t[:, None]) + sig * rng.standard_normal(1500)
        z = rng.standard_normal(1500)
        zeta = math.sqrt(phi * energy * moments.slope_rest) * rng.standard_normal(1500)
        slope, third = 1 + z + 0.75 * (z * z - 1), 1.5
        h2 = y * 0.5 * (third * (phi * np.multiply.outer(y, slope) + w[:, None] + zeta) ** 2).mean(1)
        mu = (w * h2).mean() / (phi * energy) + (y * h2).mean() / energy
        rest = phi * ((h2 * h2).mean() - (y * h2).mean() ** 2 / energy)
        runs.append([(t * h2).mean(), (t * h2).mean() ** 2 + phi * energy * mu**2 + rest])
    values = np.array(runs)
    z_scores = (values.mean(0) - [found.along[3], found.gram[3, 3]]) / (values.std(0, ddof=1) / 5)
    assert np.abs(z_scores).max() < 3


@pytest.mark.parametrize(("name", "sig"), [("tanh", 0.3), ("relu", 0.3), ("ie2mix", 0.1)])
@pytest.mark.parametrize("reuse", [False, True])
def test_alignments_of_the_naive_vectors_agree_with_drawing_them(name, sig, reuse):
    """q_k = (1/n) X^T (y kappa^k) from whole batches, 12 seeds; zeros are of order 1/d at finite size."""
    n, d, runs = 1200, 600, []
    link = target(name, sig)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        batches = []
        for _ in range(1 if reuse else 2):
            x = rng.standard_normal((n, d))
            batches.append((x, link(x[:, :1]) + sig * rng.standard_normal(n)))
        (x1, y1), (x2, y2) = batches[0], batches[-1]
        kappa = x2 @ (x1.T @ y1) / n
        q = [x2.T @ (y2 * kappa**k) for k in range(3)]
        runs.append([one[0] ** 2 / (one @ one) for one in q])
    theory = rungs(name, sig, d / n, reuse, form="naive").alignments
    mean, error = np.mean(runs, 0), np.std(runs, 0, ddof=1) / math.sqrt(12)
    zero = theory == 0
    assert (mean[zero] < 20 / d).all()
    z = ((mean - theory) / error)[~zero]
    assert z.size == 0 or math.sqrt(np.mean(z**2)) < 2


def test_a_reused_batch_repeats_the_first_direction():
    found = rungs("tanh", 0.2, 0.4, True)
    np.testing.assert_allclose(found.gram[0], found.gram[1], rtol=1e-12)
    assert np.linalg.matrix_rank(found.gram, tol=1e-9) == 3


def test_rungs_vanish_with_the_activations_constants():
    assert rungs("tanh", 0.0, 0.4, True, "He1+0.05*He3").missing.tolist() == [False, True, False]
    assert rungs("tanh", 0.0, 0.4, True, "tanh").missing.tolist() == [False, True, False]
    assert rungs("tanh", 0.0, 0.4, False, "He1+0.2*He2").missing.tolist() == [False, False]
    assert rungs("tanh", 0.0, 0.4, False, "gelu").missing.tolist() == [False, False, True]
    # c3 = 0, but with a reused batch E[sigma''' sigma'^i] is what counts
    assert rungs("tanh", 0.0, 0.4, True, "gelu").missing.tolist() == [False, False, False]
    assert len(rungs("tanh", 0.0, 0.4, True, "identity").missing) == 1


@pytest.mark.parametrize(("name", "fresh", "kept"), LISTED["B_kstar_even_table"]["kstar"])
def test_the_lowest_informative_rung_of_the_links(name, fresh, kept):
    link = centred_link(target(name))
    assert lowest_informative_rung(link, False) == fresh
    assert lowest_informative_rung(link, True) == kept


def test_the_listed_phase_points():
    cache = {}
    for row in LISTED["B_phase_diagram_asymptotic"]:
        key = (row["link"], row["reuse"])
        found = cache.setdefault(
            (*key, row["alpha1"], row["alpha2"]),
            gs.predict.outlier_phases(
                target(row["link"]),
                CUBIC,
                first_exponent=row["alpha1"],
                second_exponent=row["alpha2"],
                reuse=row["reuse"],
            ),
        )
        assert int(found.outlier_count) == row["n_out"]
        assert int(found.uncapped_count) == row["full_count"]
        assert np.flatnonzero(found.present).tolist() == row["spikes"]
        assert np.flatnonzero(found.informative).tolist() == row["informative"]
        assert int(found.attrs["lowest_informative_rung"]) == (-1 if row["kstar"] is None else row["kstar"])


def test_boundaries_are_exact_for_every_decimal_grid():
    """Against fractions: alpha2 = k (1/2 - alpha1) is neither present nor lost."""
    from fractions import Fraction

    grid = np.arange(0, 50) / 100
    found = gs.predict.outlier_phases(
        target("tanh"), "He1+He2+He3+He4", first_exponent=grid, second_exponent=grid
    )
    for i in range(50):
        for j in range(50):
            one, two = Fraction(i, 100), Fraction(j, 100)
            gap = Fraction(1, 2) - one
            assert int(found.floor[i, j]) == two // gap
            strict = sum(1 for k in range(1, 60) if two > k * gap)
            assert int(found.uncapped_count[i, j]) == 1 + strict
            present = [max(one, two) > 0] + [two > k * gap for k in (1, 2, 3)]
            assert found.present[i, j].values.tolist() == present
            assert found.on_boundary[i, j].values.tolist()[1:] == [two == k * gap for k in (1, 2, 3)]


def test_even_targets_are_silent_and_say_why():
    for reuse in (False, True):
        found = gs.predict.outlier_phases(
            target("ie2even"), CUBIC, first_exponent=0.45, second_exponent=0.4, reuse=reuse
        )
        assert int(found.outlier_count) == 3
        assert int(found.informative_count) == 0
        assert "the target is even" in found.attrs["notes"]
        assert "generative exponent is 2" in found.attrs["notes"]
    fresh = gs.predict.outlier_phases(target("h3clip"), CUBIC, first_exponent=0.4, second_exponent=0.4)
    assert "a reused batch shows it from rung 2 on" in fresh.attrs["notes"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first_exponent": 0.5}, "first_exponent: found 0.5, expected exponents from 0 to below 0.5"),
        ({"second_exponent": -0.1}, "second_exponent: found -0.1"),
        ({"second_exponent": [0.1, math.nan]}, "second_exponent: found nan"),
        ({"activation": "He2+He3"}, "activation: found c_1 = E sigma' = 0 of 'He2+He3'"),
        ({"target": gs.Target.parse("z1*z2")}, "expected rank 1"),
        ({"target": gs.Target.parse("z1**2")}, "labels of mean 1, expected E y = 0"),
    ],
)
def test_bad_phases_are_refused_in_one_line(change, words):
    given = {"target": target("tanh"), "activation": CUBIC, "first_exponent": 0.3, "second_exponent": 0.3}
    with pytest.raises(gs.SpecError) as error:
        gs.predict.outlier_phases(**(given | change))
    assert words in str(error.value)
    assert "\n" not in str(error.value)
