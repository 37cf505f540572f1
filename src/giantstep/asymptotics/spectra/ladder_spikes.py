"""The spikes that two steps make at a finite width, before the bulk is added (theory note 40, section B.3).

W2 - W0 is, up to its bulk, P = L C R^T with L = (a, a^2, .., a^(K+1)) and R = (beta1, q_0, .., q_K). Its
singular values and vectors follow from the Gram matrices of L and R, which are singular where a batch is
reused or a rung is missing: so square roots are symmetric and inverses are pseudo-inverses.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.spectra.ladder import Ladder
from giantstep.gaussian.line import Array

CUT = 1e-12
"""Eigenvalues of a Gram matrix with unit diagonal below this are zero."""

ROUND_OFF = 1e-24
"""Squared cosines below this are zero."""


@dataclass(frozen=True, slots=True)
class LadderSpikes:
    """Spikes theta u v^T, strongest first, one for each rung 0..K.

    Attributes
    ----------
    strengths : array, shape (K + 1,)
        theta; 0 where there are fewer.
    left : array, shape (K + 1, K + 1)
        u as a combination of a, a^2, .. (house readout of scale 1, each divided by sqrt(width)).
    target : array, shape (K + 1,)
        cos^2(v, beta*).
    rungs : array of int, shape (K + 1,)
        Which rung u belongs to: that of the orthogonalised powers of a it is nearest to, one to one and
        missing rungs left out; -1 for no spike. The order at finite width need not be that of the rungs.
    """

    strengths: Array
    left: Array
    target: Array
    rungs: NDArray[np.int64]


def ladder_spikes(
    ladder: Ladder, rates: tuple[float, float], width: int, moment: Callable[[int], float]
) -> LadderSpikes:
    """Return the spikes of two steps; of one when the second rate is 0.

    Parameters
    ----------
    ladder : Ladder
    rates : (float, float)
        Learning rates eta1, eta2.
    width : int
    moment : callable
        k -> E a^k of the readout at scale 1.

    Examples
    --------
    >>> from giantstep.asymptotics.spectra.activation_moments import hermite_activation
    >>> from giantstep.asymptotics.spectra.ladder import ladder as rungs_of
    >>> from giantstep.asymptotics.spectra.link_moments import centred_link
    >>> from giantstep.targets import Target
    >>> sigma, link = hermite_activation("He1"), centred_link(Target.parse("z1"))
    >>> one = rungs_of(sigma, link, first_batch_ratio=1, second_batch_ratio=1, reuse=False)
    >>> found = ladder_spikes(one, (3.0, 0.0), 100, lambda k: 1.0)
    >>> found.strengths.round(6).tolist(), found.target.round(6).tolist()  # 3 sqrt(1 + 1), 1 / (1 + 1)
    ([4.242641], [0.5])
    """
    size = ladder.top + 1
    first, second = rates
    # a_i = O(N^(-1/2)): with the powers of N put into the rows of C, nothing under- or overflows.
    rows = np.zeros((size, size + 1))
    rows[0, 0] = first * ladder.slope
    for k in range(size):
        rows[k, k + 1] = second * (first / math.sqrt(width)) ** k
    powers = np.array([[moment(i + j) for j in range(1, size + 1)] for i in range(1, size + 1)])
    left_root, left_inverse, left_scale = _roots(powers)
    right_root, right_inverse, right_scale = _roots(ladder.gram)
    u, strengths, vt = np.linalg.svd(
        left_root @ (left_scale[:, None] * rows * right_scale) @ right_root, full_matrices=False
    )
    alive = strengths > 1e-13 * max(float(strengths[0]), 1e-300)
    strengths = np.where(alive, strengths, 0.0)
    along = np.divide(ladder.along, right_scale, where=right_scale > 0, out=np.zeros(size + 1))
    target = np.minimum((vt @ (right_inverse @ along)) ** 2, 1.0)
    target = np.where(alive & (target > ROUND_OFF), target, 0.0)
    combinations = np.where(alive[:, None], u.T @ left_inverse, 0.0) / left_scale
    return LadderSpikes(strengths, combinations, target, _rungs(left_root, u, alive, ladder.missing))


def _roots(gram: Array) -> tuple[Array, Array, Array]:
    """Return the symmetric root of a Gram matrix scaled to unit diagonal, its pseudo-inverse, and norms."""
    norms = np.sqrt(np.diag(gram))
    safe = np.where(norms > 0, norms, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(safe, safe))
    kept = values > CUT * values[-1]
    roots = np.sqrt(np.where(kept, values, 0.0))
    inverse = np.divide(1.0, roots, where=kept, out=np.zeros_like(roots))
    return (vectors * roots) @ vectors.T, (vectors * inverse) @ vectors.T, norms


def _rungs(
    left_root: Array, u: Array, alive: NDArray[np.bool_], missing: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Give each spike a rung of its own, by overlap with the orthogonalised powers of a that rungs have."""
    from scipy.optimize import linear_sum_assignment

    # Columns of the root are the powers in an isometric space, where u are the left vectors themselves.
    there, basis = np.flatnonzero(~missing), np.zeros_like(left_root)
    columns, triangle = np.linalg.qr(left_root[:, there])
    basis[:, there] = columns * (np.abs(np.diag(triangle)) > math.sqrt(CUT))
    overlaps = (u.T @ basis) ** 2 * alive[:, None]
    spikes, rungs = linear_sum_assignment(-overlaps)
    found = np.full(len(u), -1, dtype=np.int64)
    found[spikes] = np.where(alive[spikes], rungs, -1)
    return found
