"""What an engine is given and what it gives back, the same for every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.normals import draw_normals
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters
from giantstep.protocol import Protocol
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.threads import ChunkMap, ordered_map

Array64 = NDArray[np.float64]

NONFINITE = "nonfinite"
COMPLETED = "completed"


def ignore_progress(samples: int) -> None:
    """Do nothing with the number of samples just processed."""


def ignore_step(step: int, snapshot: OrderParameters) -> None:
    """Do nothing with a step that has just been taken."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One replicate to be run: the three nouns, a dimension, random streams, and the threads that help.

    ``chunk_map`` computes the chunks of a step's sums; the results it yields are tuples that are only added.
    """

    target: Target
    network: Network
    protocol: Protocol
    dimension: int
    streams: Streams = field(default_factory=Streams)
    threads: int = 1
    on_progress: Callable[[int], None] = ignore_progress
    on_step: Callable[[int, OrderParameters], None] = ignore_step
    chunk_map: ChunkMap = ordered_map

    @property
    def batches(self) -> tuple[int, ...]:
        """Samples of each step."""
        return self.protocol.batches(self.dimension, self.network.width)

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """Learning rate of each step."""
        return self.protocol.learning_rates(self.dimension, self.network.width)

    def chunk_threads(self, worthwhile_width: int) -> int:
        """Return the threads that share the chunks of a step: one below a width.

        At small width a NumPy call lasts microseconds, and two threads spend longer handing over the
        interpreter lock than they gain (measured at width 8: 51 ns a sample on one thread, 80 on two). The
        result does not depend on it; replicates and points in processes use the other cores.
        """
        return self.threads if self.network.width >= worthwhile_width else 1

    def draw_readout(self) -> Array64:
        """Return the initial readout a."""
        return self.network.draw_readout(self.streams.generator(Role.INIT, chunk=2), self.dimension)

    def draw_biases(self) -> Array64:
        """Return the biases b."""
        return self.network.draw_biases(self.streams.generator(Role.INIT, chunk=1))


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One replicate's run: snapshots for t = 0, 1, .. and how it ended.

    A run whose weights leave the finite numbers stops there: ``status`` is ``nonfinite``, the snapshots up to
    the last finite one are kept and ``message`` holds the remedy.
    """

    readout: Array64
    biases: Array64
    snapshots: tuple[OrderParameters, ...]
    status: str = COMPLETED
    message: str = ""


def diverged(step: int) -> str:
    """Return the message of a run that left the finite numbers in a step."""
    return (
        f"step {step}: the weights left the finite numbers; lower the learning rate, raise the batch, "
        f"or use loss='correlation'."
    )


def single(array: Array64) -> NDArray[np.float32]:
    """Return the array in float32; what is too large becomes infinite, which ends the run as diverged."""
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def chunks(samples: int, chunk: int) -> Iterator[tuple[int, int]]:
    """Yield (index, size) of the chunks that make up a batch; the last one may be smaller."""
    for index in range(-(-samples // chunk)):
        yield index, min(chunk, samples - index * chunk)


def labels(target: Target, teacher_fields: Any, noise: np.random.Generator | None) -> NDArray[np.float32]:
    """Return y = g(z) + sqrt(noise) xi in float32, shape (samples,), from z of shape (rank, samples)."""
    y: Any = np.asarray(target(teacher_fields.T), dtype=np.float32)
    if noise is not None:
        y = y + draw_normals(noise, y.shape[0]) * np.float32(target.noise**0.5)
    labelled: NDArray[np.float32] = y
    return labelled


def noise_stream(experiment: Experiment, step: int, chunk: int) -> np.random.Generator | None:
    """Return the label noise's stream of a chunk, or None for a target without noise."""
    if experiment.target.noise == 0.0:
        return None
    return experiment.streams.generator(Role.NOISE, step, chunk)
