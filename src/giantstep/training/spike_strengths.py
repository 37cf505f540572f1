"""How strong the spikes of a first layer are, whatever the bulk they stand in.

W = S + B, where S has its left vectors in the span of the readout's powers (theory note 40, B.1) and the rows
of B, the bulk as the steps have swollen it, are independent with mean 0 and variances v_i. With Q an
orthonormal basis of the span,

    E Q^T W W^T Q = Q^T S S^T Q + Q^T diag(v) Q,

so the eigenvalues of Q^T (W W^T - diag v) Q estimate the squares of the strengths, and the swelling, which
moves the singular values of W and may hide a spike below the edge, drops out. v comes from r = (I - Q Q^T) W,
in which there is no spike, with P = Q Q^T and h_i = P_ii:

    E |r_i|^2 = (1 - h_i)^2 v_i + sum_{j != i} P_ij^2 v_j.

The first term alone, |r_i / (1 - h_i)|^2, is the squared residual of row i predicted from the others: too
large, by the error of the prediction. The sum takes that off, with v_j = |r_j|^2 / (1 - h_j) in it: right
where the variances are equal and good where they differ, for no one row weighs much there.

A spike leaves the initial bulk when its strength exceeds g^(1/4) (section C), g = width / dimension; that is
the theory's count. Gaussian noise alone gives Q^T W, whitened, a singular value above 1 + (sqrt k + t)/sqrt d
with probability at most exp(-t^2/2) (Davidson and Szarek 2001): below that, a strength is chance. There the v
that is too large is used, so that a row of large |a| cannot pass its noise off as a spike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

CHANCE = 1e-4
"""Probability that noise alone passes for a spike, at most."""

LEAST_FREE = 1e-6
"""A row with less than this outside the span says nothing of its noise."""


@dataclass(frozen=True, slots=True)
class SpikeStrengths:
    """Spikes of a first layer whose left vectors lie in a known span, strongest first.

    Attributes
    ----------
    values : array, shape (k,)
        Strengths, for a span of dimension k; 0 where the noise is as large.
    left : array, shape (width, k)
        Left vectors of the spikes, inside the span.
    count : int
        How many are above g^(1/4) and no chance.
    """

    values: Array
    left: Array
    count: int


def spike_strengths(layer: Array, basis: Array, scale: float = 1.0) -> SpikeStrengths:
    """Estimate the strengths of the spikes of a layer whose rows had norm 1 before the steps.

    Parameters
    ----------
    layer : array, shape (width, dimension)
        Finite.
    basis : array, shape (width, k)
        Orthonormal columns that span the left vectors of the spikes.
    scale : float
        By which the layer was divided; strengths are multiplied by it.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = np.linalg.qr(rng.standard_normal((400, 2)))[0]
    >>> bulk = rng.standard_normal((400, 300)) / 300**0.5 * rng.uniform(1, 3, (400, 1))  # hides strength 3
    >>> found = spike_strengths(bulk + 3.0 * np.outer(a[:, 0], np.eye(300)[0]), a)
    >>> found.values.round(1).tolist(), found.count
    ([2.9, 0.0], 1)
    """
    width, dimension = layer.shape
    inside = basis.T @ layer
    rest, whole = ((layer - basis @ inside) ** 2).sum(1), (layer**2).sum(1)
    share = (basis**2).sum(1)
    free = np.maximum(1.0 - share, LEAST_FREE)
    first = rest / free
    others = ((basis @ _within(basis, first)) * basis).sum(1) - share**2 * first
    # A row's noise is not more than the row, and all of it where the row lies in the span by itself.
    lonely = share > 1.0 - LEAST_FREE
    right, most = (
        _within(basis, np.where(lonely, whole, np.clip(squares / free**2, 0.0, whole)))
        for squares in (rest - others, rest)
    )
    gram = inside @ inside.T
    squares, vectors = np.linalg.eigh(gram - right)
    strengths = scale * np.sqrt(np.maximum(squares[::-1], 0.0))
    levels, axes = np.linalg.eigh(most)
    roots = axes / np.sqrt(np.maximum(levels, max(1e-30 * float(np.trace(gram)), 1e-290)))
    whitened = np.sqrt(np.maximum(np.linalg.eigvalsh(roots.T @ gram @ roots), 0.0))
    chance = 1.0 + (math.sqrt(basis.shape[1]) + math.sqrt(-2.0 * math.log(CHANCE))) / math.sqrt(dimension)
    strong = int((strengths > (width / dimension) ** 0.25).sum())
    return SpikeStrengths(strengths, basis @ vectors[:, ::-1], min(strong, int((whitened > chance).sum())))


def _within(basis: Array, variances: Array) -> Array:
    """Return Q^T diag(v) Q."""
    inside: Array = (basis.T * variances) @ basis
    return inside
