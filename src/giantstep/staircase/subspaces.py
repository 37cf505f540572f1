"""Subspaces of R^r: exact (integer rows, row reduction without rounding) or orthonormal floats.

The chain grows one of these.  An exact subspace stays exact as long as the directions that join it are
rational, so that a direction carried by a coefficient of 1e-13 counts as much as any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Vector = tuple[int, ...]


def primitive(vector: Sequence[Fraction | int]) -> Vector:
    """Return the shortest integer vector along a rational one, first nonzero entry positive.

    >>> primitive([Fraction(-1, 2), Fraction(1, 3)])
    (3, -2)
    """
    scale = math.lcm(*(Fraction(x).denominator for x in vector))
    whole = [int(x * scale) for x in vector]
    common = reduce(math.gcd, whole, 0) or 1
    lead = next((x for x in whole if x), 1)
    return tuple(x // common * (1 if lead > 0 else -1) for x in whole)


def row_reduced(vectors: Sequence[Sequence[Fraction | int]], width: int) -> tuple[Vector, ...]:
    """Return the reduced row echelon form of the span, as primitive integer rows.

    >>> row_reduced([(2, 4, 0), (1, 2, 1)], 3)
    ((1, 2, 0), (0, 0, 1))
    """
    rows: list[tuple[int, list[Fraction]]] = []
    for vector in vectors:
        if len(rows) == width:
            break
        rest = [Fraction(x) for x in vector]
        for pivot, row in rows:
            if rest[pivot]:
                factor = rest[pivot]
                rest = [x - factor * y for x, y in zip(rest, row, strict=True)]
        lead = next((place for place, x in enumerate(rest) if x), None)
        if lead is None:
            continue
        rest = [x / rest[lead] for x in rest]
        rows = [(p, [x - row[lead] * y for x, y in zip(row, rest, strict=True)]) for p, row in rows]
        rows.append((lead, rest))
    return tuple(primitive(row) for _, row in sorted(rows, key=lambda item: item[0]))


def orthogonalised(vectors: Sequence[Vector], against: Sequence[Vector] = ()) -> tuple[Vector, ...]:
    """Return orthogonal integer vectors (Gram-Schmidt without norms), orthogonal to ``against`` too."""
    done: list[Vector] = []
    for vector in vectors:
        rest = [Fraction(x) for x in vector]
        for other in [*against, *done]:
            factor = sum(x * y for x, y in zip(rest, other, strict=True)) / _dot(other, other)
            rest = [x - factor * y for x, y in zip(rest, other, strict=True)]
        if any(rest):
            done.append(primitive(rest))
    return tuple(done)


def _dot(left: Sequence[Any], right: Sequence[Any]) -> Any:
    return sum(x * y for x, y in zip(left, right, strict=True))


@dataclass(frozen=True, slots=True)
class Subspace:
    """A linear subspace of R^rank.

    Attributes
    ----------
    rank : int
        Dimension of the ambient space.
    whole : tuple of integer vectors, or None
        Exact basis in row echelon form; None for a subspace known in floats only.
    rows : array, shape (dimension, rank)
        Orthonormal basis.
    error : float
        Upper estimate of the angle by which a float subspace may be off; 0 when exact.

    Examples
    --------
    >>> line = Subspace.spanned_by([(1, 1)], 2)
    >>> line.dimension, line.rows.round(3).tolist()
    (1, [[0.707, 0.707]])
    """

    rank: int
    whole: tuple[Vector, ...] | None
    rows: Array
    error: float = 0.0

    @classmethod
    def zero(cls, rank: int, *, exact: bool = True) -> Subspace:
        """Return {0}."""
        return cls(rank, () if exact else None, np.zeros((0, rank)))

    @classmethod
    def spanned_by(cls, vectors: Sequence[Sequence[Fraction | int]], rank: int) -> Subspace:
        """Return the exact span of rational vectors."""
        whole = row_reduced(vectors, rank)
        return cls(rank, whole, _unit_rows(orthogonalised(whole), rank))

    @classmethod
    def near(cls, rows: Array, error: float) -> Subspace:
        """Return the span of orthonormal float rows, each with a positive leading entry."""
        leading = np.argmax(np.abs(rows) > 1e-9, axis=1) if rows.size else np.zeros(0, dtype=int)
        signs = np.where(rows[np.arange(len(rows)), leading] < 0.0, -1.0, 1.0)
        return cls(rows.shape[1], None, signs[:, None] * rows, error)

    @property
    def dimension(self) -> int:
        return len(self.rows)

    @property
    def exact(self) -> bool:
        return self.whole is not None

    @property
    def projector(self) -> Array:
        """The orthogonal projector, shape (rank, rank): the same for every basis."""
        return self.rows.T @ self.rows

    def whole_frame(self) -> tuple[Vector, ...]:
        """Return r orthogonal integer vectors, the first of which span the subspace."""
        assert self.whole is not None
        inside = orthogonalised(self.whole)
        identity = [tuple(int(i == j) for j in range(self.rank)) for i in range(self.rank)]
        return inside + orthogonalised(identity, inside)

    def float_frame(self) -> Array:
        """Return r orthonormal rows, the first of which span the subspace."""
        if self.exact:
            return _unit_rows(self.whole_frame(), self.rank)
        return np.vstack([self.rows, complement_rows(self.rows, self.rank)])

    def joined(self, vectors: Sequence[Sequence[Fraction | int]]) -> Subspace:
        """Return the exact sum with the span of rational vectors."""
        assert self.whole is not None
        return Subspace.spanned_by([*self.whole, *vectors], self.rank)

    def joined_near(self, rows: Array, error: float) -> Subspace:
        """Return the sum with the span of float rows that are orthonormal and orthogonal to this one."""
        both = np.vstack([self.rows, rows])
        # One polish keeps rows orthonormal to round-off, however the new ones were found.
        basis, triangle = np.linalg.qr(both.T)
        return Subspace.near((basis * np.sign(np.diag(triangle))).T, max(self.error, error))


def complement_rows(rows: Array, rank: int) -> Array:
    """Return orthonormal rows spanning the orthocomplement; coordinate axes where those will do."""
    found: list[Array] = list(rows)
    start = len(found)
    for axis in np.eye(rank):
        if len(found) == rank:
            break
        rest = axis
        for _ in range(2):
            for other in found:
                rest = rest - (other @ rest) * other
        if np.linalg.norm(rest) > 1e-3 / math.sqrt(rank):
            found.append(rest / np.linalg.norm(rest))
    return np.array(found[start:]).reshape(-1, rank)


def _unit_rows(vectors: Sequence[Vector], rank: int) -> Array:
    # Scaled as fractions first: exact rows may hold integers beyond the range of floats.
    rows = [[float(Fraction(x, max(map(abs, vector)))) for x in vector] for vector in vectors]
    array = np.array(rows, dtype=np.float64).reshape(-1, rank)
    return array / np.linalg.norm(array, axis=1, keepdims=True)
