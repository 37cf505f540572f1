"""The one exception tree, and the words errors are made of.

Every error that a user can meet names the thing, what was found, what is allowed and what to do, in one
line; the command line prints exactly that line and exits with code 2.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST = 60


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


def shown(value: Any) -> str:
    """Return what a value looks like, on one line that is not long.

    >>> shown("x"), shown([[1.0,
    ...                     2.0]])
    ("'x'", '[[1.0, 2.0]]')
    >>> len(shown(list(range(1000))))
    60
    """
    words = " ".join(repr(value).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."


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
    raise SpecError(f"{name}: found {shown(value)}, expected a whole number from {least} to {size}.")


def whole_numbers(name: str, values: Any, least: int, most: int) -> list[int]:
    """Return a list of such numbers, at least one.

    >>> whole_numbers("samples", [20, 80], 1, 10**9)
    [20, 80]
    """
    try:
        if isinstance(values, str):
            raise TypeError
        given = list(values)
    except TypeError:
        raise SpecError(f"{name}: found {shown(values)}, expected a list of whole numbers.") from None
    found = [whole_number(name, value, least, most) for value in given]
    if not found:
        raise SpecError(f"{name}: found none, expected a list of whole numbers.")
    return found


def real_number(
    name: str, value: Any, words: str = "a finite number", fits: Callable[[float], bool] = lambda number: True
) -> float:
    """Return a finite real number that fits as a float; ``words`` say what is expected.

    >>> real_number("penalty", -1, "a finite number >= 0", lambda number: number >= 0)
    Traceback (most recent call last):
    giantstep.errors.SpecError: penalty: found -1, expected a finite number >= 0.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and fits(number):
            return number
    raise SpecError(f"{name}: found {shown(value)}, expected {words}.")


def real_array(name: str, values: Any, words: str = "finite real numbers") -> NDArray[np.float64]:
    """Return an array of finite float64; text, complex and missing numbers are none.

    >>> real_array("times", ["a"])
    Traceback (most recent call last):
    giantstep.errors.SpecError: times: found ['a'], expected finite real numbers.
    """
    import numpy as np

    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        raise SpecError(f"{name}: found {shown(values)}, expected {words}.") from None
    if not np.isfinite(array).all():
        raise SpecError(f"{name}: found {array[~np.isfinite(array)].ravel()[0]}, expected {words}.")
    return array


def flag(name: str, value: Any) -> bool:
    """Return True or False; nothing else stands for either."""
    if isinstance(value, bool):
        return value
    raise SpecError(f"{name}: found {shown(value)}, expected True or False.")


def one_of(name: str, value: Any, words: Iterable[str]) -> str:
    """Return a word that is allowed.

    >>> one_of("method", "flwo", ("flow", "sgd"))
    Traceback (most recent call last):
    giantstep.errors.SpecError: method: found 'flwo', expected flow or sgd; did you mean 'flow'?.
    """
    allowed = list(words)
    if isinstance(value, str) and value in allowed:
        return value
    hint = nearest(value, allowed) if isinstance(value, str) else ""
    listed = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
    raise SpecError(f"{name}: found {shown(value)}, expected {listed}{hint}.")


def instance(name: str, value: Any, *kinds: type, hint: str = "") -> None:
    """Raise `SpecError` unless a value is of one of the kinds.

    >>> instance("clock", 3, dict, hint="Give None for the default.")
    Traceback (most recent call last):
    giantstep.errors.SpecError: clock: found int, expected dict. Give None for the default.
    """
    if not isinstance(value, kinds):
        expected = " or ".join(kind.__name__ for kind in kinds)
        raise SpecError(f"{name}: found {type(value).__name__}, expected {expected}. {hint}".rstrip())
