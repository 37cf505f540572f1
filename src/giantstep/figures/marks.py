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


def shades(names: Sequence[str]) -> Any:
    """Return a scale of shades for names in an order, dark to light, none too light to be seen on white."""
    import altair as alt

    return alt.Scale(domain=list(names), scheme=alt.SchemeParams(name="viridis", extent=[0, 0.85]))


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


def log_axis(values: Iterable[float], *, grid: bool = True) -> Any:
    """Return an axis for a logarithmic scale over positive values, with a label where there is room for one.

    Powers of ten over many decades; numbers between them, and the more of them, over fewer decades.

    >>> log_axis([0.4, 2.5]).values, log_axis([3.0, 4000.0]).values, log_axis([0.25, 0.7]).values
    ([0.5, 1.0, 2.0], [10.0, 100.0, 1000.0], [0.3, 0.4, 0.5, 0.6])
    """
    import altair as alt

    known = [value for value in values if value > 0 and math.isfinite(value)] or [1.0]
    low, high = min(known) * (1 - 1e-9), max(known) * (1 + 1e-9)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ratio = high / low
    if ratio > 1000:
        # At most seven labels, and those of one axis on multiples of the same power.
        apart = math.ceil(math.log10(ratio) / 7)
        ticks = [10.0**k for k in decades if k % apart == 0]
    else:
        digits = (1, 3) if ratio > 60 else (1, 2, 5) if ratio > 6 else (1, 2, 3, 4, 5, 6, 8)
        ticks = [float(f"{digit}e{k}") for k in decades for digit in digits]
    plain = "datum.value >= 0.001 && datum.value < 100000"
    label = f"{plain} ? format(datum.value, '~g') : replace(format(datum.value, '.0e'), '+', '')"
    return alt.Axis(values=[tick for tick in ticks if low <= tick <= high], labelExpr=label, grid=grid)


def whole_steps(last: int) -> list[int]:
    """Return the ticks of an axis of steps: all of them, or every second, third, .. beyond a dozen."""
    return list(range(0, last + 1, max(1, math.ceil((last + 1) / 12))))
