"""One exact step on a fresh batch, streamed: nothing of the size of the batch is kept (theory note 20)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.bartlett import bartlett
from giantstep.gaussian.normals import fill_normals
from giantstep.networks.gradient import backpropagated_errors
from giantstep.streams import Role
from giantstep.training.axes import compress, gram_root
from giantstep.training.experiment import Array64, Experiment, chunks, labels, noise_stream, single

CHUNK = 32768
"""Samples with one stream address; part of the stream, never a function of memory or threads."""
BLOCK = 4096
"""Samples drawn and processed at once: small enough for the cache; part of the stream too."""

THREADED_WIDTH = 48
"""Width from which threads are worth their while on fresh batches."""

Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RevealedLabels:
    """What the first pass of a preprocessed step learns: the axis that the labels open.

    Given the coordinates on the known axes, the rest of the batch is iid Gaussian; its image under the
    labels, X_off^T y, has norm |y| chi and opens one axis. ``linear`` is C_1 on the
    axes, the new one last. ``chi`` is 0 where no dimension is left off the axes.
    """

    constant: float
    linear: Array64
    label_norm: float
    chi: float
    projection: float


def fresh_step(
    experiment: Experiment, step: int, layer: Array64, readout: Array64, biases: Array64
) -> tuple[Array64, RevealedLabels | None]:
    """Return the layer after step number ``step`` (from 1), and what preprocessing revealed.

    The new layer has the axes of the compressed old one, then the labels' axis (preprocessing only), then
    the axes opened by the part of the gradient that nobody had looked at.
    """
    rule = experiment.protocol.steps[step - 1]
    samples = experiment.batches[step - 1]
    rate = experiment.learning_rates[step - 1]
    width, rank = experiment.network.width, experiment.target.rank
    layer = compress(layer, rank)
    off_axis = experiment.streams.generator(Role.OFF_AXIS, step)
    revealed = None
    if rule.preprocess:
        revealed = _reveal_labels(experiment, step, layer.shape[1], off_axis)
        layer = np.hstack([layer, np.zeros((width, 1))])
    axes = layer.shape[1]
    sums = _accumulate(experiment, step, layer, readout, biases, revealed)
    if not np.isfinite(sums).all():
        return np.full_like(layer, np.nan), revealed
    scale = readout / math.sqrt(width)
    gradient = scale[:, None] * sums[:, :axes] / samples
    gram = np.outer(scale, scale) * sums[:, axes : axes + width]
    if revealed is not None:
        along_labels = scale * sums[:, -1] / revealed.label_norm
        gram = gram - np.outer(along_labels, along_labels)
    root = gram_root(gram)
    opened = bartlett(root.shape[0], max(experiment.dimension - axes, 0), off_axis)
    kept = 1.0 - rate * rule.weight_decay
    return np.hstack([kept * layer + rate * gradient, (rate / samples) * (root.T @ opened)]), revealed


def _accumulate(
    experiment: Experiment,
    step: int,
    layer: Array64,
    readout: Array64,
    biases: Array64,
    revealed: RevealedLabels | None,
) -> Array64:
    """Return the sum over samples of E (X, E[, y])^T, E = residual sigma', one row a neuron."""
    target, network = experiment.target, experiment.network
    width, axes = layer.shape
    loss = experiment.protocol.steps[step - 1].loss
    weights, a, b = (single(array) for array in (layer, readout, biases[:, None]))
    samples = experiment.batches[step - 1]
    height = axes + width + (revealed is not None)

    def chunk_sums(item: tuple[int, int]) -> tuple[int, Array64]:
        index, size = item
        inputs = experiment.streams.generator(Role.BATCH, step, index)
        noise = noise_stream(experiment, step, index)
        total = np.zeros((width, height))
        buffer = np.empty((height, BLOCK), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for _, columns in chunks(size, BLOCK):
                block = buffer if columns == BLOCK else np.empty((height, columns), np.float32)
                known = fill_normals(inputs, block[:axes])
                y = labels(target, known[: target.rank], noise)
                if revealed is not None:
                    block[-1] = y
                    y = _detrend(known, y, revealed)
                fields = weights @ known
                if network.biased:
                    fields += b
                errors = block[axes : axes + width]
                errors[:] = backpropagated_errors(fields, y, a, network.activation, loss)
                total += errors @ block.T
        return size, total

    result = np.zeros((width, height))
    for size, total in experiment.chunk_map(
        chunk_sums, chunks(samples, CHUNK), experiment.chunk_threads(THREADED_WIDTH)
    ):
        result += total
        experiment.on_progress(size)
    return result


def _detrend(known: Block, y: Block, revealed: RevealedLabels) -> Block:
    """Turn the last axis from raw noise into the labels' axis, in place; return y - C_0 - C_1 . x."""
    unit = y / np.float32(revealed.label_norm)
    if revealed.chi:
        known[-1] += np.float32(revealed.chi - revealed.projection) * unit
    else:
        known[-1] = 0.0
    return y - np.float32(revealed.constant) - revealed.linear.astype(np.float32) @ known


def _reveal_labels(
    experiment: Experiment, step: int, axes: int, off_axis: np.random.Generator
) -> RevealedLabels:
    """Run the first pass of a preprocessed step: the labels, and X^T y on the known axes and off them.

    The pass draws the same blocks as the main one, whose last axis is the raw noise of the labels' axis.
    """
    target = experiment.target
    samples = experiment.batches[step - 1]

    def chunk_sums(item: tuple[int, int]) -> tuple[float, float, Array64]:
        index, size = item
        inputs = experiment.streams.generator(Role.BATCH, step, index)
        noise = noise_stream(experiment, step, index)
        total, energy, moment = 0.0, 0.0, np.zeros(axes + 1)
        for _, columns in chunks(size, BLOCK):
            block = fill_normals(inputs, np.empty((axes + 1, columns), np.float32))
            y = labels(target, block[: target.rank], noise)
            total += float(y.sum(dtype=np.float64))
            energy += float(np.square(y, dtype=np.float64).sum())
            moment += block @ y
        return total, energy, moment

    total, energy, moment = 0.0, 0.0, np.zeros(axes + 1)
    for part, squares, products in experiment.chunk_map(
        chunk_sums, chunks(samples, CHUNK), experiment.chunk_threads(THREADED_WIDTH)
    ):
        total, energy, moment = total + part, energy + squares, moment + products
    norm = math.sqrt(energy) or 1.0
    factor = bartlett(1, experiment.dimension - axes, off_axis)
    chi = float(factor[0, 0]) if factor.size else 0.0
    linear = np.append(moment[:-1], norm * chi) / samples
    return RevealedLabels(total / samples, linear, norm, chi, float(moment[-1]) / norm)
