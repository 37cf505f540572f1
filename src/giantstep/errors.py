"""The one exception tree, and the words errors are made of.

Every error that a user can meet names the thing, what was found, what is allowed and what to do, in one
line; the command line prints exactly that line and exits with code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any


class GiantStepError(Exception):
    """Base of every error giantstep raises on purpose."""


class SpecError(GiantStepError, ValueError):
    """What was asked for is malformed: an unknown name, a number out of range, a broken expression."""


class CapabilityError(GiantStepError):
    """What was asked for is well formed, but cannot be done here; the message says what can."""


class StoreError(GiantStepError):
    """A results folder or file is not what it claims to be."""


class WriteError(StoreError):
    """A results folder takes nothing more: the disk is full, read-only or gone. What is in it is intact."""


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest allowed word, or nothing when none is near.

    >>> nearest("tahn", ["relu", "tanh"])
    "; did you mean 'tanh'?"
    >>> nearest("quux", ["relu", "tanh"])
    ''
    """
    matches = difflib.get_close_matches(str(word), [str(name) for name in allowed], n=1, cutoff=0.6)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def whole_number(name: str, value: Any, least: int, most: int) -> int:
    """Return a whole number in a range as an int; True and 3.0 are none.

    Raises
    ------
    SpecError
        Names the field, what was found and the range.

    Examples
    --------
    >>> whole_number("seeds", 5, 1, 10**6)
    5
    >>> whole_number("seeds", 0, 1, 10**6)
    Traceback (most recent call last):
    giantstep.errors.SpecError: seeds: found 0, expected a whole number from 1 to 10^6.
    """
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= (found := int(value)) <= most:
        return found
    digits = str(most)
    size = f"10^{len(digits) - 1}" if digits.rstrip("0") == "1" and most >= 10**4 else digits
    raise SpecError(f"{name}: found {value!r}, expected a whole number from {least} to {size}.")
