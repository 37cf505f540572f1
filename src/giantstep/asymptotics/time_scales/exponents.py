"""Exponents as they are seen: local slopes of log t_k against log eps, never one fit over all of them.

At eps from 1e-2 to 1e-7 components 2 and 3 of the reference instance are learned almost together and a global
fit gives exponents between 0.06 and 0.24 where theory has 1/6 (theory note 50, S6.6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    slopes[order[1:]], errors[order[1:]] = mean_and_error(each)
    return slopes, errors


def mean_and_error(values: Any) -> tuple[Array, Array]:
    """Return the mean over axis 1 and its standard error; NaN error for one replicate."""
    count = values.shape[1]
    spread = values.std(axis=1, ddof=1) / np.sqrt(count) if count > 1 else np.full_like(values[:, 0], np.nan)
    return values.mean(axis=1), spread
