"""One file a panel: a question in, events out. All of it runs in a worker process.

A panel's ``answer(question, check)`` yields dictionaries for JSON, each with an ``event``; ``check`` raises
where the one who asked has gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

PANELS = ("target",)

Check = Callable[[], None]


def answer(panel: str, question: Any, check: Check) -> Iterator[dict[str, Any]]:
    """Yield the events of a panel's answer.

    Raises
    ------
    GiantStepError
        One sentence about what was asked.
    """
    yield from _module(panel).answer(question, check)


def warm() -> None:
    """Ask every panel its first question, so that what is slow only once is over."""
    for panel in PANELS:
        for _ in answer(panel, _module(panel).FIRST, lambda: None):
            pass


def _module(panel: str) -> Any:
    return import_module(f"giantstep.explorer.panels.{panel}")
