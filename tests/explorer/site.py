"""A running explorer, and someone who asks it over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from giantstep.explorer.access import Access
from giantstep.explorer.app import application
from giantstep.explorer.serving import configuration, open_socket
from giantstep.explorer.workers import Pool


@dataclass(frozen=True)
class Site:
    """One start of the explorer; ``pool`` is the server's own, to be looked at only."""

    access: Access
    pool: Pool
    client: httpx.Client

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.access.port}"

    def headers(self, **changes: str | None) -> dict[str, str]:
        """What the page sends with a question; None leaves a header out."""
        own = {
            "origin": self.base,
            "content-type": "application/json",
            "x-giantstep-token": self.access.token,
        }
        changed = own | {name.replace("_", "-"): value for name, value in changes.items()}
        return {name: value for name, value in changed.items() if value is not None}

    def post(self, panel: str, question: Any, **changes: str | None) -> httpx.Response:
        body = question if isinstance(question, bytes) else json.dumps(question).encode()
        return self.client.post(f"{self.base}/ask/{panel}", content=body, headers=self.headers(**changes))

    def ask(self, panel: str, question: Any) -> list[dict[str, Any]]:
        """The events of an answer."""
        answer = self.post(panel, question)
        assert answer.status_code == 200, answer.text
        events = [json.loads(line) for line in answer.text.splitlines()]
        assert events[-1] == {"event": "end"}
        return events[:-1]

    def error(self, panel: str, question: Any) -> str:
        """The one sentence of a question that cannot be answered."""
        events = self.ask(panel, question)
        assert events[-1]["event"] == "error", events[-1]
        message = events[-1]["message"]
        assert "\n" not in message
        assert "Traceback" not in message
        assert "bug" not in message
        return str(message)


@contextmanager
def running(pool: Pool) -> Iterator[Site]:
    """Serve the explorer from a thread of this process."""
    bound = open_socket("127.0.0.1", 0)
    access = Access(port=bound.getsockname()[1])
    server = uvicorn.Server(configuration(application(access, pool)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        with httpx.Client(timeout=300.0, trust_env=False) as client:
            yield Site(access, pool, client)
    finally:
        server.should_exit = True
        thread.join(300)
        bound.close()
