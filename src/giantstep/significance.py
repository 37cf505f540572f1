"""Few seeds have heavy tails: Student's t put on the scale of a normal z, and multiple tests."""

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
