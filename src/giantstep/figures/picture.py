"""A picture: a chart's frame and its tables apart, so that a page redraws the tables and keeps the frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]

# Larger than on paper: a page is read from further away.
_SCREEN_AXIS = {
    "labelFontSize": 11,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
    "gridColor": "#EEEEEE",
    "tickSize": 3,
    # On a narrow screen the ticks of a logarithmic axis stand close.
    "labelSeparation": 8,
}
_SCREEN_LEGEND = {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "symbolSize": 70}


@dataclass(frozen=True, slots=True)
class Picture:
    """A Vega-Lite chart whose data are named.

    Attributes
    ----------
    frame : dict
        The chart without data: marks read tables by name.
    tables : dict of str to list of dict
        Name -> rows; no NaN, no infinity.
    """

    frame: dict[str, Any]
    tables: dict[str, list[Row]]

    def spec(self) -> dict[str, Any]:
        """Return the whole chart as a Vega-Lite document."""
        return self.frame | {"datasets": self.tables}

    def chart(self, *, width: int = 420) -> Any:
        """Return the chart for `giantstep.figures.export.save`, at a width in pixels."""
        import altair as alt

        return alt.Chart.from_dict(self.spec() | {"width": width})


def frame(layers: list[Any], *, height: int, title: str = "") -> dict[str, Any]:
    """Return the frame of layered marks as wide as the page leaves room for."""
    import altair as alt

    from giantstep.figures.theme import themed

    chart = alt.layer(*layers).properties(width="container", height=height)
    if title:
        chart = chart.properties(title=alt.TitleParams(title, fontSize=12))
    chart = themed(chart).configure_axis(**_SCREEN_AXIS).configure_legend(**_SCREEN_LEGEND)
    document: dict[str, Any] = chart.to_dict(validate=False)
    return document | {"autosize": {"type": "fit-x", "contains": "padding"}}


def page_look(
    names: Sequence[str], *, field: str = "name", symbols: bool = True, **legend: Any
) -> tuple[Any, Any, Any]:
    """Return the encodings of `giantstep.figures.marks.look`, with one and the same legend for all three.

    Vega-Lite complains in the console where the legends of colour, shape and dash differ.
    """
    import altair as alt

    from giantstep.figures.marks import look

    own = alt.Legend(title=None, orient="top", symbolStrokeWidth=0 if symbols else 2, **legend)
    color, shape, _ = look(names, field=field, legend=own, symbols=symbols)
    return color, shape, look(names, field=field, legend=own, symbols=False)[2]


def finite(value: float) -> float | None:
    """Return a number for a table: None, which no mark draws, where it is not finite."""
    return float(value) if math.isfinite(value) else None
