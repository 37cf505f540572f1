"""Features after one step by the direct engine: against whole matrices, and against the theory."""

from __future__ import annotations

import math

import numpy as np
import pytest

from giantstep import Network, SpecError, Target
from giantstep import asymptotics as predict
from giantstep.gaussian.normals import draw_normals
from giantstep.protocol import Protocol, Step
from giantstep.sizes import Size
from giantstep.streams import Role, Streams
from giantstep.training.direct import direct_layers, linear_trend
from giantstep.training.experiment import Experiment
from giantstep.training.feature_experiment import FeatureExpansion, FeatureExperiment
from giantstep.training.feature_measurement import FEATURES
from giantstep.training.feature_spectrum import CHUNK, feature_replicate, simulate_features

TARGET = Target.parse("z1 + 0.5*z1**2")
NETWORK = Network(70, "He1 + 0.5*He2 + 0.1*He0", readout="gaussian", symmetric=False)
EXPANSION = FeatureExpansion(0.1, 0.5, 1.0, 0.5, 0.75)
SIZES = dict(dimension=50, samples=100, first_batch=100, learning_rate=5.0, ridge=1.0)


def test_spikes_equal_those_of_a_plain_decomposition_of_the_whole_matrix():
    experiment = FeatureExperiment(TARGET, NETWORK, EXPANSION, **SIZES)
    found = feature_replicate(experiment, Streams(3, 1)).isel(replicate=0)
    protocol = Protocol((Step(Size.parse(100), Size.parse(5.0), loss="correlation"),))
    experiment = Experiment(TARGET.minus(0.5), NETWORK, protocol, 50, Streams(3, 1))
    start, layer = (one for one, _ in direct_layers(experiment))
    assert SIZES["samples"] <= CHUNK
    x = draw_normals(experiment.streams.generator(Role.READOUT, 1, 0), 100, 50).astype(np.float64)
    kappa = x @ linear_trend(experiment, 1)[1]
    a = experiment.draw_readout() / math.sqrt(70)

    def features(weights):
        z = x @ weights.T
        return z + 0.5 * (z * z - 1)

    whole = {
        "network": features(layer),
        "spike_1": features(start) + 5.0 * np.outer(kappa, a),
        "spikes": features(start) + 5.0 * np.outer(kappa, a) + 0.5 * 25.0 * np.outer(kappa**2 + 0.75, a * a),
    }
    for kind, matrix in whole.items():
        u, s, vt = np.linalg.svd(matrix, full_matrices=False)
        one = found.sel(features=kind)
        np.testing.assert_allclose(one.top_singular_value, s[:6] / 10, rtol=2e-5)
        for order, vector, power in ((1, kappa, a), (2, kappa**2 + 0.75, a * a)):
            at = one.sel(spike_order=order)
            place = int(at["rank"]) - 1
            assert float(at.singular_value) == pytest.approx(s[place] / 10, rel=2e-5)
            left = (u[:, place] @ vector) ** 2 / (vector @ vector)
            right = (vt[place] @ power) ** 2 / (power @ power)
            assert float(at.left_alignment) == pytest.approx(left, rel=1e-3, abs=1e-5)
            assert float(at.right_alignment) == pytest.approx(right, rel=1e-3, abs=1e-5)
    top = np.linalg.svd(features(start), compute_uv=False)[0] / 10
    assert float(found.initial_edge) == pytest.approx(top, rel=2e-5)


def test_centred_labels_do_not_know_their_mean():
    kept = simulate_features(TARGET, NETWORK, EXPANSION, seed=3, **SIZES)
    other = FeatureExpansion(0.1, 0.0, 1.0, 0.5, 0.75)
    centred = Target.parse("z1 + 0.5*He2(z1)")
    again = simulate_features(centred, NETWORK, other, seed=3, **SIZES)
    for name in ("singular_value", "train_loss", "test_error"):
        np.testing.assert_allclose(kept[name], again[name], rtol=1e-4)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    one, two = (
        simulate_features(TARGET, NETWORK, EXPANSION, seeds=2, seed=9, threads=threads, **SIZES)
        for threads in (1, 2)
    )
    assert one.identical(two)
    assert one.sizes["replicate"] == 2
    assert float(one.train_loss[0, 0]) != float(one.train_loss[1, 0])


def test_improvements_are_paired_and_more_terms_fit_better():
    found = simulate_features(TARGET, NETWORK, EXPANSION, seeds=3, **SIZES)
    np.testing.assert_allclose(found.train_improvement, found.initial_train_loss - found.train_loss)
    assert (found.train_improvement.sel(features="spikes_leading") > 0).all()
    assert found["features"].values.tolist() == list(FEATURES)


def test_a_step_that_overflows_is_a_status_and_no_crash():
    found = simulate_features(TARGET, NETWORK, EXPANSION, seed=3, **(SIZES | dict(learning_rate=1e308)))
    assert found.status.item() == "nonfinite"
    assert "lower the learning rate" in found.message.item()
    assert found.train_loss.isnull().all()


def test_the_expansion_is_read_off_a_prediction_with_the_variance_term():
    asked = dict(dimension=50, sample_ratio=2.0, learning_rate=5.0, ridge=1.0)
    target = Target.parse("z1 + 0.5*He2(z1)")
    theory = predict.spikes(target, NETWORK, **asked)
    found = FeatureExpansion.of(theory)
    assert found == FeatureExpansion(0.1, 0.0, 1.0, 0.5, float(theory.row_variance))
    with pytest.raises(SpecError, match="form='full'"):
        FeatureExpansion.of(predict.spikes(target, NETWORK, form="leading", **asked))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(seeds=0), "seeds: found 0"),
        (dict(samples=0), "samples: found 0, expected a whole number from 1"),
        (dict(first_batch=2.5), "first_batch: found 2.5"),
        (dict(test_samples=0), "test_samples: found 0"),
        (dict(dimension=0), "dimension: found 0"),
        (dict(ridge=0.0), "ridge: found 0.0, expected a finite number > 0"),
        (dict(ridge=math.nan), "ridge: found nan"),
        (dict(learning_rate=math.nan), "learning_rate: found nan, expected a finite number > 0"),
        (dict(learning_rate="3*p"), r"learning_rate: found '3\*p'"),
        (dict(expansion=None), "expansion: found NoneType, expected a FeatureExpansion"),
        (dict(target="z1"), "target: found the str 'z1'"),
        (dict(network="relu"), "network: found the str 'relu'"),
    ],
)
def test_experiments_that_cannot_be_are_named(change, message):
    given = SIZES | dict(target=TARGET, network=NETWORK, expansion=EXPANSION)
    with pytest.raises(SpecError, match=message) as error:
        simulate_features(**(given | change))
    assert "\n" not in str(error.value)
