"""Write a chart to a file: html, svg, png or pdf, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from giantstep.errors import SpecError, StoreError

FORMATS = (".html", ".svg", ".png", ".pdf", ".json")


def save(chart: Any, path: str | Path) -> Path:
    """Write a chart in the format of the file's suffix (.html, .svg, .png, .pdf, .json).

    The page holds its own copy of Vega, so it opens without a network; no browser is needed for the others.

    Raises
    ------
    SpecError
        For another suffix.
    StoreError
        When the file cannot be written.
    """
    import vl_convert

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise SpecError(f"figure: found the suffix {path.suffix!r}, expected {', '.join(FORMATS)}.")
    text = chart.to_json(indent=None)
    if suffix == ".json":
        content = text.encode()
    elif suffix == ".html":
        content = vl_convert.vegalite_to_html(text, bundle=True).encode()
    elif suffix == ".svg":
        content = vl_convert.vegalite_to_svg(text).encode()
    elif suffix == ".png":
        content = vl_convert.vegalite_to_png(text, ppi=200, scale=1)
    else:
        content = vl_convert.vegalite_to_pdf(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise StoreError(f"figure: {path} cannot be written ({error.strerror}).") from None
    return path
