"""The numbers that describe a first layer in high dimension: M = W W*^T and Q = W W^T."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError
from giantstep.networks import Network

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
    """Overlaps M, shape (width, rank), and self-overlaps Q, shape (width, width), after some step.

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


def starting_point(network: Network, rank: int) -> OrderParameters:
    """Return the start at d -> infinity: no overlap with the teacher, orthonormal rows (equal in a pair).

    The three kinds of rows of a `Network` differ at order d^{-1/2} only, so they share this limit.
    """
    block = np.eye(network.free_neurons)
    gram = np.tile(block, (2, 2)) if network.symmetric else block
    return OrderParameters(np.zeros((network.width, rank)), gram)


def given_start(start: Any, network: Network, rank: int) -> OrderParameters:
    """Return the order parameters (M0, Q0) that the user gave, checked.

    Raises
    ------
    SpecError
        For shapes that do not fit, numbers that are not finite, or a Q0 that no rows can have.
    """
    try:
        overlaps, gram = (np.asarray(part, dtype=np.float64) for part in start)
    except (TypeError, ValueError):
        raise SpecError(f"start: found {type(start).__name__}, expected a pair (M0, Q0) of arrays.") from None
    width = network.width
    if overlaps.shape != (width, rank) or gram.shape != (width, width):
        raise SpecError(
            f"start: found shapes {overlaps.shape} and {gram.shape}, expected M0 ({width}, {rank}) "
            f"and Q0 ({width}, {width})."
        )
    if not (np.isfinite(overlaps).all() and np.isfinite(gram).all()):
        raise SpecError("start: found a number that is not finite, expected finite M0 and Q0.")
    lowest = float(np.linalg.eigvalsh(gram - overlaps @ overlaps.T)[0])
    if not np.allclose(gram, gram.T) or lowest < -1e-6 * max(1.0, float(np.abs(gram).max())):
        raise SpecError(
            f"start: Q0 - M0 M0^T has the eigenvalue {lowest:.3g}, expected a symmetric positive "
            "semi-definite matrix. Take M0 = W W*^T and Q0 = W W^T from one W."
        )
    return OrderParameters(overlaps, gram)
