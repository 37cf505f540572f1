"""The routes: the page, its files, Vega, and one address a panel to ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from giantstep.explorer import assets, vega
from giantstep.explorer.access import Access
from giantstep.explorer.assets import Asset
from giantstep.explorer.guard import Guard, TooLarge, TooSlow
from giantstep.explorer.panels import PANELS
from giantstep.explorer.stream import EventStream
from giantstep.explorer.workers import Busy, Pool

_TOKEN_PLACE = b'content="TOKEN"'


def application(access: Access, pool: Pool | None = None) -> Starlette:
    """Return the ASGI application of one start.

    Parameters
    ----------
    access : Access
        Who may ask.
    pool : Pool, optional
        The workers; it is started and stopped with the application.
    """
    workers = Pool() if pool is None else pool
    routes = Routes(access, workers)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await workers.start()
        routes.vega = asyncio.create_task(vega.bundle())
        # At first one worker and Vega, on which the first view waits: many machines have two cores.
        routes.vega.add_done_callback(lambda done: workers.fill())
        try:
            yield
        finally:
            routes.vega.cancel()
            await asyncio.gather(routes.vega, return_exceptions=True)
            await workers.stop()

    return Starlette(
        routes=[
            Route("/", routes.index),
            Route(f"/{vega.NAME}", routes.vega_bundle),
            Route(f"/page/{assets.CHOICES}", routes.choices),
            Route("/page/{name}", routes.file),
            Route("/ask/{panel}", routes.ask, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, access=access)],
        lifespan=lifespan,
    )


class Routes:
    """What answers at each address."""

    def __init__(self, access: Access, pool: Pool) -> None:
        self.access, self.pool = access, pool
        self.vega: asyncio.Task[Asset] | None = None

    async def index(self, request: Request) -> Response:
        """The page, for those who have the token; opening the printed address puts it into a cookie."""
        access = self.access
        if access.knows(request.query_params.get("token")):
            # Without the token in the address, a copied link gives nothing away. The fragment survives.
            answer = RedirectResponse("/", 303, {"cache-control": "no-store"})
            answer.set_cookie(access.cookie, access.token, httponly=True, samesite="strict", path="/")
            return answer
        if not access.knows(request.cookies.get(access.cookie)):
            return Response(
                "giantstep explore: open the address that it printed when it started; it holds the token "
                "of this start.\n",
                403,
                {"cache-control": "no-store"},
                "text/plain",
            )
        html = assets.page()["index.html"].content
        html = html.replace(_TOKEN_PLACE, f'content="{access.token}"'.encode())
        return Response(html, 200, {"cache-control": "no-store"}, assets.TYPES[".html"])

    async def file(self, request: Request) -> Response:
        """One of the page's files."""
        asset = assets.page().get(request.path_params["name"])
        if asset is None or request.path_params["name"] == "index.html":
            return _error(404, "page: there is no such file.")
        return _served(request, asset)

    async def choices(self, request: Request) -> Response:
        """What the lists of the forms hold; the first time, numpy must be loaded for it."""
        return _served(request, await asyncio.to_thread(assets.choices))

    async def vega_bundle(self, request: Request) -> Response:
        """Vega, as soon as it is there."""
        if self.vega is None:
            return _error(503, "vega: the server has not started.")
        return _served(request, await asyncio.shield(self.vega))

    async def ask(self, request: Request) -> Any:
        """A panel's question; the answer comes event by event."""
        panel = request.path_params["panel"]
        if panel not in PANELS:
            return _error(404, f"panel: found {panel[:40]!r}, expected {', '.join(PANELS)}.")
        try:
            question = json.loads(await request.body(), parse_constant=_no_constant, parse_int=_number)
        except TooLarge:
            return _error(413, "body: is too large for a question.")
        except TooSlow:
            return _error(408, "body: took too long to arrive.", {"connection": "close"})
        except ClientDisconnect:
            return _error(400, "body: ended early.")
        except (ValueError, RecursionError):
            return _error(400, "body: is not JSON.")
        if not isinstance(question, dict):
            return _error(400, f"body: found a {type(question).__name__}, expected an object.")
        if self.pool.full:
            return _error(503, "busy: too many questions at once; wait a little.")
        return EventStream(self._events(panel, question))

    async def _events(self, panel: str, question: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        try:
            async for event in self.pool.ask(panel, question):
                yield event
        except Busy:
            yield {
                "event": "error",
                "message": "busy: too many questions at once; wait a little.",
            }
        yield {"event": "end"}


def _served(request: Request, asset: Asset) -> Response:
    """The file, or 304 where the browser has it; compressed for whoever can read that."""
    headers = {"etag": asset.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if asset.etag in known:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        return Response(asset.compressed, 200, headers, asset.media_type)
    return Response(asset.content, 200, headers, asset.media_type)


def _no_constant(name: str) -> None:
    """JSON has no NaN and no Infinity, whatever Python reads."""
    raise ValueError(name)


def _number(digits: str) -> int | float:
    """Whole numbers that no float holds are infinite, as they are to the page, and refused as such."""
    return int(digits) if len(digits) < 20 else float(digits)


def _error(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, {"cache-control": "no-store"} | (headers or {}))
