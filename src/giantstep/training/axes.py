"""Coordinates on axes of R^d that are never materialised (theory note 20).

A first layer is a matrix (width, axes) whose first ``rank`` axes are the teacher's directions. What lies
beyond them matters only through its Gram matrix, so it may be rotated to as few axes as its rank.
"""

from __future__ import annotations

import numpy as np

from giantstep.gaussian.bartlett import bartlett
from giantstep.networks import Network
from giantstep.training.experiment import Array64

# Singular values of the weights below this fraction of the largest are float32 rounding, not directions.
_NULL = 1e-7


def initial_layer(network: Network, rank: int, dimension: int, generator: np.random.Generator) -> Array64:
    """Return the first layer at the start, shape (width, rank + free neurons or fewer).

    Exact in law at the given dimension for each kind of rows; see `Network`.
    """
    network.check_dimension(dimension, rank)
    count = network.free_neurons
    if network.rows == "orthonormal":
        rows = np.hstack([np.zeros((count, rank)), np.eye(count)])
    else:
        on_teacher = generator.standard_normal((count, rank))
        rows = np.hstack([on_teacher, bartlett(count, dimension - rank, generator)])
        # The direction of a Gaussian row is uniform on the sphere and independent of its norm.
        norms = np.linalg.norm(rows, axis=1, keepdims=True) if network.rows == "unit" else dimension**0.5
        rows = rows / norms
    return np.vstack([rows, rows]) if network.symmetric else rows


def compress(layer: Array64, rank: int) -> Array64:
    """Return the same layer on the fewest axes: teacher axes kept, the rest rotated to its row rank."""
    off = layer[:, rank:]
    if not off.size:
        return layer
    left, values, _ = np.linalg.svd(off, full_matrices=False)
    kept = values > _NULL * max(values[0], np.finfo(float).tiny)
    return np.hstack([layer[:, :rank], left[:, kept] * values[kept]])


def gram_root(gram: Array64, null: float = 1e-10) -> Array64:
    """Return R of full row rank with R^T R = gram, for a positive semi-definite matrix known up to rounding.

    The matrix may be singular (paired neurons have equal errors), so a bare Cholesky would fail; eigenvalues
    below ``null`` of the correlation matrix count as zero.
    """
    scale = np.sqrt(np.clip(np.diag(gram), 0.0, None))
    safe = np.where(scale > 0.0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(safe, safe))
    kept = values > null * max(values[-1], np.finfo(float).tiny)
    root: Array64 = (np.sqrt(values[kept])[:, None] * vectors[:, kept].T) * scale
    return root
