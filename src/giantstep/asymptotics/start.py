"""Where the overlaps start: as the limit has them, or as the user gave them."""

from __future__ import annotations

from typing import Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters


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
