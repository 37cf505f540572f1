"""The gallery: every picture is there, small, still, and drawn by its script."""

from __future__ import annotations

import importlib.util
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def gallery():
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_kept_small_and_without_script(gallery):
    for name in gallery.PICTURES:
        file = DOCS / f"images/{name}.svg"
        assert file.stat().st_size < 300 * 1024
        names = {element.tag.split("}")[1] for element in ElementTree.parse(file).iter()}
        assert "script" not in names
        assert "foreignObject" not in names


def test_the_page_shows_every_picture_with_words(gallery):
    shown = re.findall(r"!\[([^\]]+)\]\(images/([a-z-]+)\.svg\)", (DOCS / "gallery.md").read_text("utf-8"))
    assert set(gallery.PICTURES) <= {name for _, name in shown}
    assert all(len(words) > 30 for words, _ in shown)


@pytest.mark.slow
def test_the_script_draws_them_all(gallery, tmp_path):
    gallery.main(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(gallery.PICTURES)
