"""Which papers a result rests on, and their BibTeX.

``papers.json`` holds title, authors and year as arXiv lists them; a paper whose authors could not be checked
is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from giantstep.errors import SpecError, nearest

_STAIRS, _REUSE, _SPIKED = "2305.18270", "2402.03220", "2402.04980"
_BBP, _FEATURES, _TWO_STEPS = "2205.01445", "2310.07891", "2605.17767"

RESTS_ON: dict[str, tuple[str, ...]] = {
    "stairway": (_STAIRS,),
    "overlap-plane": (_STAIRS,),
    "exponents": (_STAIRS,),
    "beyond-kernel": (_STAIRS,),
    "certificate": (_STAIRS,),
    "simulation": (_STAIRS,),
    "scan": (_STAIRS,),
    "overlaps": (_STAIRS,),
    "reuse": (_STAIRS, _REUSE),
    "learning-curves": (_SPIKED, _BBP),
    "learning-curve": (_SPIKED, _BBP),
    "spike-map": (_SPIKED, _BBP),
    "features": (_SPIKED, _BBP),
    "feature-spikes": (_FEATURES, _BBP),
    "spikes": (_FEATURES, _BBP),
    "weight-outliers": (_TWO_STEPS, _BBP),
    "outliers": (_TWO_STEPS, _BBP),
    "two-steps": (_TWO_STEPS, _BBP),
    "spectrum": (_TWO_STEPS, _BBP),
    "phase-map": (_TWO_STEPS,),
    "deep-features": ("2402.13999",),
    "trained-features": ("2402.13999",),
    "time-scales": ("2303.00055",),
    "minimax": ("2404.12312",),
    "multi-task": ("2307.06887",),
}
"""Kind of figure, of study or of point -> arXiv numbers, the nearest first."""

_SPECIAL = str.maketrans(
    {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_"}
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper.

    Attributes
    ----------
    arxiv, key, title : str
    authors : tuple of str
        Given names first.
    year : int
        Of the first version.
    used_for : str
        What giantstep takes from it.
    note : str
    """

    arxiv: str
    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    used_for: str
    note: str = ""

    @property
    def url(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv}"

    def bibtex(self) -> str:
        """Return the entry; UTF-8, as biber and current BibTeX styles read it."""
        fields = {
            # Braces inside keep the title's capitals.
            "title": "{" + _tex(self.title) + "}",
            "author": " and ".join(map(_tex, self.authors)),
            "year": str(self.year),
            "eprint": self.arxiv,
            "archivePrefix": "arXiv",
            "url": self.url,
        }
        if self.note:
            fields["note"] = _tex(self.note)
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"])

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "arxiv": self.arxiv,
            "key": self.key,
            "title": self.title,
            "authors": list(self.authors),
            "year": self.year,
            "used_for": self.used_for,
            "bibtex": self.bibtex(),
        }


def _tex(text: str) -> str:
    return text.translate(_SPECIAL)


@cache
def papers() -> dict[str, Paper]:
    """Return arXiv number -> paper.

    >>> papers()["2305.18270"].authors[0]
    'Yatin Dandi'
    """
    text = resources.files("giantstep").joinpath("papers.json").read_text(encoding="utf-8")
    return {
        number: Paper(
            number,
            entry["key"],
            entry["title"],
            tuple(entry["authors"]),
            int(entry["year"]),
            entry["for"],
            entry.get("note", ""),
        )
        for number, entry in json.loads(text).items()
    }


def behind(kinds: Iterable[str]) -> tuple[Paper, ...]:
    """Return the papers behind kinds of results, each once; kinds that rest on none are passed over.

    >>> [paper.arxiv for paper in behind(["learning-curves", "spike-map", "nothing"])]
    ['2402.04980', '2205.01445']
    """
    numbers = dict.fromkeys(number for kind in kinds for number in RESTS_ON.get(kind, ()))
    return tuple(papers()[number] for number in numbers)


def named(word: str) -> tuple[Paper, ...]:
    """Return the papers behind one kind, or the paper of an arXiv number.

    Raises
    ------
    SpecError
        For a word that is neither.
    """
    number = word.lower().removeprefix("arxiv:")
    if number in papers():
        return (papers()[number],)
    if word in RESTS_ON:
        return behind([word])
    known = [*RESTS_ON, *papers()]
    raise SpecError(
        f"cite: found {word!r}, expected a results folder, an arXiv number of 'giantstep cite', or a kind: "
        f"{', '.join(RESTS_ON)}{nearest(word, known)}."
    )


def own_bibtex() -> str:
    """Return the entry of giantstep itself."""
    from giantstep import __version__

    title = "giantstep: what a two-layer network learns in its first few giant gradient steps"
    fields = {
        "title": "{" + title + "}",
        "author": "{The giantstep developers}",
        "year": "2026",
        "version": __version__,
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items()]
    return "\n".join(["@software{giantstep,", *lines, "}"])
