"""The gallery: the tests draw a picture of every kind of figure; what the documentation shows is the same."""

from __future__ import annotations

import importlib.util
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tests.screenshots import FOLDER, KEPT

from giantstep.figures import kinds
from giantstep.figures.export import save

DOCS = Path(__file__).parents[2] / "docs"


def load():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up.
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


gallery = load()


class Drawing:
    """What an SVG says and is made of; numbers apart, for they may differ in their last digits."""

    def __init__(self, path):
        self.size = path.stat().st_size
        elements = list(ElementTree.parse(path).iter())
        self.tags = {element.tag.split("}")[1] for element in elements}
        said = [re.sub(r"[-−+]?\d+(\.\d+)?(e[-+]?\d+)?", "#", element.text or "") for element in elements]
        self.words = {text for text in said if re.search(r"[^\W\d_]", text)}
        classes = [name for element in elements for name in element.get("class", "").split()]
        self.marks = {name for name in classes if name.startswith("mark-")}


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_a_picture_is_drawn_and_the_documentation_shows_the_same(name):
    # Read before it is drawn anew, perhaps in its place.
    kept = Drawing(KEPT / f"kinds/{name}.svg")
    new = Drawing(save(gallery.PICTURES[name].chart(), FOLDER / f"kinds/{name}.svg"))
    assert not new.tags & {"script", "foreignObject", "image"}
    assert new.size < 300 * 1024
    again = f"python docs/gallery.py kinds/{name}"
    assert new.words == kept.words, again
    assert new.marks == kept.marks, again


def test_every_kind_of_figure_has_a_picture():
    assert {picture.kind for picture in gallery.PICTURES.values()} == set(kinds())


def test_the_gallery_shows_every_picture_with_words_and_names_every_kind():
    page = (DOCS / "gallery.md").read_text("utf-8")
    shown = {name: words for words, name in re.findall(r"!\[([^\]]+)\]\(images/kinds/([a-z-]+)\.svg\)", page)}
    assert set(shown) == set(gallery.PICTURES)
    assert all(len(words) > 30 for words in shown.values())
    assert set(kinds()) <= set(re.findall(r"`([a-z-]+)`", page))


def test_every_image_is_shown_and_every_image_shown_is_there():
    text = {page: page.read_text("utf-8") for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]}
    shown = {
        (page.parent / address).resolve()
        for page, said in text.items()
        for address in re.findall(r"[\w./-]*images/[\w./-]+\.(?:svg|png)", said)
    }
    assert shown == {image.resolve() for image in KEPT.rglob("*.*")}
    drawn = {image.stem for image in KEPT.glob("*.svg")}
    assert drawn == set(gallery.PAGES)


def test_the_pictures_of_pages_are_small_and_without_script():
    for name in gallery.PAGES:
        drawing = Drawing(KEPT / f"{name}.svg")
        assert not drawing.tags & {"script", "foreignObject", "image"}
        assert drawing.size < 300 * 1024


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.PAGES)
def test_a_built_in_study_draws_the_picture_of_its_page(name, tmp_path, monkeypatch):
    # Its short twin: the words of the picture need not wait for minutes of runs.
    monkeypatch.setitem(gallery.PAGES, name, "quick")
    gallery.main([name], tmp_path)
    assert Drawing(tmp_path / f"{name}.svg").marks == Drawing(KEPT / f"{name}.svg").marks
