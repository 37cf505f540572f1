"""`giantstep studies`: what can be run by name."""

from __future__ import annotations


def studies(*, targets: bool = False, paper: bool = False, json: bool = False) -> int:
    """List the built-in studies, the papers whose figures they make, or the targets of the catalog.

    Parameters
    ----------
    targets
        List the catalog of targets instead.
    paper
        List the papers instead; "giantstep run" takes their arXiv numbers.
    json
        Print one JSON document.
    """
    from giantstep.cli.console import listing, print_json

    rows = _targets() if targets else _papers() if paper else _studies()
    if json:
        print_json(rows)
        return 0
    listing(rows)
    return 0


def _studies() -> list[dict[str, str]]:
    from giantstep.studies import builtin

    return [{"name": name, "title": title} for name, title in builtin().items()]


def _papers() -> list[dict[str, str]]:
    from giantstep.studies.papers import papers

    return [
        {"arxiv": one.arxiv, "study": figure.study, "shows": figure.shows}
        for one in papers().values()
        for figure in one.figures
    ]


def _targets() -> list[dict[str, str]]:
    from giantstep.targets import catalog

    return [
        {"name": entry.name, "expression": entry.expression, "shows": entry.shows}
        for entry in catalog.entries()
    ]
