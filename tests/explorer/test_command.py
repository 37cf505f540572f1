"""The command: prints one address, answers there, and Ctrl-C ends it and all its workers."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest

from giantstep.errors import CapabilityError
from giantstep.explorer.serving import open_socket


def test_the_command_serves_until_interrupted():
    command = [sys.executable, "-m", "giantstep", "explore", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with httpx.Client(timeout=300.0, trust_env=False, follow_redirects=True) as client:
            assert "giantstep explorer" in client.get(url).text
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=300)
    assert (process.returncode, rest) == (130, "")
    assert said.splitlines()[0] == "giantstep explore: listening; Ctrl-C ends it"
    assert said.splitlines()[1:] == ["giantstep: interrupted"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--port", "70000"), "port: found 70000"),
        (("--port", "x"), "port: found 'x'"),
        (("--host", "no such host"), "host: found 'no such host'"),
        (("--host", "203.0.113.1"), "host: found '203.0.113.1'"),
    ],
)
def test_an_address_that_is_none_is_named(capsys, words, said):
    from giantstep.cli import main

    assert main(["explore", "--no-browser", *words]) == 2
    assert said in capsys.readouterr().err


def test_who_asks_before_there_is_a_server_waits_and_a_taken_port_is_named():
    with open_socket("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=300).close()
        with pytest.raises(CapabilityError, match=f"port: {port} on 127.0.0.1 is not free"):
            open_socket("127.0.0.1", port)
