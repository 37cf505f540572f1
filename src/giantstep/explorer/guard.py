"""The gate before every route: refusals, the size of bodies, and the headers of every answer."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from giantstep.explorer.access import Access, Refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
)
"""Content-Security-Policy of design.md; what default-src does not cover is closed as well."""

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

LARGEST_BODY = 16384
"""Bytes of a question; the largest real one is under a thousand."""


PATIENCE_SECONDS = 10.0
"""How long the body of a question may take to arrive."""


class Guard:
    """ASGI middleware: nothing of the application runs for a request that is refused."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app, self.access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            # No other protocol is spoken here; a websocket's handshake is closed unanswered.
            await send({"type": "websocket.close", "code": 1008})
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        headers = _headers(scope)
        refusal = _ambiguous(scope) or self.access.refuse(scope["method"], headers) or _too_large(headers)
        if refusal is not None:
            await _refuse(refusal, send_with_headers)
            return
        await self.app(scope, _bounded(receive), send_with_headers)


class TooLarge(Exception):
    """A body went on beyond `LARGEST_BODY`."""


class TooSlow(Exception):
    """A body was not complete after `PATIENCE_SECONDS`."""


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _ambiguous(scope: Scope) -> Refusal | None:
    """Two Hosts or two Origins: which one was meant is not ours to guess."""
    names = [name.lower() for name, _ in scope["headers"]]
    for name in (b"host", b"origin", b"content-length"):
        if names.count(name) > 1:
            return Refusal(400, f"{name.decode()}: found {names.count(name)} of them, expected one.")
    return None


def _too_large(headers: dict[str, str]) -> Refusal | None:
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 12 or int(length) > LARGEST_BODY:
        return Refusal(413, f"body: found {length[:20]} bytes, expected at most {LARGEST_BODY}.")
    return None


def _bounded(receive: Receive) -> Receive:
    """Count what arrives, for a chunked body announces no length; and do not wait for it for ever."""
    total, complete, begun = 0, False, asyncio.get_running_loop().time()

    async def counted() -> Message:
        nonlocal total, complete
        # After the body, waiting is how one learns that the page has gone.
        try:
            async with asyncio.timeout_at(None if complete else begun + PATIENCE_SECONDS):
                message = await receive()
        except TimeoutError:
            raise TooSlow from None
        total += len(message.get("body", b""))
        if total > LARGEST_BODY:
            raise TooLarge
        complete = not message.get("more_body", False)
        return message

    return counted


async def _refuse(refusal: Refusal, send: Any) -> None:
    body = json.dumps({"error": refusal.sentence}).encode()
    await send(
        {
            "type": "http.response.start",
            "status": refusal.status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                # Whatever else the refused request sent is not read.
                (b"connection", b"close"),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
