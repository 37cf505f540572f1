"""Laws of `compare`: the verdict on synthetic data is the one that was put in."""

import json

import numpy as np
import pytest
import xarray as xr

import giantstep as gs
from giantstep.climb import overlap_samples
from giantstep.comparison import compare
from giantstep.errors import SpecError
from giantstep.significance import equivalent_z, needed_t, needed_z
from giantstep.verdict import climb
from tests.synthetic import overlaps, theory

E1, E2, E3 = [1, 0, 0], [0, 1, 0], [0, 0, 1]
ONE = theory([], [E1])
TWO = theory([], [E1, E2])


def test_a_true_prediction_agrees():
    answer = compare(TWO, overlaps([0.3, 0.02, 0.0]))
    assert answer.verdict == "agrees"
    assert [one.predicted_step for one in answer.directions] == [1, 1, None]
    assert answer.directions[1].level > 100


def test_learning_against_the_prediction_disagrees_and_says_where():
    answer = compare(ONE, overlaps([0.3, 0.02, 0.0]))
    assert answer.verdict == "disagrees"
    assert answer.reason.startswith("(0, 1, 0) is learnt against the prediction")


def test_a_predicted_direction_that_fades_disagrees():
    answer = compare(TWO, overlaps([0.3, 0.0, 0.0]))
    assert answer.verdict == "disagrees"
    assert "fades as d grows" in answer.reason


def test_nothing_predicted_and_nothing_learnt_agrees():
    assert compare(theory([[0, 0]], [[0, 0]]) * 0, overlaps([0.0, 0.0])).verdict == "agrees"


def test_a_weak_direction_is_not_resolved_and_names_a_batch():
    data = overlaps([0.3, 0.4, 0.0], slopes={1: -0.5}, seed=1)
    answer = compare(TWO, data)
    assert answer.verdict == "not resolved"
    assert "(0, 1, 0)" in answer.reason


def test_the_batch_that_would_resolve_does_resolve():
    few = overlaps([0.3, 0.0], dimensions=(1000, 2000), seeds=(4, 4), seed=3)
    answer = compare(theory([], [[1, 0]]), few)
    assert answer.verdict == "not resolved"
    needed = int(answer.resolving_batch / 2)
    assert 2000 < needed < 10**9
    more = overlaps([0.3, 0.0], dimensions=(1000, 2000, 10 * needed), seeds=(4, 4, 4), seed=3)
    assert compare(theory([], [[1, 0]]), more).verdict == "agrees"


def test_one_dimension_gives_no_slope_and_is_not_resolved():
    answer = compare(ONE, overlaps([0.3, 0.0, 0.0], dimensions=(1000,), seeds=(8,)))
    assert answer.verdict == "not resolved"
    assert answer.reason == "one dimension gives no slope; measure at another dimension too"
    assert answer.resolving_batch == 20000


def test_one_seed_gives_no_standard_error_and_is_not_resolved():
    answer = compare(ONE, overlaps([0.3, 0.0, 0.0], seeds=(1, 1, 1, 1)))
    assert answer.verdict == "not resolved"
    assert "one seed" in answer.reason


def test_data_that_all_diverged_are_not_resolved():
    answer = compare(ONE, overlaps([0.3, 0.0, 0.0]) * np.nan)
    assert answer.verdict == "not resolved"
    assert "diverged" in answer.reason


V, W = np.array([4, 1]) / np.sqrt(17), np.array([1, -4]) / np.sqrt(17)


def learnt_along_v():
    """Neurons learnt (4, 1) only, in two steps."""
    data = overlaps([0.5, 0.0])
    rotated = data.assign(overlaps=data.overlaps.copy(data=data.overlaps.values @ np.array([V, W])))
    return rotated.isel(step=[0, 1, 1])


def test_each_steps_gain_is_judged_apart_from_what_was_known():
    # The axis z2 overlaps with (4, 1), so only (1, -4) may decide whether step 2 gained something.
    assert compare(theory([], [V], [V]), learnt_along_v()).verdict == "agrees"
    answer = compare(theory([], [V], [V, W]), learnt_along_v())
    assert answer.verdict == "disagrees"
    assert abs(answer.directions[1].vector @ W) == pytest.approx(1)


def test_the_weakest_direction_of_a_joint_gain_decides():
    answer = compare(theory([], [V, W], [V, W]), learnt_along_v())
    assert answer.verdict == "disagrees"
    assert abs(answer.directions[1].vector @ W) > 0.99


def test_the_false_alarm_rate_is_small():
    verdicts = [compare(ONE, overlaps([0.1, 0.0, 0.0], seed=seed)).verdict for seed in range(60)]
    assert "disagrees" not in verdicts
    assert verdicts.count("agrees") > 50


@pytest.mark.parametrize("shared", [False, True])
def test_slope_z_scores_are_calibrated_with_and_without_shared_seeds(shared):
    z = []
    for seed in range(150):
        generator = np.random.default_rng(seed)
        dimensions, seeds = np.array([1e3, 1e4, 1e5, 1e6]), (8, 8, 8, 2)
        logs = -0.5 * np.log(dimensions)[:, None] + 0.3 * generator.standard_normal((4, 8))
        logs += shared * 2.0 * generator.standard_normal(8)
        for j, count in enumerate(seeds):
            logs[j, count:] = np.nan
        m = np.exp(logs / 2)[:, :, None, None, None]
        data = xr.Dataset(
            {
                "overlaps": (("dimension", "replicate", "step", "neuron", "direction"), m),
                "self_overlaps": (
                    ("dimension", "replicate", "step", "neuron", "neuron_other"),
                    m**2 + 1,
                ),
            },
            {"dimension": dimensions},
        )
        z.append(climb(np.ones((1, 1, 1)), data)[0][0].slope_z)
    assert 0.85 < np.std(z) < 1.15
    assert abs(np.mean(z)) < 0.25


