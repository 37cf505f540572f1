"""What a paper is here: an arXiv number, a title, and the studies that make its kinds of figures."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from giantstep.errors import SpecError, nearest

_NUMBER = re.compile(r"\d{4}\.\d{4,5}")


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """One kind of figure of a paper.

    Attributes
    ----------
    study : str
        The built-in study that computes it.
    shows : str
        What it shows, in a sentence.
    """

    study: str
    shows: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper and the studies that make its kinds of figures.

    Attributes
    ----------
    arxiv : str
        Such as "2305.18270".
    title : str
    figures : tuple of PaperFigure
    """

    arxiv: str
    title: str
    figures: tuple[PaperFigure, ...]


def is_paper(text: str) -> bool:
    """Return whether a text is written as an arXiv number.

    >>> is_paper("2305.18270"), is_paper("stairway")
    (True, False)
    """
    return _NUMBER.fullmatch(text.removeprefix("arXiv:").removeprefix("arxiv:")) is not None


def papers() -> dict[str, Paper]:
    """Return arXiv number -> paper, in order of number."""
    files = [item for item in resources.files(__package__).iterdir() if item.name.endswith(".toml")]
    found = [_read(item.read_text(encoding="utf-8")) for item in files]
    return {one.arxiv: one for one in sorted(found, key=lambda one: one.arxiv)}


def paper(number: str) -> Paper:
    """Return a paper by its arXiv number.

    Raises
    ------
    SpecError
        For one that no study is about, with the nearest known number.
    """
    number, known = number.removeprefix("arXiv:").removeprefix("arxiv:"), papers()
    if number not in known:
        raise SpecError(f"paper: found {number!r}, expected {', '.join(known)}{nearest(number, known)}.")
    return known[number]


def _read(text: str) -> Paper:
    table: dict[str, Any] = tomllib.loads(text)
    figures = tuple(PaperFigure(one["study"], one["shows"]) for one in table["figure"])
    return Paper(table["arxiv"], table["title"], figures)
