"""Numbers that a theory is asked with, and one line where they cannot be used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_array, shown


def numbers(name: str, value: Any, *, zero: bool = False) -> NDArray[np.float64]:
    """Return a value as a one-dimensional array of finite numbers above zero, or from zero on.

    >>> numbers("ridge", 0.1)
    array([0.1])
    """
    bound = f"finite numbers {'>=' if zero else '>'} 0"
    values = np.atleast_1d(real_array(name, value, bound))
    if values.ndim > 1 or not values.size:
        raise SpecError(f"{name}: found {shown(value)}, expected {bound}.")
    bad = (values < 0) | ((values == 0) & (not zero))
    if np.any(bad):
        raise SpecError(f"{name}: found {values[bad][0]:g}, expected {bound}.")
    return values


def number(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a single such number.

    >>> number("width_ratio", [2.0])
    2.0
    """
    values = numbers(name, value, zero=zero)
    if len(values) != 1:
        raise SpecError(f"{name}: found {len(values)} numbers, expected one. Call once for each.")
    return float(values[0])
