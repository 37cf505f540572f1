"""Figures: a labelled Dataset in, an Altair chart out; one function a kind."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_KINDS = {
    "stairway": "giantstep.figures.stairway",
    "exponents": "giantstep.figures.exponents",
    "beyond-kernel": "giantstep.figures.beyond_kernel",
    "learning-curves": "giantstep.figures.learning_curves",
}


def kinds() -> tuple[str, ...]:
    """Return the kinds of figures there are.

    >>> kinds()
    ('stairway', 'exponents', 'beyond-kernel', 'learning-curves')
    """
    return tuple(_KINDS)


def draw(kind: str, dataset: Any, **options: Any) -> Any:
    """Return the chart of a kind; save it with `giantstep.figures.export.save`.

    Raises
    ------
    SpecError
        For a kind that does not exist.
    """
    from giantstep.errors import SpecError, nearest

    if kind not in _KINDS:
        raise SpecError(f"figure: found {kind!r}, expected {', '.join(_KINDS)}{nearest(kind, _KINDS)}.")
    return getattr(import_module(_KINDS[kind]), kind.replace("-", "_"))(dataset, **options)
