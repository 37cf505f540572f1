"""One question being answered: where its events go, how far it is, whether anybody still wants to know."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giantstep.figures.picture import Picture

_EVERY_SECONDS = 0.1


def _never() -> None:
    """Nobody cancels."""


@dataclass(slots=True)
class Call:
    """What a panel is given beside its question.

    Attributes
    ----------
    emit : callable
        Takes the next event.
    check : callable
        Raises where the one who asked has gone.
    """

    emit: Callable[[dict[str, Any]], None]
    check: Callable[[], None] = _never
    told: float = field(default=0.0, init=False)

    def say(self, event: str, **fields: Any) -> None:
        """Emit an event, unless nobody listens any more."""
        self.check()
        self.emit({"event": event, **fields})

    def draw(self, name: str, picture: Picture) -> None:
        """Emit a figure."""
        self.say("figure", name=name, frame=picture.frame, tables=picture.tables)

    def progress(self, fraction: float) -> None:
        """Say how far it is, ten times a second at most."""
        self.check()
        if time.monotonic() - self.told > _EVERY_SECONDS:
            self.told = time.monotonic()
            self.say("progress", fraction=min(max(fraction, 0.0), 1.0))
