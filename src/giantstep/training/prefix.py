"""One streamed pass over a fresh batch gives the gradient on every smaller batch: prefix sums, exact in law.

The gradient on the first n_j samples is a sum over the increments between n_1 < n_2 < .. On the known axes
(theory note 20) it is simply accumulated. Off them, increment i adds R_i^T Z_i with R_i^T R_i = D_i^T D_i,
the Gram matrix of the increment's own errors, and Z_i iid Gaussian vectors, fresh for every increment:
given the fields, an increment sees its own samples only. What matters of the running sums P_j = sum_{i<=j}
R_i^T Z_i is their joint law up to one rotation. So P_j is kept as coordinates on the axes it has opened;
the next Z is then N(0, 1) on those axes, since nobody has looked along them at these samples, and opens new
axes by its Bartlett factor in the remaining dimensions; afterwards P_{j+1} is rotated to as few axes as its
rank. A Bartlett factor drawn anew for every prefix would have the right law at each n and the wrong one
between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError
from giantstep.gaussian.bartlett import bartlett
from giantstep.gaussian.normals import fill_normals
from giantstep.networks.gradient import backpropagated_errors
from giantstep.streams import Role
from giantstep.threads import ordered_map
from giantstep.training.axes import compress, gram_root
from giantstep.training.experiment import Array64, Experiment, chunks, labels, noise_stream, single
from giantstep.training.fresh import BLOCK, CHUNK


@dataclass(frozen=True, slots=True)
class PrefixGradients:
    """The gradients of one step on nested batches.

    Attributes
    ----------
    layer : array, shape (width, axes)
        The layer they were taken at, teacher axes first.
    samples : array of int, shape (prefixes,)
        Sizes of the batches; each contains the ones before it.
    known : array, shape (prefixes, width, axes)
        (1/n) D^T X on the layer's axes.
    off_grams : array, shape (prefixes, width, width)
        Gram matrices of what the gradients are off those axes.
    """

    layer: Array64
    samples: NDArray[np.int64]
    known: Array64
    off_grams: Array64

    @property
    def energies(self) -> Array64:
        """Squared norm of each neuron's gradient, shape (prefixes, width)."""
        on_axes: Array64 = (self.known**2).sum(-1)
        return on_axes + np.einsum("jii->ji", self.off_grams)

    @property
    def along_rows(self) -> Array64:
        """Each neuron's gradient . its own row, shape (prefixes, width)."""
        return np.einsum("jik,ik->ji", self.known, self.layer)

    def order_parameters(self, prefix: int, rate: float, rank: int) -> tuple[Array64, Array64]:
        """Return (overlaps, self_overlaps) of the layer after the step on one of the batches."""
        moved = self.layer + rate * self.known[prefix]
        return moved[:, :rank], moved @ moved.T + rate**2 * self.off_grams[prefix]


def prefix_gradients(
    experiment: Experiment,
    step: int,
    layer: Array64,
    readout: Array64,
    biases: Array64,
    samples: Sequence[int],
) -> PrefixGradients:
    """Return the gradient of step ``step`` (from 1) on the first n samples of its batch, for several n.

    Parameters
    ----------
    layer : array, shape (width, axes)
        The layer before the step; teacher axes first.
    samples : sequence of int
        Growing sizes, at most the step's batch. The samples are those `fresh_step` draws for the whole batch.

    Raises
    ------
    SpecError
        When the sizes do not grow or leave the batch.
    CapabilityError
        For a preprocessed step, whose labels depend on the whole batch.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target
    >>> experiment = Experiment(Target.parse("z1"), Network(2), Protocol.repeat(1, batch="4d"), 10**6)
    >>> start = np.array([[0.0, 1.0], [0.0, 1.0]])
    >>> found = prefix_gradients(experiment, 1, start, np.array([1.0, -1.0]), np.zeros(2), [10**6, 4 * 10**6])
    >>> signal, noise = found.known[:, 0, 0] ** 2, found.off_grams[:, 0, 0]
    >>> (noise / signal).round(1).tolist()  # E s'^2 / (E s')^2 d / n = 2 d / n
    [2.0, 0.5]
    """
    target, rule = experiment.target, experiment.protocol.steps[step - 1]
    batch = experiment.batches[step - 1]
    sizes = [int(size) for size in samples]
    if not sizes or sizes[0] < 1 or sizes[-1] > batch or any(b <= a for a, b in pairwise(sizes)):
        raise SpecError(f"samples: found {sizes}, expected growing sizes from 1 to the batch of {batch}.")
    if rule.preprocess:
        raise CapabilityError("prefixes of a batch: a preprocessed step takes C_0, C_1 from its whole batch.")
    layer = compress(layer, target.rank)
    width, axes = layer.shape
    sums = _accumulate(experiment, step, layer, readout, biases, np.array(sizes))
    scale = readout / math.sqrt(width)
    off_axis = experiment.streams.generator(Role.OFF_AXIS, step)
    free = max(experiment.dimension - axes, 0)
    known, grams = np.empty((len(sizes), width, axes)), np.empty((len(sizes), width, width))
    on_axes, off = np.zeros((width, axes)), np.zeros((width, 0))
    if not np.isfinite(sums).all():
        known[:], grams[:] = np.nan, np.nan
        return PrefixGradients(layer, np.array(sizes), known, grams)
    for index, (size, part) in enumerate(zip(sizes, sums, strict=True)):
        on_axes = on_axes + scale[:, None] * part[:, :axes]
        off = _added(off, gram_root(np.outer(scale, scale) * part[:, axes:]), free, off_axis)
        known[index], grams[index] = on_axes / size, off @ off.T / size**2
    return PrefixGradients(layer, np.array(sizes), known, grams)


