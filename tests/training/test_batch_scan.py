"""A scan: the protocol's steps but the last, then the last one's gradient on growing batches."""

import numpy as np
import pytest

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.training.batch_scan import scan_replicate, scanned_batches
from giantstep.training.simulation import simulate

TARGET, NETWORK = Target.parse("z1 + z1*z2"), Network(4)


def scan(protocol, **changes):
    settings = {"dimension": 1000, "streams": Streams(2, 1), "smallest_batch": "0.5d"} | changes
    return scan_replicate(TARGET, NETWORK, protocol, **settings)


def test_the_largest_batch_gives_the_step_that_simulate_takes():
    protocol = Protocol.repeat(2, batch="4d", learning_rate=3.0)
    data = scan(protocol)
    run = simulate(TARGET, NETWORK, protocol, dimension=1000, seeds=2, seed=2).sel(replicate=1)
    np.testing.assert_allclose(data.start_overlaps[0], run.overlaps.sel(step=1))
    np.testing.assert_allclose(data.start_energy[0], np.diag(run.self_overlaps.sel(step=1)))
    # The same batch; the start's axes are rotated, so off the teacher only the law is the same.
    moved = data.start_overlaps[0] + 3.0 * data.gradient_overlaps[0, -1]
    assert np.abs(moved - run.overlaps.sel(step=2)).max() < 0.25


def test_the_half_of_a_batch_is_scanned_too():
    sizes = scanned_batches(100, 6400, 3)
    assert set(sizes[3:] // 2) <= set(sizes) | set(sizes + 1) | set(sizes - 1)
    assert scanned_batches(7, 7, 3).tolist() == [7]


def test_a_start_that_diverges_leaves_a_row_that_says_so():
    data = scan(Protocol((Step("2d", 1e30), Step("2d", 1e30), Step("4d", 1.0))))
    assert data.status.item() == "nonfinite"
    assert "lower the learning rate" in data.message.item()
    assert data.gradient_energy.isnull().all()


@pytest.mark.parametrize(
    ("protocol", "changes", "message"),
    [
        (Protocol(()), {}, "protocol: found no step"),
        (Protocol.repeat(1, batch="4d"), {"smallest_batch": "5d"}, "smallest_batch: found 5000, expected at"),
        (Protocol.repeat(1, batch="4d"), {"per_octave": 0}, "per_octave: found 0"),
        (Protocol.repeat(1, batch="4d"), {"dimension": 1}, "dimension: found 1"),
    ],
)
def test_bad_scans_are_named(protocol, changes, message):
    with pytest.raises(SpecError, match=message):
        scan(protocol, **changes)


@pytest.mark.parametrize("flag", ["reuse", "preprocess"])
def test_only_a_fresh_plain_step_can_be_scanned(flag):
    with pytest.raises(CapabilityError, match="only a fresh, plain step"):
        scan(Protocol((Step("4d", 1.0), Step("4d", 1.0, **{flag: True}))))
