"""Exponents as they are seen: local slopes of log t_k against log eps, never one fit over all of them.

At eps from 1e-2 to 1e-7 components 2 and 3 of the reference instance are learned almost together and a global
fit gives exponents between 0.06 and 0.24 where theory has 1/6 (theory note 50, S6.6).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from giantstep.significance import means_and_errors

Array = NDArray[np.float64]


def local_slopes(ratios: Array, times: Array) -> tuple[Array, Array]:
    """Return slopes between neighbouring ratios, and their standard errors over replicates.

    Parameters
    ----------
    ratios : array, shape (E,)
        eps, in any order.
    times : array, shape (E, replicates, K + 1)

    Returns
    -------
    slopes, errors : array, shape (E, K + 1)
        Entry e is the slope between eps_e and the next larger one; NaN at the largest.

    Examples
    --------
    >>> eps = np.array([1e-2, 1e-4])
    >>> slopes, errors = local_slopes(eps, (eps[:, None, None] ** 0.25) * np.ones((1, 2, 1)))
    >>> slopes[1].round(10).tolist(), errors[1].tolist()
    ([0.25], [0.0])
    """
    order = np.argsort(-ratios, kind="stable")
    logs, steps = np.log(times[order]), np.diff(np.log(ratios[order]))
    # The replicates share their readouts across eps: the slope is taken in each, then averaged.
    each = np.diff(logs, axis=0) / steps[:, None, None]
    slopes, errors = (
        np.full((len(ratios), times.shape[2]), np.nan),
        np.full((len(ratios), times.shape[2]), np.nan),
    )
    slopes[order[1:]], errors[order[1:]] = means_and_errors(each, axis=1)
    return slopes, errors
