"""The path of penalties, reached from a Dataset."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target
from giantstep.training.measurement import measure
from giantstep.training.readout_path import readout_path
from giantstep.training.simulation import simulate

TARGET, NETWORK = Target.parse("z1 + z1*z2", noise=0.1), Network(8, "tanh", bias=0.3)


@pytest.fixture(scope="module")
def data():
    protocol = Protocol.repeat(2, batch="2d", learning_rate=2.0, preprocess=True)
    return simulate(TARGET, NETWORK, protocol, dimension=200, seeds=2, seed=3, ridge="auto")


def test_the_path_passes_through_what_simulate_reported(data):
    path = readout_path(data, TARGET, NETWORK)
    for replicate in (0, 1):
        point = path.isel(replicate=replicate).sel(ridge=data.ridge.values[replicate])
        for name in ("test_error", "test_error_se", "training_error", "gcv"):
            np.testing.assert_allclose(point[name], data[name].values[replicate], rtol=1e-9)
    start = readout_path(data, TARGET, NETWORK, step=0)
    best = start.test_error.values[np.arange(2), start.gcv.values.argmin(1)]
    np.testing.assert_allclose(best, data.test_error_no_step, rtol=1e-9)


def test_training_error_rises_and_degrees_of_freedom_fall_along_the_path(data):
    path = readout_path(data, TARGET, NETWORK)
    assert (path.training_error.diff("ridge") >= 0).all()
    assert (path.degrees_of_freedom.diff("ridge") <= 0).all()


def test_weights_of_your_own_have_a_path_too():
    weights = np.random.default_rng(0).standard_normal((1, 8, 30)) / np.sqrt(30)
    path = readout_path(measure(weights, np.eye(30)[:2]), TARGET, Network(8, "relu"), ridge=[0.1, 1.0])
    assert path.test_error.shape == (1, 2)
    assert path.test_error_method.item() == "closed form"


def test_a_replicate_that_diverged_has_an_empty_path(data):
    broken = data.copy(deep=True)
    broken["self_overlaps"][1, 2] = np.nan
    path = readout_path(broken, TARGET, NETWORK, ridge=1.0)
    assert np.isfinite(path.test_error.values[0]).all()
    assert np.isnan(path.test_error.values[1]).all()


def test_what_does_not_fit_is_named(data):
    with pytest.raises(SpecError, match="step: found 7, expected one of 0 to 2"):
        readout_path(data, TARGET, NETWORK, step=7)
    with pytest.raises(SpecError, match="found 8 neurons and 2 directions"):
        readout_path(data, TARGET, Network(4, "tanh"))
    with pytest.raises(SpecError, match="ridge: found None"):
        readout_path(data, TARGET, NETWORK, ridge=None)
    with pytest.raises(SpecError, match="without overlaps"):
        readout_path(data.drop_vars("self_overlaps"), TARGET, NETWORK)
