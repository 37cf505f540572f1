"""Write a chart to a file: html, svg, png or pdf, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from giantstep.errors import SpecError, StoreError

FORMATS = (".html", ".svg", ".png", ".pdf", ".json")


def save(chart: Any, path: str | Path) -> Path:
    """Write a chart in the format of the file's suffix (.html, .svg, .png, .pdf, .json).

    The page holds its own copy of Vega, so it opens without a network; no browser is needed for the others.
    Nothing is fetched: a chart may not name data or images elsewhere.

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
        from giantstep.figures.page import page

        content = page(chart).encode()
    elif suffix == ".svg":
        content = svg(chart).encode()
    elif suffix == ".png":
        content = vl_convert.vegalite_to_png(text, ppi=200, scale=1, allowed_base_urls=[])
    else:
        content = vl_convert.vegalite_to_pdf(text, allowed_base_urls=[])
    return deliver("figure", path, content)


def deliver(what: str, path: Path, content: bytes) -> Path:
    """Write a file whole or not at all, into a folder that is made; a pipe takes it as it comes.

    Raises
    ------
    StoreError
        When it cannot be written; what stood there stands there still.
    """
    from giantstep.studies.store import commit

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            commit(path.resolve(), lambda temporary: temporary.write_bytes(content))
    except OSError as error:
        raise StoreError(f"{what}: {path} cannot be written ({error.strerror}).") from None
    return path


def svg(chart: Any) -> str:
    """Return a chart as SVG; every name in it is text, never markup."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_json(indent=None), allowed_base_urls=[]))


def words_of(chart: Any) -> str:
    """Return title and subtitle of a chart as sentences, for those who do not see it."""
    title = chart.to_dict().get("title", "")
    if isinstance(title, str):
        return title
    below = title.get("subtitle", [])
    lines = [below] if isinstance(below, str) else list(below)
    return " ".join([f"{str(title.get('text', '')).rstrip('.')}.", *lines])
