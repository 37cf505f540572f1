"""Numbers that the theories of spikes and outliers are asked with, and one line where they cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from giantstep.asymptotics.reading import number
from giantstep.errors import SpecError

LARGEST = 1e12
"""Ratios, penalties and variances lie between this and its inverse: their products stay finite."""

LARGEST_RATE = 1e30
"""Its eighth power, which the highest rung takes, stays finite."""


def bounded(name: str, value: Any) -> float:
    """Return one positive number of a size that the formulas can hold.

    Raises
    ------
    SpecError
        For a list, for what is no number, below 1e-12 or above 1e12.

    Examples
    --------
    >>> bounded("ridge", 0.5)
    0.5
    >>> bounded("sample_ratio", 1e300)
    Traceback (most recent call last):
    giantstep.errors.SpecError: sample_ratio: found 1e+300, expected a number from 1e-12 to 1e+12.
    """
    one = number(name, value)
    if not 1 / LARGEST <= one <= LARGEST:
        raise SpecError(f"{name}: found {one:g}, expected a number from {1 / LARGEST:g} to {LARGEST:g}.")
    return one


def check_rates(rates: Sequence[float], largest: float = LARGEST_RATE) -> None:
    """Raise `SpecError` for learning rates whose powers leave the finite numbers."""
    if max(rates) > largest:
        raise SpecError(f"learning_rate: found {max(rates):.3g}, expected at most {largest:g}.")
