"""The one exception tree, and the words errors are made of.

Every error that a user can meet names the thing, what was found, what is allowed and what to do, in one
line; the command line prints exactly that line and exits with code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
