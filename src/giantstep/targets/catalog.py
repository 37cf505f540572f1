"""Targets with names: the examples of the literature and the traps of theory note 10, section 7."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from giantstep.errors import SpecError, nearest


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A named target: its expression, rank, noise variance, and one sentence saying what it shows."""

    name: str
    expression: str
    rank: int
    noise: float
    shows: str


@cache
def _load() -> dict[str, CatalogEntry]:
    # imported here because it costs a fifth of the import of this package
    from importlib import resources

    text = resources.files("giantstep.targets").joinpath("catalog.json").read_text("utf-8")
    return {record["name"]: CatalogEntry(**record) for record in json.loads(text)}


def names() -> tuple[str, ...]:
    """Return the names of the catalog, simplest targets first.

    >>> names()[:3]
    ('linear', 'product2', 'stair2')
    """
    return tuple(_load())


def entries() -> tuple[CatalogEntry, ...]:
    """Return every entry of the catalog."""
    return tuple(_load().values())


def entry(name: str) -> CatalogEntry:
    """Return one entry.

    Raises
    ------
    SpecError
        When the name is not in the catalog.

    Examples
    --------
    >>> entry("stair3").expression
    'z1 + z1*z2 + z1*z2*z3'
    """
    try:
        return _load()[name]
    except (KeyError, TypeError):
        hint = nearest(str(name), names()) or f"; allowed are {', '.join(names())}."
        raise SpecError(f"catalog: no target is called {name!r}{hint}") from None
