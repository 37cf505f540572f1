"""What the page is made of: a fixed list of small files, compressed once, told apart by their hash."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
CHOICES = "choices.json"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its type, its bytes plain and compressed, and its entity tag."""

    media_type: str
    content: bytes
    compressed: bytes
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> Asset:
        """Return an asset; the type is that of the suffix."""
        suffix = name[name.rindex(".") :]
        digest = hashlib.sha256(content).hexdigest()
        return cls(TYPES[suffix], content, gzip.compress(content, 9, mtime=0), f'"{digest[:32]}"')


@cache
def page() -> dict[str, Asset]:
    """Return the files of the page by name; what is not in this table cannot be asked for.

    >>> sorted(page())[:2]
    ['answers.js', 'charts.js']
    """
    folder = resources.files("giantstep.explorer").joinpath("page")
    files = [item for item in folder.iterdir() if "." + item.name.rpartition(".")[2] in TYPES]
    return {item.name: Asset.of(item.name, item.read_bytes()) for item in files}


@cache
def choices() -> Asset:
    """Return what the lists of the forms hold: the catalog and the activations."""
    from giantstep.networks.activation import names
    from giantstep.targets import catalog

    targets = [
        {"name": entry.name, "expression": entry.expression, "rank": entry.rank, "shows": entry.shows}
        for entry in catalog.entries()
    ]
    return Asset.of(CHOICES, json.dumps({"targets": targets, "activations": names()}).encode())
