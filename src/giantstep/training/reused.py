"""Exact steps that use one batch again and again (theory note 20, "Steps that reuse the batch").

What is known of the batch: its coordinates on the axes opened so far, and an orthonormal basis B of the
sample-space directions whose products with the rest of it are already fixed. Everything else is still
fresh Gaussian noise. Both live in one float32 array in blocks of samples, so that a pass over the batch
stays in the cache; sums are float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.bartlett import bartlett
from giantstep.gaussian.normals import fill_normals
from giantstep.networks.gradient import backpropagated_errors
from giantstep.streams import Role
from giantstep.threads import ordered_map
from giantstep.training.axes import compress
from giantstep.training.experiment import (
    Array64,
    Experiment,
    chunks,
    ignore_progress,
    labels,
    noise_stream,
    single,
)
from giantstep.training.fresh import BLOCK, CHUNK

# A left vector whose part beyond the basis is below this fraction of itself lies in the basis: float32
# rounding alone leaves 1e-7 of it.
_NULL = 3e-6

THREADED_WIDTH = 16
"""Width from which threads are worth their while on a kept batch, which is bound by memory."""

Block = NDArray[np.float32]
Sum = TypeVar("Sum")


@dataclass(frozen=True, slots=True)
class Opening:
    """How the left vectors become basis vectors and new axes, applied when a block is next visited.

    With left vectors D_perp already cleared of the basis once: Q = orthonormalise (D_perp - second^T B), and
    the new coordinates are mix^T Q + (xi - noise_on_basis^T B) (theory note 20, "X <- ...").
    """

    orthonormalise: Block
    second: Block
    mix: Block
    noise_on_basis: Block


class KeptBatch:
    """A batch that is kept, with what is known of it.

    Parameters
    ----------
    experiment : Experiment
    step : int
        The step that draws it; axes opened later are drawn under the address of the step that opens them.
    layer : array, shape (width, axes)
        First layer whose axes the batch is drawn on.
    uses : int
        How many steps will use it.
    """

    def __init__(self, experiment: Experiment, step: int, layer: Array64, uses: int) -> None:
        self.experiment, self.step = experiment, step
        self.samples = experiment.batches[step - 1]
        width = experiment.network.width
        steps = experiment.protocol.steps[step - 1 : step - 1 + uses]
        openings = width * (uses - 1) + any(rule.preprocess for rule in steps)
        self.axes = layer.shape[1]
        self.basis = 0
        # rows: the label | the axes | the basis | the left vectors that come next
        self.first_basis = 1 + self.axes + openings
        rows = self.first_basis + openings + width
        self.store = np.zeros((-(-self.samples // BLOCK), rows, BLOCK), np.float32)
        self.pending: Opening | None = None
        self.linear = np.zeros(0)
        self.constant = sum(self._visit(self._draw)) / self.samples

    def _visit(self, work: Callable[[int, list[Block]], Sum]) -> Iterator[Sum]:
        """Yield ``work(chunk, blocks)`` in the order of the chunks."""

        def one(item: tuple[int, int]) -> Sum:
            index, size = item
            start = index * (CHUNK // BLOCK)
            blocks = [self.store[start + k, :, :columns] for k, columns in chunks(size, BLOCK)]
            with np.errstate(over="ignore", invalid="ignore"):
                return work(index, blocks)

        return ordered_map(one, chunks(self.samples, CHUNK), self.experiment.chunk_threads(THREADED_WIDTH))

    def _draw(self, chunk: int, blocks: list[Block]) -> float:
        """Fill one chunk with its coordinates and labels; return the sum of its labels."""
        inputs = self.experiment.streams.generator(Role.BATCH, self.step, chunk)
        noise = noise_stream(self.experiment, self.step, chunk)
        target, total = self.experiment.target, 0.0
        for block in blocks:
            block[self._known] = fill_normals(inputs, np.empty((self.axes, block.shape[1]), np.float32))
            block[0] = labels(target, block[1 : 1 + target.rank], noise)
            total += float(block[0].sum(dtype=np.float64))
        return total

    @property
    def _known(self) -> slice:
        return slice(1, 1 + self.axes)

    @property
    def _done(self) -> slice:
        return slice(self.first_basis, self.first_basis + self.basis)

    def left(self, count: int) -> slice:
        """Return the rows where the next ``count`` left vectors go."""
        start = self.first_basis + self.basis
        return slice(start, start + count)

    def _settle(self, block: Block) -> None:
        """Carry out the pending opening on one block: basis rows and axis rows take their final values."""
        opening = self.pending
        if opening is None:
            return
        count, news = opening.orthonormalise.shape[0], opening.mix.shape[1]
        old = slice(self.first_basis, self.first_basis + self.basis - count)
        raw = slice(old.stop, old.stop + opening.orthonormalise.shape[1])
        fresh = opening.orthonormalise @ (block[raw] - opening.second.T @ block[old])
        block[old.stop : old.stop + count] = fresh
        axes = block[1 + self.axes - news : 1 + self.axes]
        axes += opening.mix.T @ fresh
        axes -= opening.noise_on_basis.T @ block[old]

    def write_left(
        self, count: int, left_of: Callable[[Block, Block], Block], on_progress: Callable[[int], None]
    ) -> tuple[Array64, Array64, Array64]:
        """Set the next left vectors D, one row each, to ``left_of(label, coordinates)``.

        Returns
        -------
        products, on_basis, energies : arrays
            D X^T (count, axes), B D^T (basis, count) and |D_i|^2 (count,).
        """
        rows, height = self.left(count), self.axes + self.basis

        def work(chunk: int, blocks: list[Block]) -> tuple[Array64, Array64, int]:
            product, energy, size = np.zeros((count, height)), np.zeros(count), 0
            for block in blocks:
                self._settle(block)
                left = block[rows]
                left[:] = left_of(block[0], block[self._known])
                product[:, : self.axes] += left @ block[self._known].T
                product[:, self.axes :] += left @ block[self._done].T
                energy += np.einsum("ij,ij->i", left, left)
                size += block.shape[1]
            return product, energy, size

        products, energies = np.zeros((count, height)), np.zeros(count)
        for product, energy, size in self._visit(work):
            products += product
            energies += energy
            on_progress(size)
        self.pending = None
        return products[:, : self.axes], products[:, self.axes :].T, energies

    def open_axes(
        self, address: tuple[int, int], on_basis: Array64, energies: Array64, keep: bool
    ) -> Array64:
        """Return D^T X off the known axes as coordinates on new ones, shape (count, new axes).

        Parameters
        ----------
        address : tuple (step, kind)
            Where its randomness lives; kind 0 for a gradient, 1 for the labels.
        on_basis, energies : arrays
            What `write_left` returned.
        keep : bool
            Whether the batch learns its own coordinates on the new axes, which a later use needs.
        """
        (step, kind), count = address, energies.size
        rows = self.left(count)
        clear = on_basis.T.astype(np.float32)
        noise_rows = slice(1 + self.axes, 1 + self.axes + count)
        streams = self.experiment.streams

        def work(chunk: int, blocks: list[Block]) -> Array64:
            total = np.zeros((self.basis + count, 2 * count))
            inputs = streams.generator(Role.OFF_AXIS, step, 2 * chunk + 2 + kind)
            for block in blocks:
                left = block[rows]
                left -= clear @ block[self._done]
                # float64, because nearly equal neurons have a nearly singular Gram matrix.
                frame = block[self.first_basis : rows.stop].astype(np.float64)
                total[:, :count] += frame @ frame[self.basis :].T
                if keep:
                    noise = fill_normals(inputs, np.empty((count, block.shape[1]), np.float32))
                    block[noise_rows] = noise
                    total[:, count:] += frame @ noise.T.astype(np.float64)
            return total

        total = np.zeros((self.basis + count, 2 * count))
        for part in self._visit(work):
            total += part
        second, noise_on_basis = np.split(total[: self.basis], 2, axis=1)
        gram = total[self.basis :, :count] - second.T @ second
        scale = np.sqrt(np.where(energies > 0.0, energies, 1.0))
        values, vectors = np.linalg.eigh(gram / np.outer(scale, scale))
        kept = values > _NULL**2
        root = np.sqrt(values[kept])
        orthonormalise = (vectors[:, kept] / root).T / scale
        off_axis = streams.generator(Role.OFF_AXIS, step, kind)
        fresh = bartlett(root.size, max(self.experiment.dimension - self.axes, 0), off_axis)
        if keep:
            news = fresh.shape[1]
            noise_on_left = total[self.basis :, count:] - second.T @ noise_on_basis
            mix = fresh - (orthonormalise @ noise_on_left)[:, :news]
            parts = (orthonormalise, second, mix, noise_on_basis[:, :news])
            self.pending = Opening(*(np.ascontiguousarray(part, np.float32) for part in parts))
            self.basis += root.size
            self.axes += news
        opened: Array64 = ((vectors[:, kept] * root).T * scale).T @ fresh
        return opened

    def reveal_labels(self, step: int) -> None:
        """Open the axis of X^T y, so that the linear predictor C_1 = X^T y / n lies on the axes."""
        products, on_basis, energies = self.write_left(1, lambda y, known: y[None], ignore_progress)
        opened = self.open_axes((step, 1), on_basis, energies, keep=True)
        self.linear = np.append(products[0], opened[0]) / self.samples


def _errors_of(
    experiment: Experiment, step: int, layer: Array64, readout: Array64, biases: Array64, batch: KeptBatch
) -> Callable[[Block, Block], Block]:
    """Return the function (labels, coordinates) -> E = residual sigma' of one step."""
    network, rule = experiment.network, experiment.protocol.steps[step - 1]
    weights, a, b = (single(array) for array in (layer, readout, biases[:, None]))
    linear = np.zeros(batch.axes, np.float32)
    linear[: batch.linear.size] = batch.linear

    def errors(y: Block, known: Block) -> Block:
        fields = weights @ known
        if network.biased:
            fields += b
        if rule.preprocess:
            y = y - np.float32(batch.constant) - linear @ known
        result: Block = backpropagated_errors(fields, y, a, network.activation, rule.loss)
        return result

    return errors


