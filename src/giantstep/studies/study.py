"""A study: what a file describes, expanded into points."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """One file of the store: a spec, its hash, and where it stands in the grid.

    Attributes
    ----------
    task : str
        The canonical JSON that the hash is taken of; all a worker needs.
    hash : str
        SHA-256 of the task, 64 hexadecimal digits; names the file.
    kind : str
        ``simulation`` or ``certificate``.
    sweep : str
        Name of the sweep it belongs to.
    labels : dict
        Axis -> label of this point, such as {"target": "stair2", "dimension": 1000, "replicate": 0}.
    """

    task: str
    hash: str
    kind: str
    sweep: str
    labels: dict[str, Any] = field(compare=False)

    @property
    def title(self) -> str:
        """The labels in one line, for people."""
        return ", ".join(f"{name} {value}" for name, value in self.labels.items())


@dataclass(frozen=True, slots=True)
class Study:
    """A study file, read and expanded.

    Attributes
    ----------
    name, title : str
        What it is called, and what it answers in a line.
    text : str
        The TOML it was read from; kept beside the results.
    figure : str or None
        Kind of figure its results are drawn as.
    points : tuple of Point
        Every point and replicate, certificates first.
    """

    name: str
    title: str
    text: str
    figure: str | None
    points: tuple[Point, ...]
