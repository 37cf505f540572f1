"""Start the server: a socket first, so that the port is known, then uvicorn on it until Ctrl-C."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from giantstep.errors import CapabilityError, SpecError
from giantstep.explorer.access import Access

if TYPE_CHECKING:
    import uvicorn


def open_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 takes a free one.

    It listens before there is a server: who asks early waits for an answer and is not refused, and a port
    that another server took is noticed here.

    Raises
    ------
    SpecError
        For a port out of range or an address that is none of this machine's.
    CapabilityError
        When the port is taken.
    """
    if not 0 <= port <= 65535:
        raise SpecError(f"port: found {port}, expected a whole number from 0 to 65535.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind)
    except (OSError, UnicodeError):
        raise SpecError(f"host: found {host!r}, expected an address of this machine.") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except PermissionError:
        bound.close()
        raise SpecError(f"port: {port} needs privileges; use --port 0 for a free one.") from None
    except OSError as error:
        bound.close()
        if port == 0:
            raise SpecError(f"host: found {host!r}, expected an address of this machine.") from None
        raise CapabilityError(
            f"port: {port} on {host} is not free ({error.strerror}). Use --port 0."
        ) from None
    return bound


def configuration(application: Any) -> uvicorn.Config:
    """Return how the application is served: no other protocols, connections with an end, small headers."""
    import uvicorn

    from giantstep.explorer.connections import Connection

    return uvicorn.Config(
        application,
        log_level="error",
        access_log=False,
        server_header=False,
        # The client's own words about where it comes from are not believed.
        proxy_headers=False,
        http=Connection,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16384,
    )


def serve(bound: socket.socket, access: Access, *, on_start: Callable[[], None] = lambda: None) -> None:
    """Serve the explorer on a listening socket until interrupted.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C, once every worker has ended.
    """
    import uvicorn

    from giantstep.explorer.app import application

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            on_start()

    server = Server(configuration(application(access)))
    server.run(sockets=[bound])
    # uvicorn raises the signal again as its last act; seen once in hundreds of starts, it went unnoticed.
    if server.started:
        raise KeyboardInterrupt
