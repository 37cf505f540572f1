"""Means over seeds with their errors; few seeds have heavy tails: Student's t as a normal z; many tests."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def equivalent_z(t: Any, freedom: Any) -> NDArray[np.float64]:
    """Return the normal z that is as unlikely as Student's t at a number of degrees of freedom.

    >>> equivalent_z(6.62, 4).round(1).item()
    3.0
    """
    from scipy import special

    t, freedom = np.asarray(t, dtype=float), np.asarray(freedom, dtype=float)
    with np.errstate(under="ignore"):
        tail = special.stdtr(freedom, -np.abs(t))
        return np.sign(t) * -special.ndtri(np.maximum(tail, 1e-300))


def needed_z(tests: int, single: float = 3.0) -> float:
    """Return the |z| that each of several tests must pass to be as sure as one alone at ``single``.

    >>> round(needed_z(1), 9), round(needed_z(6), 2)
    (3.0, 3.51)
    """
    from scipy import special

    return float(-special.ndtri(special.ndtr(-single) / max(1, tests)))


def needed_t(tests: int, freedom: float, single: float = 3.0) -> float:
    """Return the |t| that passes `needed_z` at a number of degrees of freedom."""
    from scipy import special

    return float(-special.stdtrit(freedom, special.ndtr(-single) / max(1, tests)))


def mean_and_error(values: Any) -> tuple[float, float]:
    """Return the mean of the finite values and its standard error; NaN where there are too few.

    >>> mean_and_error([1.0, 3.0, float("nan")])
    (2.0, 1.0)
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    mean = float(known.mean()) if len(known) else float("nan")
    error = float(known.std(ddof=1) / len(known) ** 0.5) if len(known) > 1 else float("nan")
    return mean, error


def means_and_errors(
    values: NDArray[np.float64], axis: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the means over an axis of replicates and their standard errors, NaN for a single replicate.

    >>> [found.tolist() for found in means_and_errors(np.array([[1.0, 2.0], [3.0, 2.0]]))]
    [[2.0, 2.0], [1.0, 0.0]]
    """
    mean, count = values.mean(axis), values.shape[axis]
    if count < 2:
        return mean, np.full_like(mean, np.nan)
    error: NDArray[np.float64] = values.std(axis, ddof=1) / count**0.5
    return mean, error


def rms(values: Any) -> float:
    """Return the root mean square of what is finite; NaN of nothing.

    >>> rms([3.0, float("nan"), 4.0]) ** 2
    12.5...
    """
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return float(np.sqrt((known**2).mean())) if known.size else float("nan")


def plain(value: Any) -> Any:
    """Return a number as JSON can hold it: None for what is not finite.

    >>> plain(float("nan")), plain(np.float64(0.5))
    (None, 0.5)
    """
    if value is None:
        return None
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return float(value) if math.isfinite(value) else None
