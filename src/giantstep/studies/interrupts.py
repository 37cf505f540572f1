"""Ctrl-C and SIGTERM: the first asks to stop when what is under way is written, the second stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any


@dataclass(slots=True)
class Interrupts:
    """A context in which signals set ``asked`` before they raise.

    Outside the main thread, where Python delivers no signals, it changes nothing.
    """

    on_first: Callable[[], None] = lambda: None
    asked: bool = False
    former: dict[Any, Any] = field(default_factory=dict)

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGINT, signal.SIGTERM):
                self.former[name] = signal.signal(name, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, handler in self.former.items():
            signal.signal(name, handler)

    def _take(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.on_first()
