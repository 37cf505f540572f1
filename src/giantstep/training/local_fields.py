"""Fresh local fields of a trained layer: all that a readout, a label or a test error sees of an input.

For x ~ N(0, I_d) the numbers (z, W x, C_1 . x) are jointly Gaussian and their covariance is the overlaps, so
fresh samples of them cost nothing in d (theory note 20, "After training").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.normals import fill_normals
from giantstep.networks.order_parameters import OrderParameters
from giantstep.protocol import MAX_STEPS
from giantstep.streams import Role
from giantstep.training.axes import gram_root
from giantstep.training.experiment import Array64, Experiment, chunks, labels, noise_stream

CHUNK = 16384
"""Samples with one stream address; part of the stream, never a function of memory or threads."""
BLOCK = 2048
"""Samples processed at once, so that memory stays O(width * BLOCK); part of the stream too."""
NOISE_STEP = MAX_STEPS + 1
"""Label noise of the samples drawn after step t has the address step = NOISE_STEP + t: a protocol has at most
MAX_STEPS steps, so no training step can own it."""

# Eigenvalues of a correlation matrix below this fraction of the largest are float64 rounding.
_NULL = 1e-13

Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LocalFields:
    """The joint Gaussian law of (W x + b, C_1 . x) given on few axes, the teacher's z first.

    Attributes
    ----------
    step : int
        Gradient steps taken; part of the address of every sample.
    weights : array of float32, shape (width [+ 1], rank + axes)
        Coordinates of the neurons (and of C_1, last) on z and on the axes off it.
    biases : array, shape (width,)
    constant : float
        C_0 of preprocessing.
    snapshot : OrderParameters
        The overlaps it was made from.
    """

    step: int
    weights: Block
    biases: Array64
    constant: float
    snapshot: OrderParameters

    @classmethod
    def of(cls, snapshot: OrderParameters, biases: Array64, step: int) -> LocalFields | None:
        """Return the law for a snapshot, or None where float32 cannot hold it.

        The covariance off the teacher, Q - M M^T, may be singular: paired neurons are equal at the start,
        and there may be fewer dimensions than neurons.
        """
        overlaps, gram, linear = snapshot.overlaps, snapshot.self_overlaps, snapshot.linear
        constant = 0.0
        if linear is not None:
            constant = linear.constant
            overlaps = np.vstack([overlaps, linear.teacher])
            gram = np.block(
                [[gram, linear.neurons[:, None]], [linear.neurons[None, :], np.array([[linear.energy]])]]
            )
        largest = np.sqrt(float(np.finfo(np.float32).max))
        if not (np.isfinite(gram).all() and np.abs(gram).max() < largest):
            return None
        root = gram_root(gram - overlaps @ overlaps.T, _NULL)
        weights = np.hstack([overlaps, root.T]).astype(np.float32)
        return cls(step, weights, biases, constant, snapshot)

    @property
    def width(self) -> int:
        """Number of neurons."""
        return len(self.biases)

    def blocks(
        self, experiment: Experiment, role: Role, chunk: int, size: int, *, noisy: bool
    ) -> Iterator[tuple[Block, NDArray[np.float32]]]:
        """Yield (features sigma(W x + b), y - C_0 - C_1 . x) of one chunk of fresh samples, block by block.

        Features have shape (width, samples). The labels are drawn before anything that depends on the
        network, so that networks of any width and training see the same z and the same noise.
        """
        target, network = experiment.target, experiment.network
        generator = experiment.streams.generator(role, self.step, chunk)
        teacher = fill_normals(generator, np.empty((target.rank, size), np.float32))
        noise = noise_stream(experiment, NOISE_STEP + self.step, chunk) if noisy else None
        responses = labels(target, teacher, noise)
        on_teacher, off = self.weights[:, : target.rank], self.weights[:, target.rank :]
        biases = self.biases[:, None].astype(np.float32)
        start = 0
        for _, columns in chunks(size, BLOCK):
            here = slice(start, start + columns)
            start += columns
            fields = on_teacher @ teacher[:, here]
            fields += off @ fill_normals(generator, np.empty((off.shape[1], columns), np.float32))
            y = responses[here] - np.float32(self.constant)
            if len(fields) > self.width:
                y = y - fields[-1]
                fields = fields[: self.width]
            if network.biased:
                fields += biases
            yield np.asarray(network.activation.value(fields), dtype=np.float32), y
