"""One step on a fresh batch, as the closed equations have it (theory note 10, section 3).

The rows are kept as coordinates on orthonormal axes, the teacher's first, and a sample as its coordinates g
on them: then E[X delta] under the pseudo-inverse of Sigma is simply E[g delta], and no matrix is inverted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.schedule import FIRST_ADDRESS, LimitStep, Problem
from giantstep.gaussian.normals import draw_normals, fill_normals
from giantstep.networks.gradient import backpropagated_errors
from giantstep.networks.order_parameters import Array, OrderParameters
from giantstep.streams import Role, Streams

PAIRS = 2048
"""Antithetic pairs drawn and processed at once: small enough for the cache; part of the stream."""

Block = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GradientMoments:
    """Expectations of one gradient G on axes on which the weights have coordinates.

    Attributes
    ----------
    on_axes : array, shape (width, axes)
        E[delta g^T].
    excess : array, shape (width, width)
        What sampling noise adds to on_axes on_axes^T on average; estimated from the blocks.
    energy : array, shape (width, width)
        E[delta delta^T].
    weighted_energy : array or None
        E[delta delta^T |g|^2], asked for at finite dimension only.
    """

    on_axes: Array
    excess: Array
    energy: Array
    weighted_energy: Array | None


def gradient_moments(
    problem: Problem, step: LimitStep, weights: Array, streams: Streams, pairs: int
) -> GradientMoments:
    """Return the moments from antithetic pairs (g, -g), streamed: memory does not depend on their number.

    Cost O(width (axes + width)) a sample.
    """
    width, axes = weights.shape
    rank, noise = problem.target.rank, problem.target.noise**0.5
    with np.errstate(over="ignore"):
        matrix, a, b = (x.astype(np.float32) for x in (weights, problem.readout, problem.biases[:, None]))
    inputs = streams.generator(Role.TEST, FIRST_ADDRESS + step.number)
    noises = streams.generator(Role.NOISE, FIRST_ADDRESS + step.number)
    total, squares = np.zeros((width, axes)), np.zeros((width, width))
    energy, weighted = np.zeros((width, width)), np.zeros((width, width))
    blocks = -(-pairs // PAIRS)
    columns = -(-pairs // blocks)
    finite_dimension = problem.dimension is not None
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(blocks):
            g = fill_normals(inputs, np.empty((axes, columns), np.float32))
            fields = matrix @ g
            both = np.concatenate([fields, -fields], axis=1)
            if problem.network.biased:
                both += b
            z = g[:rank]
            y = np.concatenate([problem.target(z.T), problem.target(-z.T)]).astype(np.float32, copy=False)
            if noise:
                xi = draw_normals(noises, columns) * np.float32(noise)
                y[:columns] += xi
                y[columns:] -= xi
            errors = backpropagated_errors(both, y, a, problem.network.activation, step.loss)
            odd: Block = errors[:, :columns] - errors[:, columns:]
            part = (odd @ g.T).astype(np.float64) / (2 * columns)
            total += part
            squares += part @ part.T
            energy += errors @ errors.T
            if finite_dimension:
                lengths = np.einsum("ij,ij->j", g, g)
                weighted += (errors * np.concatenate([lengths, lengths])) @ errors.T
        mean = total / blocks
        excess = (squares / blocks - mean @ mean.T) / max(blocks - 1, 1)
        outer = np.outer(problem.scale, problem.scale)
        count = 2 * columns * blocks
        return GradientMoments(
            problem.scale[:, None] * mean,
            outer * excess,
            outer * energy / count,
            outer * weighted / count if finite_dimension else None,
        )


def fresh_step(
    problem: Problem, step: LimitStep, state: OrderParameters, streams: Streams, pairs: int
) -> OrderParameters:
    """Return the order parameters after one step on a batch that nobody has seen.

    With a finite dimension the result is the exact mean of the step given the state, up to sampling error.
    """
    weights = state.coordinates()
    moments = gradient_moments(problem, step, weights, streams, pairs)
    with np.errstate(over="ignore", invalid="ignore"):
        return apply(problem, step, state, weights, moments)


def apply(
    problem: Problem, step: LimitStep, state: OrderParameters, weights: Array, moments: GradientMoments
) -> OrderParameters:
    """Return the order parameters after a step whose gradient has these moments."""
    rate, kept = step.learning_rate, step.kept
    signal = moments.on_axes @ moments.on_axes.T - moments.excess
    if moments.weighted_energy is not None and problem.dimension is not None and step.samples is not None:
        rest = problem.dimension - weights.shape[1]
        noise = (moments.weighted_energy + max(rest, 0) * moments.energy) / step.samples
        square = (1.0 - 1.0 / step.samples) * signal + noise
    else:
        square = signal + moments.energy / step.sample_ratio
    along = moments.on_axes @ weights.T
    gram = kept**2 * state.self_overlaps + rate * kept * (along + along.T) + rate**2 * square
    overlaps = kept * state.overlaps + rate * moments.on_axes[:, : problem.target.rank]
    return OrderParameters(overlaps, 0.5 * (gram + gram.T))
