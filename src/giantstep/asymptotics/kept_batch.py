"""Steps that share one batch: a population of training samples carries the whole history.

The equations are those of theory note 10, section 4, in the coordinates of note 20: the limit n = alpha d,
d -> infinity of the reduced engine. A sample's coordinate on an axis that a gradient opened is
xi + q / sqrt(alpha), where xi is fresh noise and q the sample's own entry of the orthonormalised errors that
opened it. In section 4's terms xi is the cavity field and q sqrt(alpha) the cavity shift, whose rule
kappa' = kappa + eta (delta + R kappa) follows, so neither R nor a pseudo-inverse has to be formed. The same
holds for the labels' own axis, so preprocessing needs nothing new.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.schedule import FIRST_ADDRESS, LimitStep, Problem
from giantstep.errors import CapabilityError
from giantstep.gaussian.normals import draw_normals
from giantstep.networks.gradient import backpropagated_errors
from giantstep.networks.order_parameters import Array, LinearPart, OrderParameters
from giantstep.streams import Role, Streams

COLUMNS = 4096
"""Samples processed at once, antithetic halves together: the cache's size; part of the stream."""

MEMORY = 2**31
"""Bytes one population may take."""

# Directions of the errors with less than this fraction of their variance are float32 rounding.
_NULL = 1e-9

Block = NDArray[np.float32]


