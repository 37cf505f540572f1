"""Figures in files, offline."""

import errno
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import altair as alt
import pytest
from tests.report.reading import ATTACKS, Page

from giantstep.errors import SpecError, StoreError, WriteError
from giantstep.figures.export import save
from giantstep.figures.page import policy as own_policy
from giantstep.figures.theme import COLORS, themed


@pytest.fixture
def chart():
    data = alt.InlineData(values=[{"x": 0, "y": 1}, {"x": 1, "y": 0}])
    return themed(alt.Chart(data).mark_line().encode(x="x:Q", y="y:Q"))


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<svg"), (".pdf", b"%PDF"), (".html", b"<!DOCTYPE")]
)
def test_every_format_is_written(chart, tmp_path, suffix, start):
    path = save(chart, tmp_path / f"new/figure{suffix}")
    assert path.read_bytes().lstrip()[: len(start)] == start


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a figure asked for the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".html"])
def test_no_format_asks_for_the_network(chart, tmp_path, suffix, no_network):
    assert save(chart, tmp_path / f"figure{suffix}").stat().st_size > 0


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_data_from_elsewhere_are_refused(tmp_path, suffix):
    chart = alt.Chart(alt.UrlData("https://example.invalid/x.csv")).mark_point().encode(x="x:Q")
    with pytest.raises(ValueError, match="External data url not allowed"):
        save(chart, tmp_path / f"figure{suffix}")


def test_a_page_needs_no_network_and_lets_only_its_own_scripts_run(chart, tmp_path):
    text = save(chart, tmp_path / "figure.html").read_text("utf-8")
    assert "cdn.jsdelivr" not in text
    page = Page(text)
    assert page.addresses == []
    (policy,) = [own["content"] for _, own in page.tags if own.get("http-equiv")]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    _, vega, embed = page.scripts
    assert policy.split("; img")[0] == own_policy(vega, embed).split("; img")[0]
    assert "ast: true" in embed


def test_names_on_a_page_are_data_never_markup(tmp_path):
    rows = [{"x": float(place), "name": attack} for place, attack in enumerate(ATTACKS)]
    drawn = alt.Chart(alt.InlineData(values=rows), title="\n".join(ATTACKS)).mark_point()
    drawn = drawn.encode(x=alt.X("x:Q", title=ATTACKS[-4]), color="name:N")
    page = Page(save(drawn, tmp_path / "figure.html").read_text("utf-8"))
    assert page.names == {"html", "head", "meta", "title", "style", "body", "div", "script"}
    assert page.handlers == []
    assert len(page.scripts) == 3
    held = json.loads(page.scripts[0])
    assert {row["name"] for rows in held["datasets"].values() for row in rows} == set(ATTACKS)


def test_the_specification_itself_can_be_saved(chart, tmp_path):
    assert json.loads(save(chart, tmp_path / "figure.json").read_text())["mark"]["type"] == "line"


def test_other_formats_and_unwritable_places_are_errors(chart, tmp_path):
    with pytest.raises(SpecError, match=r"found the suffix '.bmp', expected .html, .svg"):
        save(chart, tmp_path / "figure.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        save(chart, tmp_path / "file/figure.svg")


def test_colours_differ_in_grey():
    greys = [0.299 * int(c[1:3], 16) + 0.587 * int(c[3:5], 16) + 0.114 * int(c[5:], 16) for c in COLORS[:3]]
    assert min(abs(a - b) for i, a in enumerate(greys) for b in greys[:i]) > 40


def test_a_full_disk_leaves_the_figure_that_was_there(chart, tmp_path, monkeypatch):
    path = save(chart, tmp_path / "figure.svg")
    before = path.read_bytes()

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        save(chart, path)
    assert [file.name for file in tmp_path.iterdir()] == ["figure.svg"]
    assert path.read_bytes() == before


def test_a_link_stays_a_link_and_a_pipe_takes_a_figure(chart, tmp_path):
    link = tmp_path / "link.svg"
    link.symlink_to(tmp_path / "figure.svg")
    assert save(chart, link).is_symlink()
    assert (tmp_path / "figure.svg").is_file()
    pipe = tmp_path / "pipe.svg"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        taken = reader.submit(pipe.read_bytes)
        save(chart, pipe)
        assert taken.result() == link.read_bytes()
