"""The direct engine: the textbook gradient step, streamed over chunks of real inputs.

It draws every coordinate, so its cost grows with the dimension; in exchange it makes no use of any
structure and serves as the reference for the reduced engine, and it is the cheaper one when the width is
comparable with the dimension. The step itself is written to the array-API standard: with a PyTorch
namespace the products run on that device (the numbers are drawn on the host, so the bits of the inputs are
those of NumPy).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import numpy as compat_numpy

from giantstep.errors import CapabilityError
from giantstep.gaussian.normals import draw_normals
from giantstep.networks import Network
from giantstep.networks.gradient import backpropagated_errors
from giantstep.networks.order_parameters import LinearPart, OrderParameters
from giantstep.streams import Role
from giantstep.training.experiment import (
    COMPLETED,
    NONFINITE,
    Array64,
    Experiment,
    Trajectory,
    chunks,
    diverged,
    labels,
    noise_stream,
    single,
)

CHUNK_ENTRIES = 2**23
"""Inputs of one chunk hold at most this many numbers; with the dimension it fixes the stream's chunks."""
MAX_CHUNK = 8192

Array = Any


@dataclass(frozen=True, slots=True)
class Arrays:
    """Where the direct engine computes: an array-API namespace and a device of it.

    >>> Arrays.on(None).namespace.__name__
    'array_api_compat.numpy'
    """

    namespace: Any = compat_numpy
    device: str | None = None

    @classmethod
    def on(cls, device: str | None) -> Arrays:
        """Return NumPy for None, else PyTorch on the named device (``"cpu"``, ``"cuda"``).

        Raises
        ------
        CapabilityError
            When PyTorch or the device is missing.
        """
        if device is None:
            return cls()
        try:
            import torch
            from array_api_compat import torch as compat_torch

            torch.zeros(1, device=device)
        except ImportError:
            raise CapabilityError(
                f"device {device!r}: PyTorch is not installed. Install giantstep[gpu], or leave device out."
            ) from None
        except (RuntimeError, AssertionError) as error:
            raise CapabilityError(f"device {device!r}: {str(error).splitlines()[0]}") from None
        return cls(compat_torch, device)

    def put(self, array: Any) -> Array:
        """Return a NumPy array on the device."""
        if self.device is None:
            return self.namespace.asarray(array)
        return self.namespace.asarray(array, device=self.device)

    def fetch(self, array: Array) -> Any:
        """Return an array of the device as NumPy."""
        return np.asarray(array) if self.device is None else array.cpu().numpy()


