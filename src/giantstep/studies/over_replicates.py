"""Means over the replicates that are there: a run that was interrupted has gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def mean_over(values: Any, axis: int | tuple[int, ...]) -> tuple[Array, Array]:
    """Return the mean of what is finite along an axis, and its standard error; NaN where there is too little.

    >>> mean, error = mean_over([[1.0, 3.0, np.nan], [np.nan] * 3], axis=1)
    >>> mean.tolist(), error.tolist()
    ([2.0, nan], [1.0, nan])
    """
    array = np.asarray(values, dtype=np.float64)
    there = np.isfinite(array)
    count = there.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, array, 0.0).sum(axis=axis) / np.where(count, count, np.nan)
        off = np.where(there, array - np.expand_dims(mean, axis), 0.0)
        spread = (off**2).sum(axis=axis) / np.where(count > 1, count - 1, np.nan)
        return mean, np.sqrt(spread / np.where(count, count, np.nan))
