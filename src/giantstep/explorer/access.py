"""Who may ask: Host and Origin checked by rejection, a token made anew at every start."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

TOKEN_HEADER = "x-giantstep-token"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away: an HTTP status and one sentence."""

    status: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one start of the server.

    Attributes
    ----------
    host : str
        Address it listens on.
    port : int
        Port it listens on; names the cookie, for cookies know no ports.
    token : str
        Secret of this start: in the address printed at the start, then in a cookie that other sites do not
        send, then in a header of every question.

    Examples
    --------
    >>> access = Access(port=8000, token="t")
    >>> access.refuse("POST", {"host": "evil.example"}).sentence
    "host: found 'evil.example', expected 127.0.0.1, localhost or ::1."
    >>> access.url
    'http://127.0.0.1:8000/?token=t'
    """

    host: str = "127.0.0.1"
    port: int = 0
    token: str = field(default_factory=partial(secrets.token_urlsafe, 24), repr=False)

    @property
    def url(self) -> str:
        """The address to open first; it holds the token."""
        return f"http://{_bracketed(self.shown_host)}:{self.port}/?token={self.token}"

    @property
    def shown_host(self) -> str:
        """The address under which this machine is reached."""
        if self.everywhere:
            return socket.gethostname()
        return self.host

    @property
    def everywhere(self) -> bool:
        """Whether it listens on all addresses of the machine."""
        return self.host in ("0.0.0.0", "::")

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK or self.host.startswith("127.")

    @property
    def cookie(self) -> str:
        """Name of the cookie that holds the token."""
        return f"giantstep-{self.port}"

    def knows(self, token: str | None) -> bool:
        """Whether this is the token, in a time that does not depend on where it differs."""
        return token is not None and secrets.compare_digest(token.encode(), self.token.encode())

    def refuse(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """Return why a request is turned away whatever it asks for; None where it is not.

        The name in Host must be ours: a foreign name that resolves to this machine is how a web site would
        reach it (DNS rebinding). The port may differ, for tunnels change it. Origin, where there is one, must
        be the very Host.
        """
        host = headers.get("host", "")
        if not self._ours(host):
            allowed = "127.0.0.1, localhost or ::1" if self.local else f"{self.shown_host} or an IP address"
            return Refusal(421, f"host: found {host[:80]!r}, expected {allowed}.")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return Refusal(403, f"origin: found {origin[:80]!r}, expected http://{host}.")
        if method not in ("GET", "HEAD", "POST"):
            return Refusal(405, f"method: found {method[:20]!r}, expected GET, HEAD or POST.")
        return self._refuse_question(headers) if method == "POST" else None

    def _refuse_question(self, headers: Mapping[str, str]) -> Refusal | None:
        """A question must come from our own page: its origin, JSON, and the token in a header."""
        if "origin" not in headers:
            return Refusal(403, "origin: is missing; questions come from the explorer's own page.")
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "application/json":
            return Refusal(415, f"content-type: found {kind[:80]!r}, expected application/json.")
        if not self.knows(headers.get(TOKEN_HEADER)):
            return Refusal(403, "token: is not that of this start. Open the address that was printed.")
        return None

    def _ours(self, host: str) -> bool:
        name = host_name(host)
        if name is None:
            return False
        if name in LOOPBACK or name == self.host.lower():
            return self.local or name == self.host.lower() or self.everywhere
        # On all addresses, an IP address cannot be a foreign name; nor can the machine's own.
        return self.everywhere and (_is_address(name) or name == socket.gethostname().lower())


def host_name(host: str) -> str | None:
    """Return the name in a Host header without its port; None where it is malformed.

    >>> host_name("LocalHost:80"), host_name("[::1]:80"), host_name("a:b:c"), host_name("")
    ('localhost', '::1', None, None)
    """
    name, rest = host, ""
    if host.startswith("["):
        name, found, rest = host[1:].partition("]")
        if not found or (rest and not rest.startswith(":")):
            return None
    elif ":" in host:
        name, _, rest = host.partition(":")
        rest = ":" + rest
    if rest and not (rest[1:].isascii() and rest[1:].isdigit()):
        return None
    return name.lower() or None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
