"""Figures in files, offline."""

import json

import altair as alt
import pytest

from giantstep.errors import SpecError, StoreError
from giantstep.figures.export import save
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


def test_a_page_needs_no_network(chart, tmp_path):
    page = save(chart, tmp_path / "figure.html").read_text()
    assert 'src="http' not in page
    assert "cdn.jsdelivr" not in page


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
