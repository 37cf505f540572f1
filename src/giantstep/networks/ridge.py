"""Ridge regression of a readout on features that stream by: one pass, one factorisation, every penalty.

The convention is theory note 00's: solve (Phi^T Phi / p + ridge I) a = Phi^T y / sqrt p with features Phi of
shape (samples, p), and predict with f = Phi a / sqrt p. Only the p x p moments are kept, so the number of
samples may be anything; their eigendecomposition gives the whole path of penalties.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError

Array = NDArray[np.float64]

NULL = 1e-12
"""Eigenvalues below this fraction of the largest are the rounding of float32 features, not directions."""


@dataclass(slots=True)
class NormalEquations:
    """The moments of a regression, summed in float64 over blocks of samples.

    Attributes
    ----------
    gram : array, shape (width, width)
        Sum of Phi^T Phi; not divided by anything.
    moment : array, shape (width,)
        Sum of Phi^T y.
    energy : float
        Sum of y^2.
    samples : int

    Examples
    --------
    >>> import numpy as np
    >>> sums = NormalEquations.empty(1)
    >>> sums.add(np.array([[1.0, 2.0]], np.float32), np.array([2.0, 4.0]))
    >>> sums.path().fits([5.0]).readouts.tolist()  # (1 + 4 + 5) a = 2 + 8
    [[1.0]]
    """

    gram: Array
    moment: Array
    energy: float = 0.0
    samples: int = 0

    @classmethod
    def empty(cls, width: int) -> NormalEquations:
        """Return the sums over no sample."""
        return cls(np.zeros((width, width)), np.zeros(width))

    def add(self, features: NDArray[Any], responses: NDArray[Any]) -> None:
        """Add a block: features of shape (width, samples), responses of shape (samples,)."""
        # One array times its own transpose is a symmetric rank-k update in NumPy: half the work of a product,
        # which pays for doing it in float64, where small penalties are still resolved.
        block = np.ascontiguousarray(features, dtype=np.float64)
        y = np.asarray(responses, dtype=np.float64)
        self.gram += block @ block.T
        self.moment += block @ y
        self.energy += float(y @ y)
        self.samples += y.size

    def join(self, other: NormalEquations) -> None:
        """Add the sums over other samples."""
        self.gram += other.gram
        self.moment += other.moment
        self.energy += other.energy
        self.samples += other.samples

    @property
    def finite(self) -> bool:
        """Whether no sum overflowed."""
        whole = np.isfinite(self.gram).all() and np.isfinite(self.moment).all()
        return bool(whole and math.isfinite(self.energy))

    def path(self) -> RidgePath:
        """Factorise once; the result gives the regression at every penalty in O(width) to O(width^2).

        Raises
        ------
        SpecError
            Without a sample, or when a sum is not finite.
        """
        if not self.samples or not self.finite:
            found = "sums that are not finite" if self.samples else "no sample"
            raise SpecError(f"ridge regression: found {found}, expected finite features of some samples.")
        width = len(self.moment)
        values, vectors = np.linalg.eigh(self.gram / width)
        kept = values > NULL * max(float(values[-1]), 0.0)
        vectors = vectors[:, kept]
        return RidgePath(
            values[kept],
            vectors,
            vectors.T @ self.moment / math.sqrt(width),
            self.energy,
            self.samples,
        )


@dataclass(frozen=True, slots=True)
class RidgeFits:
    """The regression at each of several penalties.

    Attributes
    ----------
    ridges : array, shape (penalties,)
    readouts : array, shape (penalties, width)
        a, to be used as f = Phi a / sqrt(width).
    training_errors : array, shape (penalties,)
        Mean of (y - f)^2 over the regression's own samples.
    scores : array, shape (penalties,)
        Generalised cross-validation: training error / (1 - degrees of freedom / samples)^2 (Golub, Heath and
        Wahba 1979), an estimate of the error on fresh samples that needs none.
    degrees_of_freedom : array, shape (penalties,)
        Trace of the matrix that takes y to f.
    """

    ridges: Array
    readouts: Array
    training_errors: Array
    scores: Array
    degrees_of_freedom: Array

    @property
    def best(self) -> int:
        """Index of the lowest score; of equal ones, the one with the largest penalty."""
        lowest = np.flatnonzero(self.scores == self.scores.min())
        return int(lowest[np.argmax(self.ridges[lowest])])


@dataclass(frozen=True, slots=True)
class RidgePath:
    """Normal equations in their eigenbasis.

    Attributes
    ----------
    eigenvalues : array, shape (rank,)
        Positive eigenvalues of Phi^T Phi / width.
    eigenvectors : array, shape (width, rank)
    projections : array, shape (rank,)
        Phi^T y / sqrt(width) in the eigenbasis.
    energy : float
        Sum of y^2.
    samples : int
    """

    eigenvalues: Array
    eigenvectors: Array
    projections: Array
    energy: float
    samples: int

    def fits(self, ridges: Sequence[float] | NDArray[Any]) -> RidgeFits:
        """Return the regression at each penalty.

        Raises
        ------
        SpecError
            When a penalty is not a finite positive number.
        """
        penalties = np.asarray(ridges, dtype=np.float64)
        if penalties.ndim != 1 or not penalties.size or not np.all((penalties > 0) & np.isfinite(penalties)):
            raise SpecError(f"ridge: found {ridges!r}, expected positive finite numbers.")
        values, lam = self.eigenvalues, penalties[:, None]
        shrunk = lam / (values + lam)
        readouts = (self.projections / (values + lam)) @ self.eigenvectors.T
        # What no readout can fit is kept apart from what the penalty gives away: |y|^2 minus the fit would
        # cancel to noise near interpolation, and so would 1 - degrees of freedom / samples.
        fitted = self.projections**2 / values
        rest = 0.0 if len(values) >= self.samples else max(self.energy - float(fitted.sum()), 0.0)
        training = (rest + (shrunk**2) @ fitted) / self.samples
        free = (max(self.samples - len(values), 0) + shrunk.sum(1)) / self.samples
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.where(free > 0, training / free**2, np.inf)
        return RidgeFits(penalties, readouts, training, scores, (values / (values + lam)).sum(1))


def penalty_grid(samples: int, width: int) -> Array:
    """Return the penalties that ``ridge="auto"`` tries: samples / width times 1e-8 to 1e4, four a decade.

    The eigenvalues of Phi^T Phi / width grow like samples / width, so the grid spans from no penalty in
    effect to a readout of nearly zero, and depends on nothing that is random.

    >>> grid = penalty_grid(640, 10)
    >>> len(grid), float(grid[0]), float(grid[-1])
    (49, 6.4e-07, 640000.0)
    """
    return samples / width * 10.0 ** (np.arange(-32, 17) / 4)
