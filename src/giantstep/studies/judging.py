"""Verdicts of a study: what theory predicts beside what was measured, one row a target."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def verdicts(folder: str | Path) -> dict[str, Any]:
    """Return the tables of verdicts, JSON-ready (no NaN), and write them to ``verdicts.json``.

    Returns
    -------
    dict
        ``{"study", "counts": {verdict: number}, "rows": [...]}``; a row has ``labels`` (such as target),
        ``expression``, ``verdict`` (agrees, disagrees, not resolved), ``reason``, ``dimension`` (the
        largest) and ``steps``: for each step ``predicted_dimension``, ``predicted`` (U_t in words),
        ``alignment`` and ``alignment_se`` of the neurons with the predicted U_t, and ``directions``.
    """
    raise NotImplementedError
