"""One look for all figures: colours told apart by colour-blind readers and in grey, symbols, sizes."""

from __future__ import annotations

from typing import Any

COLORS = ("#004488", "#BB5566", "#DDAA33", "#000000", "#66CCEE", "#999933")
"""After Paul Tol's high-contrast scheme: its first three differ in grey as much as in colour."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 2, 2, 2), (4, 4), (1, 3))
GREY = "#888888"
FONT = "Helvetica, Arial, sans-serif"


def themed(chart: Any) -> Any:
    """Return a chart with the house's fonts, sizes and axes."""
    # One call: every configure_.. would copy the chart with all its data.
    return chart.configure(
        font=FONT,
        background="white",
        view={"stroke": "#CCCCCC"},
        axis={
            "labelFontSize": 9,
            "titleFontSize": 10,
            "titleFontWeight": "normal",
            "gridColor": "#EEEEEE",
            "tickSize": 3,
            # Ticks of a logarithmic axis stand close; labels that would touch are left out.
            "labelSeparation": 5,
        },
        header={"labelFontSize": 10, "labelPadding": 3},
        legend={"labelFontSize": 10, "titleFontSize": 10, "orient": "top", "symbolSize": 60},
        title={"fontSize": 13, "anchor": "start", "fontWeight": "bold", "subtitleFontSize": 10},
    )
