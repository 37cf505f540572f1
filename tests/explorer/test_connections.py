"""Connections: hundreds that say nothing starve nobody, and none is waited for for ever."""

import json
import socket
import threading
from contextlib import ExitStack, contextmanager, suppress

import pytest

from giantstep.explorer import connections
from giantstep.explorer.connections import Connection

QUESTION = {"target": "z1"}


@contextmanager
def _sockets(site, count):
    """Connections to the explorer that say nothing."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", site.access.port), timeout=300))
            for _ in range(count)
        ]


def _head(site, *lines, ask="GET /page/main.js"):
    """The head of a request, complete."""
    host = f"host: 127.0.0.1:{site.access.port}"
    return "\r\n".join([f"{ask} HTTP/1.1", host, *lines, "", ""]).encode()


def _ended(connection):
    """Wait until the server has closed a connection; return what it said before."""
    said = b""
    with suppress(ConnectionError):
        while part := connection.recv(2**16):
            said += part
    return said


@pytest.mark.parametrize("begun", [False, True], ids=["silent", "half a request"])
def test_three_hundred_connections_that_ask_nothing_starve_nobody(site, begun):
    with _sockets(site, 300) as idle:
        if begun:
            for connection in idle[-50:]:
                connection.sendall(_head(site)[:-2])
        assert site.client.get(f"{site.base}/page/main.js").status_code == 200
        assert site.ask("target", QUESTION)[-1]["event"] == "exports"
        # Whoever has been silent longest made room.
        assert _ended(idle[0]) == b""


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: x\r\n"])
def test_a_connection_that_asks_nothing_is_closed(site, monkeypatch, said):
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.2)
    with _sockets(site, 1) as (connection,):
        connection.sendall(said)
        assert _ended(connection) == b""


def test_a_connection_that_asked_and_then_only_begins_to_is_closed(site, monkeypatch):
    with _sockets(site, 1) as (connection,):
        connection.sendall(_head(site))
        assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")
        monkeypatch.setattr(connections, "SILENT_SECONDS", 0.2)
        connection.sendall(_head(site))
        said = connection.recv(2**16)
        # Half of a request stops the clock of a server that only counts idle time.
        with suppress(ConnectionError):
            connection.sendall(b"GET / HT")
        assert b"HTTP/1.1 400" not in said + _ended(connection)


def test_a_question_that_takes_longer_than_silence_may_last_is_answered(site, monkeypatch):
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.3)
    body = json.dumps({"target": "z1", "dimension": 10**5, "seeds": 4}).encode()
    own = [f"{name}: {value}" for name, value in site.headers().items()]
    head = _head(site, *own, "connection: close", f"content-length: {len(body)}", ask="POST /ask/steps")
    said = b""
    while not said:
        # On a starved machine the question itself may come too late, and gets no answer at all.
        with _sockets(site, 1) as (connection,), suppress(ConnectionError):
            connection.sendall(head + body)
            said = _ended(connection)
    assert b'{"event":"rows"' in said
    assert b'{"event":"end"}' in said


def test_an_answer_that_nobody_reads_is_ended(site, monkeypatch):
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 0.2)
    lost, gone, lose = set(), threading.Event(), Connection.connection_lost

    def note(self, error):
        lose(self, error)
        lost.add(self.client)
        gone.set()

    monkeypatch.setattr(Connection, "connection_lost", note)
    with _sockets(site, 1) as (connection,):
        # More than the buffers on the way can hold.
        connection.sendall(_head(site, ask="GET /vega.js") * 40)
        while connection.getsockname() not in lost:
            assert gone.wait(300)
            gone.clear()
        assert _ended(connection).count(b"HTTP/1.1 200 ") < 40
