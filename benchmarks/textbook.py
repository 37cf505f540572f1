"""The baselines: what one writes first, in plain NumPy, float64, with whole batches in memory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def textbook_step(rng: np.random.Generator, layer: Array, readout: Array, samples: int, rate: float) -> Array:
    """One gradient step of a relu network on z1 + z1 z2, square loss, on a fresh batch."""
    width, dimension = layer.shape
    x = rng.standard_normal((samples, dimension))
    y = x[:, 0] + x[:, 0] * x[:, 1]
    h = x @ layer.T
    residual = y - np.maximum(h, 0.0) @ readout / np.sqrt(width)
    errors = residual[:, None] * (h > 0) * readout / np.sqrt(width)
    return layer + rate * errors.T @ x / samples


def plain_reused_run(rng: np.random.Generator, dimension: int, samples: int, steps: int) -> list[float]:
    """The reused-batch steps of theory note 20 as the note writes them, for its published setting.

    A relu committee of two neurons, target tanh(z1 + z2^3 - 3 z2): one overlap a step, as the note lists.
    """
    rank = width = 2
    axes = rank + width
    readout = np.array([1.0, -1.0]) / np.sqrt(2.0)
    weights = np.hstack([np.zeros((width, rank)), np.eye(width)])
    x = rng.standard_normal((samples, axes))
    y = np.tanh(x[:, 0] + x[:, 1] ** 3 - 3.0 * x[:, 1])
    basis = np.zeros((samples, 0))
    overlaps = [0.0]
    for _ in range(steps):
        h = x @ weights.T
        errors = (y - np.maximum(h, 0.0) @ readout)[:, None] * readout * (h >= 0)
        rest = errors - basis @ (basis.T @ errors)
        rest -= basis @ (basis.T @ rest)
        left, values, right = np.linalg.svd(rest, full_matrices=False)
        kept = values > 1e-10 * np.linalg.norm(errors)
        new, root = left[:, kept], values[kept, None] * right[kept]
        count = new.shape[1]
        factor = np.tril(rng.standard_normal((count, count)), -1)
        factor[np.diag_indices(count)] = np.sqrt(rng.chisquare(dimension - axes - np.arange(count)))
        step = np.hstack([errors.T @ x, root.T @ factor])
        weights = np.hstack([weights, np.zeros((width, count))]) + 0.2 * step / dimension
        xi = rng.standard_normal((samples, count))
        xi -= basis @ (basis.T @ xi) + new @ (new.T @ xi)
        x = np.hstack([x, new @ factor + xi])
        basis = np.hstack([basis, new])
        axes += count
        overlaps.append(float(weights[0, 0]))
    return overlaps
