"""Second moments of features and of a few probes over a sample: all that ridge regression and spectra need.

With F, n x N, and probes P = (y, 1, kappa, kappa^2), n x 4, the sums F^T F, F^T P and P^T P give the losses
and the spectrum of F, and of F + P R^T for any R, at no cost in n: nothing of size n x N is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LABEL, ONE, ALONG, SQUARE = range(4)
"""Columns of the probes: y, 1, kappa = x . beta, kappa^2."""
PROBES = 4


@dataclass(slots=True)
class FeatureMoments:
    """Sums over samples.

    Attributes
    ----------
    gram : array, shape (N, N)
        F^T F.
    cross : array, shape (N, 4)
        F^T P.
    probes : array, shape (4, 4)
        P^T P.
    samples : int
    """

    gram: Array
    cross: Array
    probes: Array
    samples: int = 0

    @classmethod
    def empty(cls, width: int) -> FeatureMoments:
        """Return the sums over no sample."""
        return cls(np.zeros((width, width)), np.zeros((width, PROBES)), np.zeros((PROBES, PROBES)))

    def add(self, features: NDArray, probes: Array) -> None:
        """Add a block: features (N, samples), probes (4, samples)."""
        # One array times its own transpose is a symmetric update in NumPy: half the work of a product.
        block = np.ascontiguousarray(features, dtype=np.float64)
        self.gram += block @ block.T
        self.cross += block @ probes.T
        self.probes += probes @ probes.T
        self.samples += probes.shape[1]

    def with_terms(self, terms: Array) -> FeatureMoments:
        """Return the moments of F + P R^T; ``terms`` is R, shape (N, 4).

        >>> sums = FeatureMoments.empty(1)
        >>> sums.add(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]))
        >>> shifted = sums.with_terms(np.array([[0.0, 3.0, 0.0, 0.0]]))  # features 4 and 5
        >>> shifted.gram.tolist(), shifted.cross[:, :2].tolist()
        ([[41.0]], [[4.0, 9.0]])
        """
        half = self.cross @ terms.T
        moved = terms @ self.probes
        gram = self.gram + half + half.T + moved @ terms.T
        return FeatureMoments(gram, self.cross + moved, self.probes, self.samples)

    def centred(self, sample: FeatureMoments) -> FeatureMoments:
        """Return the moments with the means over a sample, this or another, taken off features and probes."""
        shift = np.zeros_like(self.cross)
        shift[:, ONE] = -sample.cross[:, ONE] / sample.samples
        moved = self.with_terms(shift)
        change = np.eye(PROBES)
        change[ONE] -= sample.probes[ONE] / sample.samples
        change[ONE, ONE] = 1.0  # the probe 1 itself stays
        return FeatureMoments(
            moved.gram, moved.cross @ change, change.T @ moved.probes @ change, self.samples
        )


@dataclass(frozen=True, slots=True)
class RidgeLosses:
    """Train loss, penalty inside, and test error without label noise."""

    train: float
    test: float


def ridge_losses(train: FeatureMoments, test: FeatureMoments, ridge: float) -> RidgeLosses:
    """Return the losses of a = (F^T F + lam n I)^{-1} F^T y on its sample and on another.

    For a regression with an intercept, give both `FeatureMoments.centred` by the training sample.

    Parameters
    ----------
    train, test : FeatureMoments
        Of the same features.
    ridge : float
        lam.

    References
    ----------
    Theory note 40, section A (definitions of L_tr and L_te).
    """
    from scipy.linalg import cho_factor, cho_solve

    n = train.samples
    penalised = train.gram + ridge * n * np.eye(len(train.gram))
    readout = cho_solve(cho_factor(penalised, overwrite_a=True, check_finite=False), train.cross[:, LABEL])
    fitted = float(train.probes[LABEL, LABEL] - readout @ train.cross[:, LABEL]) / n
    error = test.probes[LABEL, LABEL] - 2 * readout @ test.cross[:, LABEL] + readout @ test.gram @ readout
    return RidgeLosses(fitted, float(error) / test.samples)