def test_the_linear_part_of_preprocessing_counts_as_learnt_and_neurons_are_cleared_of_it():
    # Neurons carry nothing but the linear part along z1; cleared of it they hold no overlap at all.
    data = overlaps([0.0, 0.0])
    m, gram = data.overlaps.values.copy(), data.self_overlaps.values.copy()
    m[:, :, 1, :, 0] += 0.7
    gram[:, :, 1] += 0.49
    lead = data.overlaps.values[:, :, :, 0, 0] * 0
    energy = np.where(np.arange(2) == 1, 1.0, np.nan) + lead
    linear = np.stack([energy, 0 * energy], axis=-1)
    neurons = np.where(np.arange(2)[:, None] == 1, m[..., 0], np.nan)
    data = data.assign(
        overlaps=data.overlaps.copy(data=m),
        self_overlaps=data.self_overlaps.copy(data=gram),
        linear_energy=(("dimension", "replicate", "step"), energy),
        linear_overlaps=(("dimension", "replicate", "step", "direction"), linear),
        linear_neurons=(("dimension", "replicate", "step", "neuron"), neurons),
    )
    answer = compare(theory([], [[1, 0]]), data)
    assert answer.directions[0].verdict == "agrees"
    assert answer.verdict == "agrees"


def test_z_scores_of_a_right_theory_are_about_one_for_any_number_of_seeds():
    generator = np.random.default_rng(5)
    truth = xr.Dataset({"overlaps": (("step", "neuron"), generator.standard_normal((40, 50)))})
    for seeds in (2, 3, 12):
        noise = generator.standard_normal((seeds, 40, 50))
        data = xr.Dataset({"overlaps": (("replicate", "step", "neuron"), truth.overlaps.values + noise)})
        answer = compare(truth, data)
        assert answer.verdict == "agrees"
        assert answer.scores["overlaps"]["rms_z"] == pytest.approx(1.0, abs=0.06)
    assert compare(truth + 3.0, data).verdict == "disagrees"


def test_z_scores_skip_entries_without_spread_and_align_by_label():
    data = xr.Dataset(
        {"overlaps": (("replicate", "step"), [[1.0, 0.1, 5.0], [1.0, 0.3, 6.0], [1.0, 0.2, 7.0]])},
        {"step": [0, 1, 2]},
    )
    truth = xr.Dataset({"overlaps": ("step", [0.21, 1.0])}, {"step": [1, 0]})
    answer = compare(truth, data)
    assert answer.scores["overlaps"]["entries"] == 1
    assert answer.verdict == "agrees"


def test_one_seed_cannot_be_scored():
    data = xr.Dataset({"overlaps": (("replicate", "step"), [[1.0, 0.1]])})
    answer = compare(data.isel(replicate=0), data)
    assert answer.verdict == "not resolved"
    json.dumps(answer.to_dict(), allow_nan=False)


def test_answers_hold_no_nan_in_json():
    for data in (overlaps([0.3, 0.0, 0.0]), overlaps([0.3, 0.0, 0.0], seeds=(1, 1, 1, 1))):
        text = json.dumps(compare(ONE, data).to_dict(), allow_nan=False)
        assert json.loads(text)["directions"][0]["vector"] == [1, 0, 0]


def test_bad_input_is_named():
    data = overlaps([0.3, 0.0])
    with pytest.raises(SpecError, match="found a int as theory, expected a Certificate or a Dataset"):
        compare(1, data)
    with pytest.raises(SpecError, match="theory has 3 directions, data has 2"):
        compare(ONE, data)
    with pytest.raises(SpecError, match="none is in both"):
        compare(xr.Dataset({"other": 1.0}), data)
    with pytest.raises(SpecError, match="neither a 'dimension' axis nor the attribute"):
        compare(theory([], [[1, 0]]), data.isel(dimension=0, drop=True))


def test_weights_of_a_users_own_training_are_judged_like_simulations():
    generator = np.random.default_rng(0)
    runs = []
    for d in (500, 5000):
        layers = generator.standard_normal((6, 2, 4, d)) / np.sqrt(d)
        layers[:, 1, :, 0] += 0.5
        runs.append(gs.measure(layers, np.eye(2, d)))
    axis = xr.DataArray([500, 5000], dims="dimension", name="dimension")
    data = xr.concat(runs, dim=axis, combine_attrs="drop")
    answer = compare(theory([], [[1, 0]]), data)
    assert answer.directions[0].verdict == "agrees"


def test_few_seeds_need_more_standard_errors():
    assert needed_z(1) == pytest.approx(3.0)
    assert needed_t(1, 1e6) == pytest.approx(3.0, abs=1e-3)
    assert needed_t(1, 1) > 200
    assert float(equivalent_z(needed_t(5, 7), 7)) == pytest.approx(needed_z(5))
    assert np.isfinite(equivalent_z(1e9, 100))


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_few_seeds_are_judged_by_students_law(seeds):
    # The same readouts serve every dimension, so more dimensions do not add degrees of freedom to a level.
    data = overlaps([0.3, 0.0, 0.0], seeds=(seeds,) * 4)
    for sample in overlap_samples(data.isel(step=-1), np.eye(3)):
        assert sample.level()[2] == seeds - 1
    first = compare(ONE, data).directions[0]
    level, error, _ = overlap_samples(data.isel(step=-1), np.array([first.vector]))[0].level()
    assert first.level_z == pytest.approx(float(equivalent_z(level / error, seeds - 1)))
