"""The command: prints one address, answers there, and Ctrl-C ends it and all its workers."""

import signal
import subprocess
import sys

import httpx
import pytest


def test_the_command_serves_until_interrupted():
    command = [sys.executable, "-m", "giantstep", "explore", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with httpx.Client(trust_env=False, follow_redirects=True) as client:
            assert "giantstep explorer" in client.get(url).text
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=30)
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
