"""First layers of m unit rows in d dimensions, uniform but for their cosines with the target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.bartlett import bartlett

Array = NDArray[np.float64]


def gram_of(overlaps: Array, dimension: int, generator: np.random.Generator) -> Array:
    """Return r_ij = <u_i, u_j> (m, m) of rows with <u_i, u*> = s_i; d may be 10^9.

    >>> gram = gram_of(np.array([0.6, 0.8]), 10**9, np.random.default_rng(0))
    >>> gram.round(3).tolist()
    [[1.0, 0.48], [0.48, 1.0]]
    """
    others = bartlett(len(overlaps), dimension - 1, generator)
    others *= np.sqrt(1 - overlaps**2)[:, None] / np.linalg.norm(others, axis=1, keepdims=True)
    gram = np.multiply.outer(overlaps, overlaps) + others @ others.T
    np.fill_diagonal(gram, 1.0)
    return gram


def rows_of(overlaps: Array, dimension: int, generator: np.random.Generator) -> Array:
    """Return such rows themselves (m, d); u* is the first axis."""
    others = generator.standard_normal((len(overlaps), dimension - 1))
    others *= np.sqrt(1 - overlaps**2)[:, None] / np.linalg.norm(others, axis=1, keepdims=True)
    return np.column_stack([overlaps, others])
