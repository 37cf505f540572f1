"""Who may ask: everything that is not our own page is turned away."""

import json
import re
import socket
from contextlib import contextmanager

import httpx
import pytest

from giantstep.explorer import guard
from giantstep.explorer.access import Access
from giantstep.explorer.guard import HEADERS, LARGEST_BODY

QUESTION = {"target": "z1"}


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "", "a:b", "[::1", "127.0.0.1@evil"],
)
def test_a_foreign_name_in_host_is_turned_away(site, host):
    for path in ("/", "/page/main.js", "/vega.js"):
        assert site.client.get(site.base + path, headers={"host": host}).status_code == 421
    assert site.post("target", QUESTION, host=host).status_code == 421


@pytest.mark.parametrize("port", ["", ":1", ":8888"])
def test_a_tunnel_may_change_the_port_if_origin_follows(site, port):
    host = f"localhost{port}"
    assert site.post("target", QUESTION, host=host, origin=f"http://{host}").status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "http://localhost", "", None],
)
def test_a_foreign_origin_is_turned_away(site, origin):
    answer = site.post("target", QUESTION, origin=origin)
    assert answer.status_code == 403
    assert answer.json()["error"].startswith("origin: ")


def test_a_foreign_origin_may_not_even_read_files(site):
    assert (
        site.client.get(f"{site.base}/page/main.js", headers={"origin": "http://evil.example"}).status_code
        == 403
    )


@pytest.mark.parametrize("token", [None, "", "x", "TOKEN"])
def test_a_question_needs_the_token_of_this_start(site, token):
    assert site.post("target", QUESTION, x_giantstep_token=token).status_code == 403


def test_the_cookie_alone_answers_no_question(site):
    answer = site.post(
        "target", QUESTION, x_giantstep_token=None, cookie=f"{site.access.cookie}={site.access.token}"
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_question_is_json_and_no_form(site, kind):
    # A form of another site can send these types without asking the browser first.
    assert site.post("target", QUESTION, content_type=kind).status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"])
def test_other_methods_are_turned_away(site, method):
    assert site.client.request(method, f"{site.base}/ask/target", headers=site.headers()).status_code == 405
    assert site.client.get(f"{site.base}/ask/target").status_code == 405


def test_a_body_too_large_is_turned_away_announced_or_not(site):
    body = b'{"target": "' + b"z" * LARGEST_BODY + b'"}'
    assert site.post("target", body).status_code == 413
    chunked = site.client.post(
        f"{site.base}/ask/target", content=iter([body[:9000], body[9000:]]), headers=site.headers()
    )
    assert chunked.status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"z1"', b"1", b'{"target": NaN}', b"\xff\xfe", b"[" * 5000]
)
def test_a_body_that_is_no_question_is_turned_away(site, body):
    answer = site.post("target", body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("body: ")


def test_every_answer_carries_the_policy(site):
    refused = site.client.get(site.base, headers={"host": "evil.example"})
    asked = site.post("target", QUESTION)
    for answer in (
        refused,
        asked,
        site.client.get(site.base),
        site.client.get(f"{site.base}/page/nothing.js"),
    ):
        for name, value in HEADERS.items():
            assert answer.headers.get_list(name) == [value]
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;")
    assert "unsafe-eval" not in policy
    assert "frame-ancestors 'none'" in policy


def test_no_answer_invites_other_sites(site):
    answer = site.post("target", QUESTION)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "server" not in answer.headers


def test_the_page_is_for_those_who_have_the_token(site):
    with httpx.Client(trust_env=False) as stranger:
        assert stranger.get(site.base).status_code == 403
        assert stranger.get(f"{site.base}/?token=wrong").status_code == 403
        opened = stranger.get(site.access.url)
        assert (opened.status_code, opened.headers["location"]) == (303, "/")
        assert "httponly" in opened.headers["set-cookie"].lower()
        assert "samesite=strict" in opened.headers["set-cookie"].lower()
        page = stranger.get(site.base)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert f'content="{site.access.token}"' in page.text


def test_the_token_is_long_and_new_at_every_start():
    first, second = Access(), Access()
    assert first.token != second.token
    assert len(first.token) >= 32
    assert first.token not in repr(first)


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e/app.py",
        "/page/index.html",
        "/page//etc/passwd",
        "/app.py",
    ],
)
def test_no_file_beyond_the_page_is_served(site, path):
    raw = httpx.Request("GET", site.base)
    raw.url = raw.url.copy_with(raw_path=path.encode())
    answer = site.client.send(raw)
    assert answer.status_code == 404


def test_files_carry_their_hash_and_are_not_sent_twice(site):
    first = site.client.get(f"{site.base}/page/main.js")
    assert re.fullmatch(r'"[0-9a-f]{32}"', first.headers["etag"])
    again = site.client.get(f"{site.base}/page/main.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = site.client.get(f"{site.base}/page/main.js", headers={"accept-encoding": "identity"})
    assert plain.content == first.content


def test_all_addresses_of_the_machine_take_addresses_but_no_foreign_names():
    everywhere = Access(host="0.0.0.0", port=80)
    assert everywhere.refuse("GET", {"host": "192.0.2.7:80"}) is None
    assert everywhere.refuse("GET", {"host": everywhere.shown_host}) is None
    assert everywhere.refuse("GET", {"host": "evil.example"}).status == 421
    one = Access(host="192.0.2.7", port=80)
    assert one.refuse("GET", {"host": "192.0.2.7"}) is None
    assert one.refuse("GET", {"host": "192.0.2.8"}).status == 421
    assert one.refuse("GET", {"host": "localhost"}).status == 421
    six = Access(host="::1", port=80)
    assert six.refuse("GET", {"host": "[::1]:80", "origin": "http://[::1]:80"}) is None
    assert six.url.startswith("http://[::1]:80/?token=")
    assert not everywhere.local
    assert not one.local


def test_a_body_that_does_not_arrive_is_not_waited_for(site, monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE_SECONDS", 0.2)
    with _half_sent(site) as connection:
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer


def test_a_client_that_hangs_up_in_mid_body_leaves_no_traceback(site, capfd):
    with _half_sent(site):
        pass
    assert site.post("target", QUESTION).status_code == 200
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("number", ["9" * 400, "9" * 5000, "1e400"])
def test_a_number_that_no_float_holds_is_a_sentence(site, number):
    body = f'{{"target": "z1", "noise": {number}}}'.encode()
    last = json.loads(site.post("target", body).text.splitlines()[0])
    assert last["event"] == "error"
    assert last["message"].startswith("noise: found inf")


def test_a_websocket_gets_an_answer_and_no_advice(site, capfd):
    upgrade = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    assert site.client.get(site.base, headers=upgrade | {"sec-websocket-key": "AAAA"}).status_code == 403
    assert capfd.readouterr().err == ""


@contextmanager
def _half_sent(site):
    """A connection whose question announces more than it sends."""
    lines = [f"{name}: {value}" for name, value in site.headers(host=f"127.0.0.1:{site.access.port}").items()]
    head = "\r\n".join(["POST /ask/target HTTP/1.1", *lines, "content-length: 100", "", ""])
    with socket.create_connection(("127.0.0.1", site.access.port), timeout=300) as connection:
        connection.sendall(head.encode() + b'{"target"')
        yield connection
