"""The smallest subspace of R^r on which a target depends (theory note 10, section 0)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.joining import join
from giantstep.staircase.problem import Problem
from giantstep.staircase.subspaces import Subspace, complement_rows
from giantstep.staircase.symmetry import idle_along

Array = NDArray[np.float64]


def effective_subspace(problem: Problem) -> tuple[Subspace, tuple[str, ...]]:
    """Return the target's own subspace V and why it may be in doubt.

    V is the span of the ranges of all Hermite tensors.  Exact polynomials are decided by row reduction.  For
    others every direction left out is tested on the function itself: moving along it must change nothing.
    """
    start = Subspace.zero(problem.rank, exact=problem.exact)
    known = start
    for block in problem.own_blocks(start, problem.order):
        known = join(known, block, start).subspace
    if problem.exact or known.dimension == problem.rank:
        return known, ()
    idle = _idle_axes(problem)
    used = np.array([row for i, row in enumerate(np.eye(problem.rank)) if i not in idle]).reshape(
        -1, problem.rank
    )
    if len(used) == known.dimension and problem.sampled:
        # The sampled directions fill the span of the variables in use: that span itself is free of noise.
        return Subspace.near(used, 0.0), ()
    left = complement_rows(known.rows, problem.rank)
    loose = [row for row in left if not idle_along(problem.target, row)]
    if not loose:
        return known, ()
    reached = Subspace.near(np.vstack([known.rows, _orthonormal(loose)]), known.error)
    return reached, (
        f"effective rank: {len(loose)} direction(s) show in the target's values but not in its tensors up to "
        f"order {problem.order}",
    )


def _idle_axes(problem: Problem) -> frozenset[int]:
    return frozenset(i for i, row in enumerate(np.eye(problem.rank)) if idle_along(problem.target, row))


def _orthonormal(rows: list[Array]) -> Array:
    return np.linalg.qr(np.array(rows).T)[0].T
