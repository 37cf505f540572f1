"""An answer as it comes: one JSON document a line, and an end to the work when nobody listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

MEDIA_TYPE = "application/x-ndjson"


class EventStream:
    """ASGI response: sends each event at once; closes the iterator as soon as the page hangs up."""

    def __init__(self, events: AsyncIterator[dict[str, Any]]) -> None:
        self.events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        listening = asyncio.create_task(_hung_up(receive))
        try:
            await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            if not sending.done():
                sending.cancel()
            # The cancelled task closes the iterator, which frees the worker.
            await asyncio.gather(sending, listening, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with aclosing(self.events) as events:  # type: ignore[type-var]
            async for event in events:
                await send({"type": "http.response.body", "body": line(event), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def line(event: dict[str, Any]) -> bytes:
    """Return one event as a line; NaN and infinity are a bug here.

    >>> line({"event": "end"})
    b'{"event":"end"}\\n'
    """
    return json.dumps(event, separators=(",", ":"), allow_nan=False).encode() + b"\n"
