"""What every figure draws with: a look per name, means with their error bars, points in a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from giantstep.figures.theme import COLORS, DASHES, SHAPES

BAR = 2.0
"""Standard errors in an error bar, either way, unless a figure says otherwise."""


def look(
    names: Sequence[str],
    *,
    field: str = "name",
    legend: Any = None,
    places: Sequence[int] | None = None,
    symbols: bool = True,
) -> tuple[Any, Any, Any]:
    """Return colour, shape and dash encodings that give every name its own, the same in all layers.

    Colour, symbol and dash say the same thing three times, so that grey print and colour-blind readers lose
    nothing. Beyond the palette the cycle starts again with dashes shifted. ``places`` picks other entries of
    the palette than the first ones. The legend shows symbols, or lines where a figure has no symbols.
    """
    import altair as alt

    places = range(len(names)) if places is None else places
    shifted = [place + place // len(COLORS) for place in places]
    palette: dict[str, list[Any]] = {
        "color": [COLORS[place % len(COLORS)] for place in places],
        "shape": [SHAPES[place % len(SHAPES)] for place in shifted],
        "dash": [list(DASHES[place % len(DASHES)]) for place in shifted],
    }
    if symbols and legend is not None:
        # Vega-Lite outlines the legend's symbols with the lines' dashes, which only blurs them.
        legend = legend.copy()
        legend.symbolStrokeWidth = 0
    scale = {key: alt.Scale(domain=list(names), range=values) for key, values in palette.items()}
    return (
        alt.Color(f"{field}:N", scale=scale["color"], legend=legend),
        alt.Shape(f"{field}:N", scale=scale["shape"], legend=legend if symbols else None),
        alt.StrokeDash(f"{field}:N", scale=scale["dash"], legend=None if symbols else legend),
    )


def table(rows: Iterable[dict[str, Any]]) -> Any:
    """Return rows as the data of a chart; what is not finite becomes null, which no mark draws."""
    import altair as alt

    return alt.InlineData(values=[{key: _plain(value) for key, value in row.items()} for row in rows])


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def bar(mean: float, error: float, *, times: float = BAR) -> dict[str, float]:
    """Return a value with the ends of its bar; one seed has no error and no bar.

    >>> bar(1.0, 0.1), bar(1.0, float("nan"))
    ({'value': 1.0, 'low': 0.8, 'high': 1.2}, {'value': 1.0, 'low': 1.0, 'high': 1.0})
    """
    reach = times * float(error) if math.isfinite(error) else 0.0
    return {"value": float(mean), "low": float(mean) - reach, "high": float(mean) + reach}


def whole_steps(last: int) -> list[int]:
    """Return the ticks of an axis of steps: all of them, or every second, third, .. beyond a dozen."""
    return list(range(0, last + 1, max(1, math.ceil((last + 1) / 12))))