def reused_steps(
    experiment: Experiment, first: int, uses: int, layer: Array64, readout: Array64, biases: Array64
) -> Iterator[tuple[Array64, float, Array64 | None]]:
    """Yield (layer, C_0, C_1 on the axes or None) after each of the steps that share the batch of ``first``.

    Parameters
    ----------
    first : int
        Number of the step (from 1) that draws the batch.
    uses : int
        How many consecutive steps use it.
    """
    network = experiment.network
    layer = compress(layer, experiment.target.rank)
    batch = KeptBatch(experiment, first, layer, uses)
    scale = readout[:, None] / math.sqrt(network.width)
    for step in range(first, first + uses):
        rule = experiment.protocol.steps[step - 1]
        rate = experiment.learning_rates[step - 1]
        if rule.preprocess and not batch.linear.size:
            batch.reveal_labels(step)
            layer = np.hstack([layer, np.zeros((network.width, batch.axes - layer.shape[1]))])
        errors = _errors_of(experiment, step, layer, readout, biases, batch)
        products, on_basis, energies = batch.write_left(network.width, errors, experiment.on_progress)
        if not np.isfinite(energies).all():
            yield np.full_like(layer, np.nan), batch.constant, None
            return
        opened = batch.open_axes((step, 0), on_basis, energies, keep=step < first + uses - 1)
        gradient = scale * np.hstack([products, opened]) / batch.samples
        layer = np.hstack([layer, np.zeros((network.width, opened.shape[1]))])
        layer = (1.0 - rate * rule.weight_decay) * layer + rate * gradient
        yield layer, batch.constant, batch.linear if rule.preprocess else None
