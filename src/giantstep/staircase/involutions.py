"""Reflections and half-turns that keep a target, searched by least squares where no frame shows them.

Signed permutations need a frame; eigenbases give one unless eigenvalues coincide, as for a rotated u*v*w.
An involution R = 1 - 2 P with P a projector is a smooth unknown, and g(Rz) = s g(z) at random points a
zero-residual least-squares problem, so that an isolated symmetry is found to round-off from a few starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.monomials import Terms
from giantstep.staircase.subspaces import Subspace, complement_rows
from giantstep.staircase.symmetry import Symmetry, checked_symmetry

Array = NDArray[np.float64]

_STARTS = 5
_FIT_POINTS, _CHECK_POINTS = 48, 400
_MAX_FREE = 5
_SEED = 5


def find_involutions(
    function: Callable[[Array], Any], subspace: Subspace, exact_terms: Terms | None = None
) -> tuple[Symmetry, ...]:
    """Return involutions that fix a subspace and keep, or flip, a function.

    Parameters
    ----------
    function : callable
        Points (n, rank) to values (n,); smooth almost everywhere.
    subspace : Subspace
        Fixed by every map returned.
    exact_terms : dict, optional
        As in `find_symmetries`.

    Examples
    --------
    >>> turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    >>> found = find_involutions(lambda z: np.prod(z @ turn, axis=-1), Subspace.zero(3))
    >>> len(found) > 1
    True
    """
    from scipy.optimize import least_squares

    rank = subspace.rank
    basis = complement_rows(subspace.rows, rank)
    free = len(basis)
    if not 0 < free <= _MAX_FREE:
        return ()
    generator = np.random.default_rng(_SEED)
    points = generator.standard_normal((_CHECK_POINTS, rank))
    values = np.asarray(function(points), dtype=np.float64)
    size = float(np.max(np.abs(values))) or 1.0
    fit, target = points[:_FIT_POINTS], values[:_FIT_POINTS]
    found: list[Symmetry] = []

    def matrix_of(flat: Array) -> Array:
        columns = np.linalg.qr(flat.reshape(free, -1))[0]
        inner = basis.T @ columns
        return np.eye(rank) - 2.0 * inner @ inner.T

    for sign in (1, -1):
        for flipped in range(1, free + 1):
            for _ in range(_STARTS if flipped < free else 1):
                start = generator.standard_normal(free * flipped)

                def misfit(flat: Array, sign: int = sign) -> Array:
                    gaps = np.asarray(function(fit @ matrix_of(flat)), dtype=np.float64) - sign * target
                    return (gaps if sign == 1 else gaps - gaps.mean()) / size

                best = least_squares(misfit, start, xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=60)
                if best.cost > 1e-20:
                    continue
                matrix = matrix_of(best.x)
                if any(item.sign == sign and np.allclose(item.matrix, matrix, atol=1e-7) for item in found):
                    continue
                checked = checked_symmetry(function, matrix, sign, points, values, exact_terms)
                if checked is not None:
                    found.append(checked)
    return tuple(found)
