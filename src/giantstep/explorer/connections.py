"""Connections: many may be open, but one that says nothing, or does not listen, makes room for others."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 128
"""Open at once. A browser opens six for a page, and some machines give a process 256 files in all."""

SILENT_SECONDS = 10.0
"""How long the head of a request may take to arrive; bodies have `guard.PATIENCE_SECONDS`."""

UNREAD_SECONDS = 60.0
"""How long an answer may wait to be read, longer than a slow tunnel needs for the largest file."""


class Connection(H11Protocol):
    """One connection of uvicorn's, with an end to waiting on both sides.

    uvicorn itself counts connections and refuses every request beyond a number of them, and it waits for the
    first request for ever: whoever held that many sockets open and said nothing would close the explorer.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.since = 0.0
        self.unread: asyncio.TimerHandle | None = None

    @property
    def silent(self) -> bool:
        """Whether no request is under way and no answer waits to be read."""
        answered = self.cycle is None or self.cycle.response_complete
        return answered and self.transport.get_write_buffer_size() == 0

    @property
    def claim(self) -> tuple[bool, float]:
        """How good its claim to its place is: whoever has asked before will ask again."""
        return self.cycle is not None, self.since

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place; where there is none, that of whoever has been silent longest."""
        super().connection_made(transport)
        self._expect_request()
        if len(self.connections) > MOST:
            # Where all others are being answered, that is this one.
            silent = [one for one in self.connections if isinstance(one, Connection) and one.silent]
            longest = min(silent, key=lambda one: one.claim)
            longest.transport.abort()
            self.connections.discard(longest)

    def on_response_complete(self) -> None:
        """Wait for the next request, but not for ever."""
        self._expect_request()
        super().on_response_complete()

    def _expect_request(self) -> None:
        self.since = self.loop.time()
        self.loop.call_later(SILENT_SECONDS, self._end_silence, self.cycle)

    def _end_silence(self, cycle: Any) -> None:
        # Another cycle: the head of a request did arrive.
        if self.cycle is cycle:
            self.transport.close()

    def pause_writing(self) -> None:
        """Wait for the reader, but not for ever: an answer that nobody reads holds a worker."""
        super().pause_writing()
        self.unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: somebody reads."""
        if self.unread is not None:
            self.unread.cancel()
        super().resume_writing()
