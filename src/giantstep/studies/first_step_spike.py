"""The spike of one giant step, measured on the overlaps of a network that took it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

SPIKE = ("spike_strength", "spike_alignment", "bulk_scale")


def measured_spike(overlaps: ArrayLike, self_overlaps: ArrayLike) -> tuple[float, float, float]:
    """Return `SPIKE`, (r, gamma, c), of rows w_i = r v + b_i with |b_i|^2 = c, for one network.

    Rows of the bulk are centred and independent given the batch, so w_i.w_j averages to r^2 over pairs,
    w_i.theta to r gamma and |w_i|^2 to r^2 + c (theory note 30, section 2). NaN where the pairs' mean is not
    positive: no spike.

    Parameters
    ----------
    overlaps : array, shape (width,)
        M, overlap of each row with the teacher's one direction.
    self_overlaps : array, shape (width, width)
        Q = W W^T.

    Examples
    --------
    >>> v, teacher = np.array([0.6, 0.8]), np.array([1.0, 0.0])
    >>> rows = 2.0 * np.tile(v, (3, 1))
    >>> [round(value, 6) for value in measured_spike(rows @ teacher, rows @ rows.T)]
    [2.0, 0.6, 0.0]
    """
    m, q = np.asarray(overlaps, dtype=float), np.asarray(self_overlaps, dtype=float)
    width = len(m)
    if width < 2:
        return (float("nan"),) * 3
    square = float((q.sum() - np.trace(q)) / (width * (width - 1)))
    if not square > 0:
        return (float("nan"),) * 3
    return square**0.5, float(m.mean()) / square**0.5, float(np.trace(q)) / width - square
