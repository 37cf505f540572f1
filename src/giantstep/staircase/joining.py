"""How a block joins a subspace: what it adds, and whether the numbers say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.blocks import Block
from giantstep.staircase.subspaces import Subspace, complement_rows, orthogonalised
from giantstep.staircase.transforms import Transform

Array = NDArray[np.float64]

_RESOLVED = 1e-6


@dataclass(frozen=True, slots=True)
class Unlock:
    """One block that added directions to the learnt subspace.

    Attributes
    ----------
    transform : Transform
        The label transform whose block it is.
    block : Block
    directions : array, shape (m, rank)
        What it added: orthogonal to everything known before; integer entries when exact.
    """

    transform: Transform
    block: Block
    directions: Array


@dataclass(frozen=True, slots=True)
class Joined:
    """A subspace after a block: ``directions`` is empty when nothing was added; ``doubtful`` when a
    singular value lies too near its tolerance to tell."""

    subspace: Subspace
    directions: Array
    doubtful: bool


def join(known: Subspace, block: Block, start: Subspace) -> Joined:
    """Add the directions of a block, computed at the subspace ``start``, to ``known`` (which holds it)."""
    rank = known.rank
    nothing = np.zeros((0, rank))
    if known.dimension == rank:
        return Joined(known, nothing, False)
    if known.exact and not block.matrix.size:
        grown = known.joined(block.vectors)
        if grown.dimension == known.dimension:
            return Joined(known, nothing, False)
        inside = orthogonalised(known.whole or ())
        fresh = orthogonalised(grown.whole or (), inside)
        return Joined(grown, _as_floats(fresh, rank), False)
    if block.strength <= block.tolerance:
        return Joined(known, nothing, False)
    outer = start.float_frame()[start.dimension :]
    rows = block.matrix @ outer
    free = complement_rows(known.rows, rank)
    _, sizes, turned = np.linalg.svd(rows @ free.T, full_matrices=False)
    certain = sizes > block.tolerance * block.margin
    doubtful = bool(np.any((sizes > block.tolerance) & ~certain))
    if not np.any(certain):
        return Joined(known, nothing, doubtful)
    fresh_rows = turned[certain] @ free
    # Tolerances are five errors or more; the angle is off by about one.
    error = float(block.tolerance / np.min(sizes[certain])) / 5
    return Joined(known.joined_near(fresh_rows, error), fresh_rows, doubtful)


def unresolved(block: Block, scale: float) -> bool:
    """Whether a float block below its tolerance might hide a coefficient of noticeable size."""
    return block.tolerance > _RESOLVED * scale and block.strength <= block.tolerance


def _as_floats(vectors: tuple[tuple[int, ...], ...], rank: int) -> Array:
    rows = [[float(x) for x in vector] for vector in vectors if max(map(abs, vector)) < 2**900]
    return np.array(rows, dtype=np.float64).reshape(-1, rank)
