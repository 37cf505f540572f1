"""Downstream: freeze the first layer, train a new head on few samples of a fresh task (theory note 50, S8.2).

Least squares on standardised features relu(W+ x + b), b ~ U(-1, 1), the penalty chosen on a fifth of the
samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, instance, real_array, whole_number, whole_numbers
from giantstep.gaussian.normals import draw_normals
from giantstep.networks.ridge import NormalEquations, penalty_grid
from giantstep.streams import Role, Streams
from giantstep.targets.tasks import TaskTables, pattern_index
from giantstep.threads import one_blas_thread
from giantstep.training.experiment import chunks

Array = NDArray[np.float64]

CHUNK = 1024
TEST_SAMPLES = 2**13
HELD_OUT = 0.2
FEWEST = 10
DOWNSTREAM = 3
"""Step of the streams; a task's inputs start at chunk task * 2^20."""
REPRESENTATIONS = ("multi", "single", "random", "oracle")


def accuracies(
    layer: NDArray[Any],
    tasks: TaskTables,
    samples: Sequence[int],
    streams: Streams,
    *,
    test_samples: int = TEST_SAMPLES,
) -> Array:
    """Return the test accuracy on each task after each number of samples, shape (tasks, samples).

    Parameters
    ----------
    layer : array, shape (width, d)
        The frozen first layer.
    tasks : TaskTables
        Fresh tasks; their first n samples serve every smaller n too.
    samples : sequence of int
        At least 10.
    streams : Streams
        Tasks, inputs and biases have addresses that do not depend on the layer.

    Raises
    ------
    SpecError
        For too few samples.
    """
    sizes = whole_numbers("downstream samples", samples, FEWEST, 10**6)
    instance("tasks", tasks, TaskTables)
    instance("streams", streams, Streams)
    test_samples = whole_number("test_samples", test_samples, 1, 10**9)
    if tasks.labels is None:
        raise SpecError("tasks: found infinitely many, expected a number of downstream tasks.")
    with np.errstate(over="ignore"):
        frozen = real_array("layer", real_array("layer", layer).astype(np.float32)).astype(np.float32)
    if frozen.ndim != 2 or not len(frozen) or frozen.shape[1] < tasks.rank:
        raise SpecError(f"layer: found shape {frozen.shape}, expected (width, d), d at least {tasks.rank}.")
    biases = streams.generator(Role.INIT, DOWNSTREAM).uniform(-1.0, 1.0, len(frozen)).astype(np.float32)
    found = np.empty((len(tasks.labels), len(sizes)))
    with one_blas_thread():
        for task, labels in enumerate(tasks.labels):
            features, y = _rows(frozen, biases, labels, tasks.rank, streams, Role.BATCH, task, max(sizes))
            heads = [_head(features[:n], y[:n]) for n in sizes]
            right = np.zeros(len(sizes))
            for first, size in chunks(test_samples, CHUNK):
                tested, truth = _rows(
                    frozen, biases, labels, tasks.rank, streams, Role.TEST, task, size, first=first
                )
                right += [np.sum((tested @ head + offset > 0) == (truth > 0)) for head, offset in heads]
            found[task] = right / test_samples
    return found


def oracle_layer(width: int, dimension: int, rank: int, streams: Streams) -> NDArray[np.float32]:
    """Return rows that are Gaussian inside span(M), of squared norm 1 on average."""
    layer = np.zeros((width, dimension), np.float32)
    drawn = draw_normals(streams.generator(Role.INIT, DOWNSTREAM, 1), width, rank)
    layer[:, :rank] = drawn / math.sqrt(rank)
    return layer


def _rows(
    layer: NDArray[np.float32],
    biases: NDArray[np.float32],
    labels: Array,
    rank: int,
    streams: Streams,
    role: Role,
    task: int,
    size: int,
    *,
    first: int = 0,
) -> tuple[Array, Array]:
    """Return features (size, width) and labels of samples, drawn in chunks from chunk ``first`` on."""
    features, answers = [], []
    for chunk, count in chunks(size, CHUNK):
        generator = streams.generator(role, DOWNSTREAM, (task << 20) + first + chunk)
        inputs = draw_normals(generator, layer.shape[1], CHUNK)[:, :count]
        hidden = layer @ inputs + biases[:, None]
        features.append(np.maximum(hidden, 0.0).T.astype(np.float64))
        answers.append(labels[pattern_index(inputs[:rank])])
    return np.concatenate(features), np.concatenate(answers)


def _head(features: Array, y: Array) -> tuple[Array, float]:
    """Return (head, offset) of ridge regression on standardised features, its penalty held out."""
    held = max(1, round(HELD_OUT * len(y)))
    grid = penalty_grid(len(y) - held, features.shape[1])
    heads, offsets = _fits(features[held:], y[held:], grid)
    # Ties of a few held-out samples go to the largest penalty.
    wrong = ((features[:held] @ heads.T + offsets - y[:held, None]) ** 2).mean(0)
    best = int(np.argmin(wrong[::-1]))
    heads, offsets = _fits(features, y, grid[::-1][best : best + 1])
    return heads[0], float(offsets[0])


def _fits(features: Array, y: Array, grid: Array) -> tuple[Array, Array]:
    centre, scale, level = features.mean(0), features.std(0), y.mean()
    scale = np.where(scale > 0, scale, 1.0)
    sums = NormalEquations.empty(features.shape[1])
    sums.add(((features - centre) / scale).T, y - level)
    heads = sums.path().fits(grid).readouts / math.sqrt(features.shape[1]) / scale
    return heads, level - heads @ centre
