"""The Dataset of predicted overlaps: labels, random numbers, and failures that say what to do."""

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target
from giantstep.training.simulation import simulate

TARGET = Target.parse("z1 + z1*z2")
PROTOCOL = Protocol.repeat(2, batch="3d", learning_rate=2.0)
FEW = {"samples": 8000}


def test_theory_minus_simulation_aligns():
    data = simulate(TARGET, Network(4), PROTOCOL, dimension=500, seeds=2)
    theory = overlaps(TARGET, Network(4), PROTOCOL, **FEW)
    whole = theory - data
    for variable in ("overlaps", "self_overlaps", "alignment"):
        difference = whole[variable]
        assert set(difference.dims) == set(data[variable].dims)
        assert dict(difference.sizes) == dict(data[variable].sizes)
        assert np.isfinite(difference).all()


def test_random_readouts_and_biases_are_those_of_the_simulated_replicate():
    network = Network(6, "tanh", readout="gaussian", bias=0.5)
    data = simulate(TARGET, network, PROTOCOL, dimension=100, seeds=2, seed=5)
    for replicate in (0, 1):
        theory = overlaps(TARGET, network, PROTOCOL, seed=5, replicate=replicate, **FEW)
        assert np.array_equal(theory.readout, data.readout[replicate])
        assert np.array_equal(theory.biases, data.biases[replicate])


@pytest.mark.parametrize("reuse", [False, True])
def test_the_result_does_not_depend_on_threads(reuse):
    protocol = Protocol.repeat(2, batch="d", reuse=reuse)
    one = overlaps(TARGET, Network(4), protocol, threads=1, **FEW)
    three = overlaps(TARGET, Network(4), protocol, threads=3, **FEW)
    assert one.identical(three)


def test_standard_errors_cover_the_spread_over_seeds():
    runs = [
        overlaps(TARGET, Network(4, readout=[1, 1, -1, -1], symmetric=True), PROTOCOL, seed=s, **FEW)
        for s in range(40)
    ]
    values = np.array([run.self_overlaps.values[2] for run in runs])
    claimed = np.array([run.self_overlaps_se.values[2] for run in runs])
    assert np.sqrt((claimed**2).mean()) == pytest.approx(values.std(0, ddof=1).mean(), rel=0.25)


@pytest.mark.parametrize("reuse", [False, True])
def test_learning_rates_that_overflow_end_with_a_status_and_a_remedy(reuse):
    protocol = Protocol.repeat(4, batch="d", learning_rate=1e12, reuse=reuse)
    theory = overlaps(TARGET, Network(4), protocol, **FEW)
    assert theory.attrs["status"] == "nonfinite"
    assert "lower the learning rate" in theory.attrs["message"]
    assert np.isfinite(theory.overlaps.values[0]).all()
    assert np.isnan(theory.overlaps.values[-1]).all()


def test_errors_too_large_for_the_samples_are_said():
    protocol = Protocol.repeat(4, batch="d", learning_rate=60.0)
    theory = overlaps(Target.parse("He4(z1)"), Network(4), protocol, samples=1000)
    assert theory.attrs["status"] == "imprecise"
    assert "raise samples" in theory.attrs["message"]


def test_no_step_is_the_start():
    theory = overlaps(TARGET, Network(4), Protocol(()))
    assert theory.overlaps.values.tolist() == np.zeros((1, 4, 2)).tolist()
    assert theory.self_overlaps.values[0].tolist() == np.tile(np.eye(2), (2, 2)).tolist()


def test_width_one_works():
    theory = overlaps(TARGET, Network(1, readout=[1.0]), PROTOCOL, **FEW)
    assert theory.attrs["status"] == "completed"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"protocol": Protocol.repeat(1, batch=4096)}, SpecError, "plain number.*Give dimension="),
        ({"protocol": Protocol.repeat(1, batch="sqrt(d)")}, CapabilityError, "n / d -> 0"),
        ({"protocol": Protocol.repeat(1, batch="d", learning_rate="p*sqrt(d)")}, SpecError, "depends on d"),
        ({"network": Network(4, readout_scale="1/sqrt(d)")}, SpecError, "depends on d"),
        ({"dimension": 1}, SpecError, "dimension: found 1"),
        ({"samples": 3}, SpecError, "samples: found 3"),
        ({"method": "guess"}, SpecError, "method: found 'guess'"),
        ({"start": 3}, SpecError, "start: found int"),
        ({"start": (np.zeros((4, 1)), np.eye(4))}, SpecError, "expected M0 \\(4, 2\\)"),
        ({"start": (np.zeros((4, 2)), -np.eye(4))}, SpecError, "semi-definite"),
        ({"start": (np.full((4, 2), np.nan), np.eye(4))}, SpecError, "not finite"),
    ],
)
def test_bad_input_is_one_line_that_says_what_is_wrong(arguments, error, message):
    nouns = {"target": TARGET, "network": Network(4), "protocol": PROTOCOL} | arguments
    with pytest.raises(error, match=message) as caught:
        overlaps(**nouns)
    assert "\n" not in str(caught.value)


def test_preprocessing_leaves_the_linear_part_to_the_predictor():
    target = Target.parse("z1 + He2(z2)/sqrt(2)")
    theory = overlaps(target, Network(8), Protocol.repeat(1, batch="2d", preprocess=True), samples=2**18)
    linear = theory.isel(step=1)
    # C_1 is E[y z] plus noise of squared norm E y^2 / alpha.
    assert linear.linear_overlaps.values == pytest.approx([1.0, 0.0], abs=0.02)
    assert float(linear.linear_energy) == pytest.approx(1.0 + 2.0 / 2.0, abs=0.05)
