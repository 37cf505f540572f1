"""One file a panel: a question in, events out. All of it runs in a worker process.

A panel's ``answer(question, call)`` emits dictionaries for JSON, each with an ``event``. Its ``FIRST`` is a
quick question to warm up with.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from giantstep.explorer.call import Call

PANELS = ("target", "steps", "curve", "spectra")

_LARGE = ("numpy", "pydantic", "altair", "pandas", "xarray", "scipy.optimize")
"""What takes longest to load. Nothing interrupts an import: a question waits for one of these at most."""


def answer(panel: str, question: Any, call: Call) -> None:
    """Answer a panel's question.

    Raises
    ------
    GiantStepError
        One sentence about what was asked.
    """
    _module(panel).answer(question, call)


def warm(panel: str, check: Callable[[], None]) -> None:
    """Ask a panel its first question, so that what is slow only once is over; ``check`` raises to stop it."""
    for library in _LARGE:
        check()
        import_module(library)
    answer(panel, _module(panel).FIRST, Call(lambda event: None, check))


def _module(panel: str) -> Any:
    return import_module(f"giantstep.explorer.panels.{panel}")
