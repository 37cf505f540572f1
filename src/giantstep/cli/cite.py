"""`giantstep cite`: BibTeX of the papers behind results."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from giantstep.cli.options import Text

if TYPE_CHECKING:
    from giantstep.citations import Paper


def cite(*what: Text, json: bool = False) -> int:
    """Print BibTeX of giantstep and of the papers that results rest on.

    Parameters
    ----------
    what
        Folders that "giantstep run" wrote, kinds of results such as stairway, or arXiv numbers; all papers
        by default.
    json
        Print one JSON document.
    """
    from giantstep.citations import own_bibtex, papers
    from giantstep.cli.console import print_json

    found = {paper.arxiv: paper for word in what for paper in _behind(word)} if what else papers()
    if json:
        print_json({"giantstep": own_bibtex(), "papers": [paper.to_dict() for paper in found.values()]})
        return 0
    print(own_bibtex())
    for paper in found.values():
        # BibTeX passes over what stands between entries.
        print(f"\n% {paper.used_for}\n{paper.bibtex()}")
    return 0


def _behind(word: str) -> tuple[Paper, ...]:
    """Return the papers of a results folder, a kind or an arXiv number."""
    from giantstep.citations import behind, named
    from giantstep.cli.results import results_folder

    if Path(word).is_dir() or "/" in word:
        from giantstep.studies.collecting import open_folder
        from giantstep.studies.subjects import subjects

        return behind(subjects(open_folder(results_folder(word))))
    return named(word)
