"""Bartlett factors: Gaussian vectors seen from axes that they open themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def bartlett(vectors: int, dimension: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the coordinates of iid N(0, I) vectors on new orthonormal axes that span them.

    If Z has shape (vectors, dimension) with iid N(0, 1) entries, then Z = T O with O uniform among matrices
    of orthonormal rows and independent of T; this draws T without ever forming Z, so the dimension may be
    10^9 (Bartlett 1933; theory note 20).

    Parameters
    ----------
    vectors : int
        Number of Gaussian vectors, >= 0.
    dimension : int
        Dimension of the space they live in, >= 0.
    generator : numpy.random.Generator

    Returns
    -------
    array, shape (vectors, min(vectors, dimension))
        Lower triangular with chi-distributed diagonal where ``dimension >= vectors``. Otherwise the
        dimension's own coordinates serve as the axes and the entries are iid N(0, 1), which is exact too.

    Examples
    --------
    >>> factor = bartlett(2, 10**9, np.random.default_rng(0))
    >>> bool(abs(factor[0, 0] / 10**4.5 - 1) < 1e-3), float(factor[0, 1])
    (True, 0.0)
    """
    if dimension < vectors:
        return generator.standard_normal((vectors, dimension))
    factor = np.tril(generator.standard_normal((vectors, vectors)), -1)
    degrees = dimension - np.arange(vectors)
    factor[np.diag_indices(vectors)] = np.sqrt(generator.chisquare(degrees)) if vectors else 0.0
    return factor