def chunk_size(dimension: int) -> int:
    """Return how many samples share one stream address.

    >>> chunk_size(4096), chunk_size(10**9)
    (2048, 1)
    """
    return max(1, min(MAX_CHUNK, CHUNK_ENTRIES // dimension))


def run_direct(experiment: Experiment, arrays: Arrays | None = None) -> Trajectory:
    """Return one replicate's trajectory, drawing every coordinate of every sample.

    Cost per step O(samples * dimension * width) and the drawing of samples * dimension normals; memory
    O(chunk * dimension + width * dimension), flat in the batch.
    """
    rank, snapshots = experiment.target.rank, list[OrderParameters]()
    readout, biases = experiment.draw_readout(), experiment.draw_biases()
    for number, (layer, trend) in enumerate(direct_layers(experiment, arrays)):
        snapshot = _snapshot(layer, rank, trend)
        if number and not np.isfinite(snapshot.self_overlaps).all():
            return Trajectory(readout, biases, tuple(snapshots), NONFINITE, diverged(number))
        snapshots.append(snapshot)
        experiment.on_step(number, snapshot)
    return Trajectory(readout, biases, tuple(snapshots), COMPLETED)


def direct_layers(
    experiment: Experiment, arrays: Arrays | None = None
) -> Iterator[tuple[Array64, tuple[float, Array64] | None]]:
    """Yield the first layer itself, shape (width, dimension), at the start and after every step.

    With each comes what preprocessing took off the labels of its step, (C_0, C_1), or None. The teacher lies
    on the first axes. A run that overflows goes on with what is not finite: the caller decides.

    Examples
    --------
    >>> from giantstep.protocol import Protocol
    >>> from giantstep.targets import Target
    >>> run = Experiment(Target.parse("z1"), Network(2), Protocol.repeat(1, batch="2d"), 10)
    >>> [layer.shape for layer, _ in direct_layers(run)]
    [(2, 10), (2, 10)]
    """
    arrays = arrays or Arrays()
    rank, generator = experiment.target.rank, experiment.streams.generator(Role.INIT)
    layer = _initial_layer(experiment.network, rank, experiment.dimension, generator)
    readout, biases = experiment.draw_readout(), experiment.draw_biases()
    yield layer, None
    first, trend = 1, None
    for number, rule in enumerate(experiment.protocol.steps, start=1):
        if not rule.reuse:
            first, trend = number, None
        if rule.preprocess and trend is None:
            trend = linear_trend(experiment, first)
        gradient = _gradient(experiment, arrays, number, first, layer, readout, biases, trend)
        rate = experiment.learning_rates[number - 1]
        with np.errstate(over="ignore", invalid="ignore"):
            layer = (1.0 - rate * rule.weight_decay) * layer + rate * gradient
        yield layer, trend if rule.preprocess else None


def _initial_layer(network: Network, rank: int, dimension: int, generator: np.random.Generator) -> Array64:
    """Return the first layer at the start, shape (width, dimension), the teacher on the first axes."""
    network.check_dimension(dimension, rank)
    rows = generator.standard_normal((network.free_neurons, dimension))
    if network.rows == "orthonormal":
        basis, _ = np.linalg.qr(rows[:, rank:].T)
        rows = np.hstack([np.zeros((network.free_neurons, rank)), basis.T])
    elif network.rows == "unit":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    else:
        rows /= math.sqrt(dimension)
    return np.vstack([rows, rows]) if network.symmetric else rows


def _samples(experiment: Experiment, step: int, chunk: int, size: int) -> tuple[Any, Any]:
    """Return (inputs, labels) of one chunk of the batch drawn at a step; drawing again gives the same."""
    inputs = draw_normals(experiment.streams.generator(Role.BATCH, step, chunk), size, experiment.dimension)
    teacher_fields = inputs[:, : experiment.target.rank].T
    return inputs, labels(experiment.target, teacher_fields, noise_stream(experiment, step, chunk))


def _batch(experiment: Experiment, step: int) -> Iterator[tuple[int, int]]:
    return chunks(experiment.batches[step - 1], chunk_size(experiment.dimension))


def _gradient(
    experiment: Experiment,
    arrays: Arrays,
    number: int,
    first: int,
    layer: Array64,
    readout: Array64,
    biases: Array64,
    trend: tuple[float, Array64] | None,
) -> Array64:
    """Return (1/n) D^T X of step ``number``, whose batch was drawn at step ``first``."""
    xp, network = arrays.namespace, experiment.network
    rule = experiment.protocol.steps[number - 1]
    weights, a, b = (arrays.put(single(array)) for array in (layer, readout, biases[:, None]))
    constant, slope = trend if rule.preprocess and trend is not None else (0.0, None)

    def chunk_gradient(item: tuple[int, int]) -> tuple[int, Array]:
        with np.errstate(over="ignore", invalid="ignore"):
            inputs, y = _samples(experiment, first, *item)
            if slope is not None:
                y = y - np.float32(constant) - inputs @ slope.astype(np.float32)
            x = arrays.put(inputs)
            fields = weights @ xp.matrix_transpose(x)
            if network.biased:
                fields = fields + b
            errors = backpropagated_errors(fields, arrays.put(y), a, network.activation, rule.loss)
            return item[1], errors @ x

    total = arrays.put(np.zeros(layer.shape))
    with np.errstate(over="ignore", invalid="ignore"):
        for size, part in experiment.chunk_map(chunk_gradient, _batch(experiment, first), experiment.threads):
            total += part
            experiment.on_progress(size)
    scale = readout[:, None] / (math.sqrt(network.width) * experiment.batches[number - 1])
    gradient: Array64 = scale * arrays.fetch(total)
    return gradient


def linear_trend(experiment: Experiment, step: int) -> tuple[float, Array64]:
    """Return C_0 = mean y and C_1 = mean y x of the batch drawn at a step, what preprocessing takes off."""

    def chunk_moments(item: tuple[int, int]) -> tuple[float, Any]:
        inputs, y = _samples(experiment, step, *item)
        return float(y.sum(dtype=np.float64)), y @ inputs

    constant, slope = 0.0, np.zeros(experiment.dimension)
    for total, moment in experiment.chunk_map(chunk_moments, _batch(experiment, step), experiment.threads):
        constant += total
        slope += moment
    samples = experiment.batches[step - 1]
    return constant / samples, slope / samples


def _snapshot(layer: Array64, rank: int, trend: tuple[float, Array64] | None) -> OrderParameters:
    linear = None
    with np.errstate(over="ignore", invalid="ignore"):
        gram = layer @ layer.T
        if trend is not None:
            constant, slope = trend
            linear = LinearPart(constant, slope[:rank], layer @ slope, float(slope @ slope))
    return OrderParameters(layer[:, :rank].copy(), gram, linear)