def _added(off: Array64, root: Array64, free: int, generator: np.random.Generator) -> Array64:
    """Return P + R^T Z on the fewest axes, for P given on the axes it opened among ``free`` dimensions."""
    opened = off.shape[1]
    along = generator.standard_normal((len(root), opened))
    beyond = bartlett(len(root), max(free - opened, 0), generator)
    return compress(np.hstack([off + root.T @ along, root.T @ beyond]), 0)


def _accumulate(
    experiment: Experiment,
    step: int,
    layer: Array64,
    readout: Array64,
    biases: Array64,
    ends: NDArray[np.int64],
) -> Array64:
    """Return the sums of E (X, E)^T over each increment, E = residual sigma', one row a neuron."""
    target, network = experiment.target, experiment.network
    width, axes = layer.shape
    loss = experiment.protocol.steps[step - 1].loss
    weights, a, b = (single(array) for array in (layer, readout, biases[:, None]))
    batch, last = experiment.batches[step - 1], int(ends[-1])
    height = axes + width

    def chunk_sums(item: tuple[int, int]) -> tuple[int, list[tuple[int, Array64]]]:
        index, size = item
        inputs = experiment.streams.generator(Role.BATCH, step, index)
        noise = noise_stream(experiment, step, index)
        buffer = np.empty((height, BLOCK), np.float32)
        totals: dict[int, Array64] = {}
        start = index * CHUNK
        with np.errstate(over="ignore", invalid="ignore"):
            for _, columns in chunks(size, BLOCK):
                block = buffer if columns == BLOCK else np.empty((height, columns), np.float32)
                known = fill_normals(inputs, block[:axes])
                y = labels(target, known[: target.rank], noise)
                fields = weights @ known
                if network.biased:
                    fields += b
                errors = block[axes:]
                errors[:] = backpropagated_errors(fields, y, a, network.activation, loss)
                for increment, here in _pieces(ends, start, min(columns, last - start)):
                    total = totals.setdefault(increment, np.zeros((width, height)))
                    total += errors[:, here] @ block[:, here].T
                start += columns
        return size, sorted(totals.items())

    result = np.zeros((len(ends), width, height))
    # Whole blocks of the batch are drawn, so that the samples are those of the full step, and no block more.
    items = [item for item in chunks(batch, CHUNK) if item[0] * CHUNK < last]
    for size, totals in ordered_map(chunk_sums, items, experiment.threads):
        for increment, total in totals:
            result[increment] += total
        experiment.on_progress(size)
    return result


def _pieces(ends: NDArray[np.int64], start: int, columns: int) -> list[tuple[int, slice]]:
    """Return (increment, columns) of the parts that a block of samples start .. start + columns has.

    >>> _pieces(np.array([3, 5, 20]), 2, 4)
    [(0, slice(0, 1, None)), (1, slice(1, 3, None)), (2, slice(3, 4, None))]
    """
    if columns <= 0:
        return []
    inner = ends[(ends > start) & (ends < start + columns)] - start
    edges = [0, *(int(edge) for edge in inner), columns]
    return [(int(np.searchsorted(ends, start + a, side="right")), slice(a, b)) for a, b in pairwise(edges)]
