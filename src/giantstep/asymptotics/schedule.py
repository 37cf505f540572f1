"""What the limit needs of a protocol: learning rates as numbers, batches as ratios n / d."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError
from giantstep.networks import Network
from giantstep.protocol import MAX_STEPS, Protocol
from giantstep.sizes import Size
from giantstep.streams import Role, Streams
from giantstep.targets import Target

Array = NDArray[np.float64]

FIRST_ADDRESS = 4 * (MAX_STEPS + 1)
"""Samples of theory step t have the address step = FIRST_ADDRESS + t: no training step, no test sample and no
label noise of the engines can own it. Independent groups are replicates."""


@dataclass(frozen=True, slots=True)
class LimitStep:
    """One step as the equations see it.

    Attributes
    ----------
    number : int
        1, 2, ..
    learning_rate : float
    kept : float
        1 - learning_rate * weight_decay, what is left of the old weights.
    sample_ratio : float
        n / d; infinite where n >> d, and the gradient is then the population's.
    samples : int or None
        n, where the dimension is given.
    loss : str
    preprocess : bool
    """

    number: int
    learning_rate: float
    kept: float
    sample_ratio: float
    samples: int | None
    loss: str
    preprocess: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """The three nouns with every size made a number, and the batches' runs of steps.

    Attributes
    ----------
    readout, biases : array, shape (width,)
    runs : tuple of tuple of LimitStep
        Steps that share a batch; runs of length one are fresh batches used once.
    dimension : int or None
        Finite d, for the exact mean of a fresh step; None is the limit.
    """

    target: Target
    network: Network
    readout: Array
    biases: Array
    runs: tuple[tuple[LimitStep, ...], ...]
    dimension: int | None

    @property
    def steps(self) -> Iterator[LimitStep]:
        """All steps in order."""
        return (step for run in self.runs for step in run)

    @property
    def scale(self) -> Array:
        """a_i / sqrt(width), the factor that completes a neuron's error (theory note 00)."""
        return self.readout / math.sqrt(self.network.width)


def resolve(
    target: Target, network: Network, protocol: Protocol, dimension: int | None, streams: Streams
) -> Problem:
    """Return the problem with the readout and biases that `simulate` gives the same replicate.

    Raises
    ------
    SpecError
        For a size that needs the dimension when none is given, or a dimension out of range.
    CapabilityError
        For batches of fewer than O(d) samples, which have no limit of this kind.
    """
    if dimension is not None:
        whole = isinstance(dimension, int | np.integer) and not isinstance(dimension, bool)
        if not whole or not target.rank <= dimension <= 10**12:
            raise SpecError(
                f"dimension: found {dimension!r}, expected a whole number from {target.rank} (the target's "
                "rank) to 10^12, or None for the limit."
            )
        dimension = int(dimension)
    _need(network.readout_scale, dimension, "readout_scale")
    runs: list[list[LimitStep]] = []
    for number, rule in enumerate(protocol.steps, start=1):
        _need(rule.learning_rate, dimension, f"step {number}: learning_rate")
        rate = rule.learning_rate.at(dimension=dimension or 1, width=network.width)
        samples = None if dimension is None else rule.batch.count(dimension=dimension, width=network.width)
        step = LimitStep(
            number,
            rate,
            1.0 - rate * rule.weight_decay,
            _sample_ratio(rule.batch, number, network.width)
            if samples is None
            else samples / (dimension or 1),
            samples,
            rule.loss,
            rule.preprocess,
        )
        if rule.reuse:
            runs[-1].append(step)
        else:
            runs.append([step])
    return Problem(
        target,
        network,
        network.draw_readout(streams.generator(Role.INIT, chunk=2), dimension or 1),
        network.draw_biases(streams.generator(Role.INIT, chunk=1)),
        tuple(tuple(run) for run in runs),
        dimension,
    )


def _need(size: Size, dimension: int | None, name: str) -> None:
    if dimension is None and size.d_power:
        raise SpecError(f"{name}: found {str(size)!r}, which depends on d. Give dimension=.")


def _sample_ratio(batch: Size, number: int, width: int) -> float:
    """Return n / d at d -> infinity."""
    power = batch.d_power
    if not power:
        raise SpecError(
            f"step {number}: batch {batch} is a plain number, and the theory needs n / d. "
            "Give dimension=, or a batch such as '3d'."
        )
    if power < 1:
        raise CapabilityError(
            f"step {number}: a batch of {batch} samples has n / d -> 0, where the weights have no finite "
            "limit. Use a batch of order d or more, or give dimension=."
        )
    if power > 1:
        return math.inf
    return float(batch.coefficient) * float(width) ** float(batch.p_power)
