"""Ridge regression on the features of a drawn deep network, measured on inputs that stream by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_array, whole_number, whole_numbers
from giantstep.errors import instance as check_instance
from giantstep.gaussian.normals import draw_normals
from giantstep.networks.deep_problem import DeepInstance
from giantstep.networks.ridge import NormalEquations
from giantstep.streams import Role
from giantstep.threads import one_blas_thread
from giantstep.training.experiment import chunks

Array = NDArray[np.float64]

CHUNK = 1024
"""Inputs with one stream address; part of the stream, never a function of memory or threads."""
TEST_SAMPLES = 2**14
MOST_SAMPLES = 10**12


@dataclass(frozen=True, slots=True)
class RidgeRuns:
    """Errors of every regression of one replicate.

    Attributes
    ----------
    test_error : array, shape (penalties, samples)
        Label noise included: its variance is added, not sampled.
    test_error_se : array, shape (penalties, samples)
        Standard error over the test inputs, which all regressions of the replicate share.
    train_error : array, shape (penalties, samples)
    """

    test_error: Array
    test_error_se: Array
    train_error: Array


def ridge_runs(
    instance: DeepInstance, samples: Sequence[int], ridges: Array, *, test_samples: int = TEST_SAMPLES
) -> RidgeRuns:
    """Fit the readout on n fresh samples for each n and ridge, and test it; nothing of size n x d is stored.

    Parameters
    ----------
    instance : DeepInstance
    samples : sequence of int
        A larger regression holds the samples of the smaller ones.
    ridges : array, shape (penalties, samples)
        House ridge > 0 of each regression.
    test_samples : int

    Raises
    ------
    SpecError
        For samples or ridges out of range.
    """
    check_instance("instance", instance, DeepInstance)
    sizes = whole_numbers("samples", samples, 1, MOST_SAMPLES)
    test_samples = whole_number("test_samples", test_samples, 2, MOST_SAMPLES)
    penalties = real_array("ridge", ridges, "penalties > 0, one a number of samples")
    if penalties.ndim != 2 or penalties.shape[1:] != (len(sizes),) or not (penalties > 0).all():
        raise SpecError("ridge: found a penalty that is not > 0; a simulation needs one, such as 1e-8.")
    width = instance.learner.width
    readouts = np.empty((*penalties.shape, width))
    training = np.empty(penalties.shape)
    with one_blas_thread():
        sums, done = NormalEquations.empty(width), 0
        for place in np.argsort(sizes, kind="stable"):
            for features, y in _between(instance, done, sizes[place]):
                sums.add(features, y)
            done = sizes[place]
            fits = sums.path().fits(penalties[:, place])
            readouts[:, place], training[:, place] = fits.readouts, fits.training_errors
        flat = readouts.reshape(-1, width) / math.sqrt(width)
        total = np.zeros((2, len(flat)))
        for chunk, size in chunks(test_samples, CHUNK):
            features, y = _chunk(instance, Role.TEST, chunk)
            squares = (y[:size] - flat @ features[:, :size]) ** 2
            total += np.stack([squares.sum(1), np.square(squares).sum(1)])
    mean = total[0] / test_samples
    spread = np.sqrt(np.maximum(total[1] / test_samples - mean**2, 0.0) / test_samples)
    shape = penalties.shape
    return RidgeRuns(mean.reshape(shape) + instance.problem.noise, spread.reshape(shape), training)


def _chunk(instance: DeepInstance, role: Role, chunk: int) -> tuple[Array, Array]:
    """Return the features (p, CHUNK) and clean labels of one chunk."""
    generator = instance.streams.generator(role, chunk=chunk)
    inputs = draw_normals(generator, instance.problem.dimension, CHUNK)
    labels = np.asarray(instance.labels(inputs), dtype=np.float64)
    return np.asarray(instance.learner.features(inputs), dtype=np.float64), labels


def _between(instance: DeepInstance, start: int, stop: int) -> Iterator[tuple[Array, Array]]:
    """Yield the training samples start .. stop - 1, noisy, a chunk at a time."""
    noise = instance.problem.noise
    for chunk in range(start // CHUNK, -(-stop // CHUNK)):
        features, labels = _chunk(instance, Role.BATCH, chunk)
        if noise:
            draws: Any = instance.streams.generator(Role.NOISE, chunk=chunk).standard_normal(CHUNK)
            labels = labels + math.sqrt(noise) * draws
        here = slice(max(start - chunk * CHUNK, 0), min(stop - chunk * CHUNK, CHUNK))
        yield features[:, here], labels[here]
