"""The top of the spectrum of a first layer, and where its bulk ends once the readout's powers are taken out.

Every spike that a giant step makes has its left vector in the span of a, a^2, a^3, .. (theory note 40, B.1).
Projecting these out leaves the bulk as the steps have swollen it, so its edge adapts (B.7, "projected edge").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.training.spike_strengths import SpikeStrengths, spike_strengths

Array = NDArray[np.float64]

POWERS = 4
"""Powers of the readout that are projected out."""

MARGIN = 0.01
"""An outlier stands above the projected edge by more than this fraction, at least."""

FINITE_SIZE = 6.0
"""Divided by the width: what the projection alone takes off the edge of pure noise. The median is 1 / width,
the most seen in 1000 draws at widths 20 to 600 was 5 / width."""

LEAST_SPAN = 0.2
"""More than this of an outlier's left vector lies in the span of the powers, chance taken off (B.7).

Bulk vectors on rows of large |a| overlap with the powers too, and projecting these out lowers their edge by
more than the margin. What such a vector has by chance, were its signs random, is the mean of the rows' shares
|Q^T e_i|^2 weighted by u_i^2: near in_span itself for bulk, far below it for spikes.
"""

SHOWN = 6
"""Singular values that are looked at: by interlacing at most `POWERS` can be outliers."""

_DENSE = 200
"""Up to this size all eigenvalues are found at once; Lanczos wants room."""

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class TopSpectrum:
    """The largest singular values of one matrix, and what tells spikes from bulk.

    Attributes
    ----------
    singular_values : array, shape (shown,)
        Decreasing.
    left : array, shape (width, shown)
        Left singular vectors.
    right : array, shape (dimension, shown)
        Right singular vectors.
    in_span : array, shape (shown,)
        |Q^T u|^2, how much of a left vector lies in the span of the readout's powers: genuine spikes have
        more than about 0.5, the bulk less than about 0.2 unless it sits on few rows of large |a|.
    edge : float
        The largest singular value of (I - Q Q^T) W.
    outside : array of bool, shape (shown,)
        Which are outliers: above the edge by the margin (see `margin`), and more than `LEAST_SPAN` in the
        span beyond chance.
    spikes : SpikeStrengths
        The spikes themselves, those that the swollen bulk hides as well.
    """

    singular_values: Array
    left: Array
    right: Array
    in_span: Array
    edge: float
    outside: NDArray[np.bool_]
    spikes: SpikeStrengths

    @property
    def count(self) -> int:
        """Number of outliers."""
        return int(self.outside.sum())


def readout_powers(readout: Array, powers: int = POWERS) -> Array:
    """Return an orthonormal basis of the span of a, a^2, .., shape (width, rank <= powers).

    >>> readout_powers(np.array([1.0, -1.0, 1.0])).shape  # a^3 = a for signs
    (3, 2)
    """
    a = np.asarray(readout, dtype=np.float64)
    a = a / max(float(np.abs(a).max()), 1e-300)
    columns = np.stack([a**k for k in range(1, powers + 1)], axis=1)
    lengths = np.linalg.norm(columns, axis=0)
    u, s, _ = np.linalg.svd(columns / np.where(lengths > 0, lengths, 1.0), full_matrices=False)
    basis: Array = u[:, s > 1e-10 * max(float(s[0]), 1e-300)]
    return basis


def margin(width: int) -> float:
    """Return the multiple of the projected edge above which a singular value counts.

    >>> margin(1500), margin(100)
    (1.01, 1.06)
    """
    return 1.0 + max(MARGIN, FINITE_SIZE / width)


def top_spectrum(layer: Array, readout: Array, shown: int = SHOWN) -> TopSpectrum:
    """Return the top of the spectrum of a first layer and its projected edge.

    The smaller of the two Gram matrices is formed once, at a cost of width * dimension * min(width,
    dimension), and Lanczos iteration finds the few largest eigenvalues; the full spectrum is never computed.

    Parameters
    ----------
    layer : array, shape (width, dimension)
        Finite.
    readout : array, shape (width,)
        The readout the steps were taken with; its scale does not matter.
    shown : int
        How many singular values to return; fewer for small matrices.

    References
    ----------
    Theory note 40, section B.7.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.standard_normal(300)
    >>> noise = rng.standard_normal((300, 200)) / 200**0.5
    >>> top_spectrum(noise, a).count
    0
    >>> top_spectrum(noise + 3 * np.outer(a / 300**0.5, np.eye(200)[0]), a).count
    1
    """
    basis = readout_powers(readout)
    scale = float(np.abs(layer).max()) or 1.0
    layer = layer / scale  # so that no square overflows
    spikes = spike_strengths(layer, basis, scale)
    wide = layer.shape[0] <= layer.shape[1]
    gram = layer @ layer.T if wide else layer.T @ layer
    size = len(gram)
    shown = min(shown, size)
    squares, vectors = largest_eigenpairs(lambda x: gram @ x, gram, size, shown)
    roots = np.sqrt(np.maximum(squares, 0.0))
    other = (layer.T if wide else layer) @ vectors / np.where(roots > 0, roots, 1.0)
    left, right = (vectors, other) if wide else (other, vectors)

    if wide:

        def projected(x: Array) -> Array:
            x = x - basis @ (basis.T @ x)
            x = gram @ x
            return x - basis @ (basis.T @ x)

    else:
        thin = layer.T @ basis

        def projected(x: Array) -> Array:
            return gram @ x - thin @ (thin.T @ x)

    edge = scale * float(np.sqrt(max(float(largest_eigenpairs(projected, None, size, 1)[0][0]), 0.0)))
    values = scale * roots
    in_span = ((basis.T @ left) ** 2).sum(0)
    chance = (basis**2).sum(1) @ left**2
    # The last term decides where four rows are the span themselves, and there is no bulk.
    spanned = in_span - chance > LEAST_SPAN * (1.0 - chance) + 1e-9
    outside = (values > margin(len(layer)) * edge) & spanned
    return TopSpectrum(values, left, right, in_span, edge, outside, spikes)


def largest_eigenpairs(
    apply: Callable[[Any], Any], dense: Array | None, size: int, count: int
) -> tuple[Array, Array]:
    """Return the largest eigenvalues of a symmetric operator, decreasing, and their vectors."""
    if size <= _DENSE or count >= size - 1:
        matrix = apply(np.eye(size)) if dense is None else dense
        values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
        return values[::-1][:count], vectors[:, ::-1][:, :count]
    from scipy.sparse.linalg import LinearOperator, eigsh

    operator = LinearOperator((size, size), matvec=apply, dtype=np.float64)
    # A start of one's own: ARPACK's would be random, and the same matrix must give the same bits.
    start = np.cos(1.0 + np.arange(size) ** 2)
    values, vectors = eigsh(
        operator, k=count, which="LA", v0=start, tol=_TOLERANCE, ncv=min(size, max(6 * count, 40))
    )
    order = np.argsort(values)[::-1]
    return values[order], vectors[:, order]
