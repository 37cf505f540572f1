"""The numbers that describe a first layer in high dimension: M = W W*^T and Q = W W^T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Eigenvalues of Q - M M^T below this fraction of the largest squared norm are rounding, not directions.
_NULL = 1e-12


@dataclass(frozen=True, slots=True)
class LinearPart:
    """The preprocessing's own predictor C_0 + C_1 . x, as its overlaps.

    Attributes
    ----------
    constant, energy : float
        C_0 and the squared norm of C_1; the latter includes the noise of an estimate from n samples.
    teacher, neurons : array, shape (rank,) and (width,)
        Overlaps of C_1 with the teacher's directions and the neurons.
    """

    constant: float
    teacher: Array
    neurons: Array
    energy: float


@dataclass(frozen=True, slots=True)
class OrderParameters:
    """What a first layer is after some number of steps, in theory or in a simulation.

    Attributes
    ----------
    overlaps : array, shape (width, rank)
        M = W W*^T.
    self_overlaps : array, shape (width, width)
        Q = W W^T.
    linear : LinearPart or None
        What preprocessing took off the labels in the step just taken.

    Examples
    --------
    >>> import numpy as np
    >>> OrderParameters(np.array([[0.6]]), np.array([[1.0]])).coordinates().round(6).tolist()
    [[0.6, 0.8]]
    """

    overlaps: Array
    self_overlaps: Array
    linear: LinearPart | None = None

    @property
    def finite(self) -> bool:
        """Whether every number is finite and small enough for float32 fields."""
        numbers = np.concatenate([self.overlaps.ravel(), self.self_overlaps.ravel()])
        return bool(np.isfinite(numbers).all() and np.abs(numbers).max(initial=0.0) < 1e30)

    def coordinates(self) -> Array:
        """Return rows with these overlaps on rank + q orthonormal axes, the teacher's first.

        q is the rank of Q - M M^T, which is singular where neurons start in pairs. Sampling noise may leave
        it with small negative eigenvalues; they count as zero.
        """
        rest = self.self_overlaps - self.overlaps @ self.overlaps.T
        values, vectors = np.linalg.eigh(0.5 * (rest + rest.T))
        kept = values > _NULL * max(float(np.diag(self.self_overlaps).max(initial=0.0)), 1e-300)
        return np.hstack([self.overlaps, vectors[:, kept] * np.sqrt(values[kept])])