class Population:
    """Samples of one kept batch, rows contiguous.

    ``inputs`` (axes, samples) grow by the axes that gradients open; ``basis`` (m, samples) are orthonormal
    functions of the sample spanning all errors so far.
    """

    def __init__(self, problem: Problem, run: tuple[LimitStep, ...], axes: int, streams: Streams, pairs: int):
        self.problem, self.streams = problem, streams
        self.ratio = run[0].sample_ratio
        blocks = max(1, round(2 * pairs / COLUMNS))
        self.samples = blocks * 2 * -(-pairs // blocks)
        self.columns = self.samples // blocks
        width = problem.network.width
        openings = 0
        if math.isfinite(self.ratio):
            openings = width * (len(run) - 1) + any(step.preprocess for step in run)
        rows = axes + 2 * openings + 3 * width
        if 4 * rows * self.samples > MEMORY:
            raise CapabilityError(
                f"steps that share a batch: {self.samples} samples at a time need "
                f"{4 * rows * self.samples / 2**30:.1f} GiB, at most {MEMORY / 2**30:.0f} GiB are "
                "taken. Lower the width, the number of reused steps or samples."
            )
        self.inputs = np.empty((axes + openings, self.samples), np.float32)
        self.basis = np.empty((openings, self.samples), np.float32)
        self.errors = np.empty((width, self.samples), np.float32)
        self.axes = self.found = 0
        self._open(axes, run[0].number, 0)
        self.labels = self._draw_labels(run[0].number)

    @property
    def blocks(self) -> Iterator[slice]:
        """Columns of each block."""
        return (slice(i, i + self.columns) for i in range(0, self.samples, self.columns))

    def _open(self, count: int, step: int, kind: int) -> None:
        """Fill the next ``count`` axes with noise in antithetic halves."""
        generator = self.streams.generator(Role.TEST, FIRST_ADDRESS + step, kind)
        half = self.columns // 2
        for block in self.blocks:
            draws = draw_normals(generator, count, half)
            rows = self.inputs[self.axes : self.axes + count, block]
            rows[:, :half], rows[:, half:] = draws, -draws
        self.axes += count

    def _draw_labels(self, step: int) -> Block:
        target = self.problem.target
        labels = np.empty(self.samples, np.float32)
        noises = self.streams.generator(Role.NOISE, FIRST_ADDRESS + step)
        for block in self.blocks:
            labels[block] = target(self.inputs[: target.rank, block].T)
            if target.noise:
                half = draw_normals(noises, self.columns // 2) * np.float32(target.noise**0.5)
                labels[block] += np.concatenate([half, -half])
        return labels

    def gradient(
        self, errors_of: Callable[[slice], Block], count: int, step: int, kind: int, grow: bool
    ) -> Array:
        """Return E[errors x^T] on the known axes and on those it opens, shape (count, axes).

        Parameters
        ----------
        errors_of : callable
            Columns of a block to errors (count, columns).
        kind : int
            Which opening of the step this is; part of the address.
        grow : bool
            Whether the samples need their coordinates on the opened axes.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return self._gradient(errors_of, count, step, kind, grow)

    def _gradient(
        self, errors_of: Callable[[slice], Block], count: int, step: int, kind: int, grow: bool
    ) -> Array:
        errors, basis = self.errors[:count], self.basis[: self.found]
        total, squares = np.zeros((count, self.axes)), np.zeros((count, count))
        on_basis, energies = np.zeros((count, self.found)), np.zeros(count)
        blocks = self.samples // self.columns
        for block in self.blocks:
            errors[:, block] = errors_of(block)
            part = (errors[:, block] @ self.inputs[: self.axes, block].T).astype(np.float64) / self.columns
            total += part
            squares += part @ part.T
            wide = errors[:, block].astype(np.float64)
            on_basis += wide @ basis[:, block].T
            energies += np.einsum("ij,ij->i", wide, wide)
        mean = total / blocks
        if math.isinf(self.ratio) or not np.isfinite(energies).all():
            return mean
        excess = (squares / blocks - mean @ mean.T) / max(blocks - 1, 1)
        on_basis /= self.samples
        scale = np.sqrt(np.where(energies > 0.0, energies / self.samples, 1.0))
        gram = np.zeros((count, count))
        for block in self.blocks:
            errors[:, block] -= on_basis.astype(np.float32) @ basis[:, block]
            wide = errors[:, block].astype(np.float64)
            gram += wide @ wide.T
        values, vectors = np.linalg.eigh(gram / self.samples / np.outer(scale, scale))
        seen = values > _NULL
        root, vectors = np.sqrt(values[seen]), vectors[:, seen]
        if grow:
            self._learn((vectors / root).T / scale, errors, step, kind)
        # The noise of E[errors x^T] would add to its square on average: take as much off what it opens.
        surplus = (vectors / root).T @ (excess / np.outer(scale, scale)) @ (vectors / root)
        shares, frame = np.linalg.eigh(np.eye(root.size) - self.ratio * surplus)
        damping = (frame * np.sqrt(np.clip(shares, 0.0, None))) @ frame.T
        opened = scale[:, None] * (vectors * root) @ damping / math.sqrt(self.ratio)
        return np.hstack([mean, opened])

    def _learn(self, orthonormalise: Array, errors: Block, step: int, kind: int) -> None:
        """Add the orthonormalised errors to the basis, and the axes they open to the inputs."""
        count = len(orthonormalise)
        mix = orthonormalise.astype(np.float32)
        start = self.axes
        self._open(count, step, 1 + kind)
        weight = np.float32(1.0 / math.sqrt(self.ratio))
        for block in self.blocks:
            fresh = mix @ errors[:, block]
            self.basis[self.found : self.found + count, block] = fresh
            self.inputs[start : self.axes, block] += weight * fresh
        self.found += count


def kept_steps(
    problem: Problem, run: tuple[LimitStep, ...], state: OrderParameters, streams: Streams, pairs: int
) -> Iterator[OrderParameters]:
    """Yield the order parameters after each of the steps that share a batch.

    Only the Gram matrix of the weights survives from the steps before: a fresh batch is independent of it.
    """
    weights = state.coordinates()
    population = Population(problem, run, weights.shape[1], streams, pairs)
    rank, network = problem.target.rank, problem.network
    constant, linear = 0.0, np.zeros(0)
    for step in run:
        if step.preprocess and not linear.size:
            constant = float(population.labels.mean(dtype=np.float64))
            linear = population.gradient(
                lambda block: population.labels[None, block], 1, step.number, 1, True
            )[0]
        matrix = _padded(weights, population.axes).astype(np.float32)
        slope = _padded(linear[None], population.axes)[0].astype(np.float32)
        errors_of = partial(_errors, population, step, matrix, constant, slope)
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = population.gradient(errors_of, network.width, step.number, 2, step is not run[-1])
            weights = step.kept * _padded(weights, gradient.shape[1])
            weights = weights + step.learning_rate * problem.scale[:, None] * gradient
            overlaps, gram = weights[:, :rank], weights @ weights.T
        part = None
        if step.preprocess:
            neurons = _padded(linear[None], weights.shape[1])[0]
            part = LinearPart(constant, linear[:rank], weights @ neurons, float(linear @ linear))
        new = OrderParameters(overlaps, gram, part)
        yield new
        if not new.finite:
            return


def _errors(
    population: Population, step: LimitStep, weights: Block, constant: float, slope: Block, block: slice
) -> Block:
    """Return E = residual sigma' of one step on the columns of a block."""
    problem = population.problem
    known, y = population.inputs[: population.axes, block], population.labels[block]
    fields = weights @ known
    if problem.network.biased:
        fields += problem.biases[:, None].astype(np.float32)
    if step.preprocess:
        y = y - np.float32(constant) - slope @ known
    readout = problem.readout.astype(np.float32)
    errors: Block = backpropagated_errors(fields, y, readout, problem.network.activation, step.loss)
    return errors


def _padded(rows: Array, axes: int) -> Array:
    """Return the rows with zeros on the axes that came later."""
    return np.pad(rows, ((0, 0), (0, axes - rows.shape[1])))
