"""Write a chart to a file: html, svg, png or pdf, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save(chart: Any, path: str | Path) -> Path:
    """Write a chart in the format of the file's suffix (.html, .svg, .png, .pdf, .json).

    Raises
    ------
    SpecError
        For another suffix.
    """
    raise NotImplementedError
