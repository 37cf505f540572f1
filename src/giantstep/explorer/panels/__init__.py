"""One file a panel: a question in, events out. All of it runs in a worker process.

A panel's ``answer(question, call)`` emits dictionaries for JSON, each with an ``event``. Its ``FIRST`` is a
quick question to warm up with.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from giantstep.explorer.call import Call

PANELS = ("target", "steps", "curve", "spectra")


def answer(panel: str, question: Any, call: Call) -> None:
    """Answer a panel's question.

    Raises
    ------
    GiantStepError
        One sentence about what was asked.
    """
    _module(panel).answer(question, call)


def warm(panel: str) -> None:
    """Ask a panel its first question, so that what is slow only once is over."""
    answer(panel, _module(panel).FIRST, Call(lambda event: None))


def _module(panel: str) -> Any:
    return import_module(f"giantstep.explorer.panels.{panel}")
