"""A step's gradient against its batch: one replicate, labelled, from one pass over the largest batch."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError, whole_number
from giantstep.labels import directions
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters
from giantstep.protocol import Protocol
from giantstep.sizes import Size
from giantstep.streams import Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.axes import gram_root
from giantstep.training.experiment import COMPLETED, Array64, Experiment
from giantstep.training.prefix import prefix_gradients
from giantstep.training.reduced import run_reduced
from giantstep.training.simulation import SCHEMA, check_dimension

if TYPE_CHECKING:
    import xarray as xr

MAX_PER_OCTAVE = 64


def scanned_batches(smallest: int, largest: int, per_octave: int) -> NDArray[np.int64]:
    """Return whole batch sizes from about the smallest to the largest, so many for each factor of two.

    >>> scanned_batches(100, 1000, 2).tolist()
    [125, 177, 250, 354, 500, 707, 1000]
    """
    count = math.floor(per_octave * math.log2(largest / smallest) * (1 + 1e-12)) + 1
    return np.unique(np.round(largest * 2.0 ** (-np.arange(count) / per_octave)).astype(np.int64))


def check_scan(
    protocol: Protocol, smallest: Size, per_octave: int, *, dimension: int, width: int
) -> tuple[int, int]:
    """Return the smallest and largest batch of a scan of the protocol's last step, after checking it.

    Raises
    ------
    SpecError, CapabilityError
        For a protocol whose last step is missing, reused or preprocessed, or sizes that leave no range.
    """
    if not protocol.steps:
        raise SpecError("protocol: found no step, expected at least one; the last one is scanned.")
    last = protocol.steps[-1]
    if last.reuse or last.preprocess:
        found = "reuses its batch" if last.reuse else "is preprocessed"
        raise CapabilityError(f"protocol: the last step {found}; only a fresh, plain step can be scanned.")
    whole_number("per_octave", per_octave, 1, MAX_PER_OCTAVE)
    largest = protocol.batches(dimension, width)[-1]
    low = smallest.count(dimension=dimension, width=width, name="smallest_batch")
    if low > largest:
        raise SpecError(f"smallest_batch: found {low}, expected at most the last step's batch of {largest}.")
    return low, largest


def scan_replicate(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    streams: Streams,
    smallest_batch: Size | str | int,
    per_octave: int = 3,
    threads: int | None = None,
) -> xr.Dataset:
    """Take every step but the last, then look at the last one's gradient on batches of many sizes.

    Parameters
    ----------
    protocol : Protocol
        Its last step has the largest batch of the scan, fresh and without preprocessing; its learning rate
        plays no part.
    smallest_batch : int or str
        Where the scan begins, a size such as ``"0.1d"``.
    per_octave : int
        Batches for each factor of two, so that the half of a batch is a batch of the scan too.

    Returns
    -------
    xarray.Dataset
        ``scanned_batch`` (batch,), ``gradient_overlaps`` G_i . w*_q (replicate, batch, neuron, direction),
        ``gradient_along_row`` G_i . w_i and ``gradient_energy`` |G_i|^2 (replicate, batch, neuron); of the
        layer before the step ``start_overlaps`` (replicate, neuron, direction) and ``start_energy`` |w_i|^2;
        the ``readout``. G = (1/n) D^T X as in theory note 00.

    Raises
    ------
    SpecError, CapabilityError
        As `check_scan`.

    Examples
    --------
    >>> protocol = Protocol.repeat(1, batch="10d", loss="correlation")
    >>> data = scan_replicate(Target.parse("z1"), Network(4), protocol, dimension=1000, streams=Streams(0),
    ...                       smallest_batch="0.1d", per_octave=1)
    >>> data.scanned_batch.values.tolist()
    [156, 312, 625, 1250, 2500, 5000, 10000]
    """
    import xarray as xr

    check_dimension(dimension, target.rank)
    width, rank = network.width, target.rank
    smallest = Size.parse(smallest_batch, name="smallest_batch")
    low, high = check_scan(protocol, smallest, per_octave, dimension=dimension, width=width)
    sizes = scanned_batches(low, high, per_octave)
    experiment = Experiment(target, network, protocol, int(dimension), streams, check_threads(threads))
    before = Experiment(
        target, network, Protocol(protocol.steps[:-1]), int(dimension), streams, experiment.threads
    )
    with one_blas_thread():
        trajectory = run_reduced(before)
        shape = (1, len(sizes), width)
        overlaps, along, energy = (
            np.full((*shape, rank), np.nan),
            np.full(shape, np.nan),
            np.full(shape, np.nan),
        )
        start = trajectory.snapshots[-1]
        if trajectory.status == COMPLETED:
            step, layer = len(protocol.steps), _layer(start)
            found = prefix_gradients(
                experiment, step, layer, trajectory.readout, trajectory.biases, sizes.tolist()
            )
            overlaps[0], along[0], energy[0] = found.known[:, :, :rank], found.along_rows, found.energies
    neuron = ("replicate", "neuron")
    variables: dict[str, Any] = {
        "scanned_batch": (("batch",), sizes),
        "gradient_overlaps": (("replicate", "batch", "neuron", "direction"), overlaps),
        "gradient_along_row": (("replicate", "batch", "neuron"), along),
        "gradient_energy": (("replicate", "batch", "neuron"), energy),
        "start_overlaps": ((*neuron, "direction"), start.overlaps[None]),
        "start_energy": (neuron, np.diag(start.self_overlaps)[None]),
        "readout": (neuron, trajectory.readout[None]),
        "status": (("replicate",), np.array([trajectory.status])),
        "message": (("replicate",), np.array([trajectory.message])),
    }
    coordinates = {
        "replicate": [streams.replicate],
        "neuron": np.arange(width),
        "direction": directions(rank),
    }
    attributes = {
        "engine": "reduced",
        "fingerprint": fingerprint(),
        "dimension": int(dimension),
        "batch": json.dumps(experiment.batches),
        "seed": str(streams.seed),
        "schema": SCHEMA,
    }
    return xr.Dataset(variables, coordinates, attributes)


def _layer(snapshot: OrderParameters) -> Array64:
    """Return a layer of these overlaps; its Gram matrix with the teacher is all that matters."""
    off = gram_root(snapshot.self_overlaps - snapshot.overlaps @ snapshot.overlaps.T)
    return np.hstack([snapshot.overlaps, off.T])
