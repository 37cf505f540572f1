"""The two gradient steps of multi-task pretraining, streamed (theory note 50, S8.2).

Labels depend on an input through its bit pattern alone. So the heads' step needs one sum of relu(W x) a
pattern, R(s), and the tasks' average of y_t a_t at a pattern is K R: with shared inputs the cost does not
know how many tasks there are. Nothing of size n x d is stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError, flag, instance, whole_number
from giantstep.gaussian.normals import draw_normals
from giantstep.streams import Role, Streams
from giantstep.targets.tasks import TaskTables, pattern_index
from giantstep.threads import check_threads, one_blas_thread, ordered_map
from giantstep.training.experiment import chunks

Array = NDArray[np.float64]
Single = NDArray[np.float32]

CHUNK_ENTRIES = 2**20
"""Inputs of one chunk hold at most this many numbers; with the dimension it fixes the stream's chunks."""
HEADS, LAYER = 1, 2
"""Steps of the streams."""


@dataclass(frozen=True, slots=True)
class Pretraining:
    """Sizes of the two steps; the value that theory and simulation share beside the tasks.

    Parameters
    ----------
    dimension, width : int
    head_samples, layer_samples : int
        n1 and n2; of every task when fresh.
    fresh : bool
        Every task has inputs of its own.

    Raises
    ------
    SpecError
        For numbers out of range.
    """

    dimension: int
    width: int
    head_samples: int
    layer_samples: int
    fresh: bool = False

    def __post_init__(self) -> None:
        whole_number("dimension", self.dimension, 1, 10**6)
        whole_number("width", self.width, 1, 10**5)
        whole_number("samples", self.head_samples, 1, 10**12)
        whole_number("layer_samples", self.layer_samples, 1, 10**12)
        flag("fresh", self.fresh)

    @property
    def chunk(self) -> int:
        """Inputs that share one stream address."""
        return max(1, min(8192, CHUNK_ENTRIES // self.dimension))

    def seconds(self, count: float) -> float:
        """Return about how long the two steps take on one core, for a number of tasks."""
        samples = (self.head_samples + self.layer_samples) * (count if self.fresh else 1)
        return samples * (3.5e-9 * self.dimension + 4.5e-11 * self.dimension * self.width + 2e-9 * self.width)

    def start(self, streams: Streams) -> Single:
        """Return W_0, rows N(0, I/d), shape (width, d)."""
        drawn = draw_normals(streams.generator(Role.INIT), self.width, self.dimension)
        return np.asarray(drawn / np.float32(math.sqrt(self.dimension)), dtype=np.float32)


def pretrain(
    tasks: TaskTables, setting: Pretraining, streams: Streams, *, threads: int | None = None
) -> Single:
    """Return W+, shape (width, d), rescaled so that rows have squared norm 1 on average.

    Raises
    ------
    SpecError
        When the dimension is below the rank, or the gradient vanished.
    CapabilityError
        For fresh inputs of infinitely many tasks.

    Examples
    --------
    >>> from giantstep.targets.tasks import Tasks
    >>> tables = Tasks(2, 10).draw(Streams(0))
    >>> layer = pretrain(tables, Pretraining(20, 30, 400, 400), Streams(0))
    >>> layer.shape, round(float((layer.astype(float) ** 2).sum(1).mean()), 5)
    ((30, 20), 1.0)
    """
    instance("tasks", tasks, TaskTables, hint="Tasks(..).draw(streams) makes them.")
    instance("setting", setting, Pretraining)
    instance("streams", streams, Streams)
    if setting.dimension < tasks.rank:
        raise SpecError(f"dimension: found {setting.dimension}, expected at least the rank, {tasks.rank}.")
    if setting.fresh and tasks.labels is None:
        raise CapabilityError("fresh: infinitely many tasks have no end of inputs. Give a number of tasks.")
    workers = check_threads(threads)
    with one_blas_thread():
        start = setting.start(streams)
        layer = _fresh(tasks, setting, streams, start, workers) if setting.fresh else None
        if layer is None:
            mean = _head_sums(tasks.rank, setting, streams, start, workers)
            layer = _layer_sums(tasks.rank, tasks.kernel @ mean, setting, streams, start, workers)
    size = math.sqrt(float((layer**2).sum()) / setting.width)
    if not 0 < size < math.inf:
        raise SpecError(
            "tasks: the first layer's gradient vanished; take tasks that correlate with the bits."
        )
    return np.asarray(layer / size, dtype=np.float32)


def alignment_of(layer: NDArray[Any], rank: int) -> tuple[float, float]:
    """Return (|W M|^2 / |W|^2, smallest over largest singular value of W M), M the first inputs.

    >>> alignment_of(np.array([[3.0, 0.0, 4.0], [0.0, 1.5, 0.0]]), 2)
    (0.4128..., 0.5)
    """
    whole = np.asarray(layer, dtype=np.float64)
    inside = whole[:, :rank]
    values = np.linalg.svd(inside, compute_uv=False)
    conditioning = float(values[-1] / values[0]) if len(values) == rank and values[0] > 0 else 0.0
    return float((inside**2).sum() / (whole**2).sum()), conditioning


def _inputs(setting: Pretraining, streams: Streams, step: int, chunk: int, size: int) -> Single:
    return draw_normals(streams.generator(Role.BATCH, step, chunk), setting.dimension, size)


def _indicator(patterns: NDArray[np.int64], count: int) -> Single:
    """Return which sample has which pattern, shape (samples, patterns)."""
    return np.asarray(patterns[:, None] == np.arange(count), dtype=np.float32)


def _head_sums(rank: int, setting: Pretraining, streams: Streams, start: Single, workers: int) -> Array:
    """Return R(s) = (1/n1) sum over inputs with pattern s of relu(W x), shape (patterns, width)."""

    def one(item: tuple[int, int]) -> Array:
        inputs = _inputs(setting, streams, HEADS, *item)
        hidden = start @ inputs
        np.maximum(hidden, 0.0, out=hidden)
        which = _indicator(pattern_index(inputs[:rank]), 2**rank)
        return np.asarray((hidden @ which).T, dtype=np.float64)

    total = np.zeros((2**rank, setting.width))
    for part in ordered_map(one, chunks(setting.head_samples, setting.chunk), workers):
        total += part
    return total / setting.head_samples


def _layer_sums(
    rank: int, averages: Array, setting: Pretraining, streams: Streams, start: Single, workers: int
) -> Array:
    """Return (1/n2) sum of q_j(s) 1{w_j x > 0} x with q = mean over tasks of y_t a_t, shape (width, d)."""
    weights = averages.astype(np.float32)

    def one(item: tuple[int, int]) -> Array:
        inputs = _inputs(setting, streams, LAYER, *item)
        gates = (start @ inputs) > 0
        pulled = weights[pattern_index(inputs[:rank])].T * gates
        return np.asarray(pulled @ inputs.T, dtype=np.float64)

    total = np.zeros((setting.width, setting.dimension))
    for part in ordered_map(one, chunks(setting.layer_samples, setting.chunk), workers):
        total += part
    return total / setting.layer_samples


def _fresh(tasks: TaskTables, setting: Pretraining, streams: Streams, start: Single, workers: int) -> Array:
    """Both steps with inputs of every task's own; a task's chunks are numbered after the last one's."""
    labels: Any = tasks.labels
    heads, layers = -(-setting.head_samples // setting.chunk), -(-setting.layer_samples // setting.chunk)

    def one(task: int) -> Array:
        head, total = np.zeros(setting.width), np.zeros((setting.width, setting.dimension))
        for chunk, size in chunks(setting.head_samples, setting.chunk):
            inputs = _inputs(setting, streams, HEADS, task * heads + chunk, size)
            y = labels[task][pattern_index(inputs[: tasks.rank])].astype(np.float32)
            head += np.maximum(start @ inputs, 0.0) @ y
        head /= setting.head_samples
        for chunk, size in chunks(setting.layer_samples, setting.chunk):
            inputs = _inputs(setting, streams, LAYER, task * layers + chunk, size)
            y = labels[task][pattern_index(inputs[: tasks.rank])].astype(np.float32)
            pulled = ((start @ inputs) > 0) * (head.astype(np.float32)[:, None] * y)
            total += pulled @ inputs.T
        return total

    layer = np.zeros((setting.width, setting.dimension))
    for part in ordered_map(one, range(len(labels)), workers):
        layer += part
    return layer / (setting.layer_samples * len(labels))
