"""The spectrum of a first layer on a page: singular values of one run, predicted edge and outliers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.figures.picture import Picture, Row, frame
from giantstep.figures.theme import COLORS, GREY
from giantstep.training.outlier_count import among_all

if TYPE_CHECKING:
    import xarray as xr

_HEIGHT = 300
_BINS = 28
_FURTHEST = 30.0
"""Values further below the edge than this factor stand in the lowest bar."""
LINES = {"predicted": "predicted outlier", "edge": "predicted edge of the bulk", "measured": "measured edge"}


def singular_values(predicted: xr.Dataset, measured: xr.Dataset | None = None) -> Any:
    """Return the chart of `spectrum_picture`.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, predict
    >>> network = Network(600, "tanh", readout="uniform", symmetric=False)
    >>> found = predict.outliers(Target.parse("tanh(z1)"), network,
    ...                          Protocol.of_exponents([0.4, 0.3], [1, 3], batch=1000), dimension=400)
    >>> [row["kind"] for row in singular_values(found).to_dict()["datasets"]["lines"]]
    ['predicted outlier', 'predicted edge of the bulk']
    """
    return spectrum_picture(predicted, measured).chart()


def spectrum_picture(predicted: xr.Dataset, measured: xr.Dataset | None = None) -> Picture:
    """Return a histogram of the singular values, each outlier as a dot above it, and theory as rules.

    Parameters
    ----------
    predicted : xarray.Dataset
        From `giantstep.predict.outliers`.
    measured : xarray.Dataset, optional
        From `giantstep.training.outlier_simulation.simulate_outliers` with ``spectrum=True``; its first
        replicate after the last step.
    """
    edge = float(predicted["edge"])
    present = predicted["present"].values
    lines: list[Row] = [
        {"kind": LINES["predicted"], "x": float(value), "text": f"rung {int(rung)}"}
        for value, rung in zip(
            predicted["singular_value"].values[present], predicted["rung"].values[present], strict=True
        )
    ]
    lines.append({"kind": LINES["edge"], "x": edge, "text": ""})
    bars: list[Row] = []
    dots: list[Row] = []
    if measured is not None:
        last = measured.isel(replicate=0, step=-1)
        values = measured["spectrum"].isel(replicate=0).values
        own_edge = float(last["edge"])
        if np.isfinite(values).all() and np.isfinite(own_edge):
            lines.append({"kind": LINES["measured"], "x": own_edge, "text": ""})
            outside = last["singular_value"].values[last["present"].values.astype(bool)]
            inside = values[~among_all(last["present"].values, len(values))]
            low = max(float(inside.min()), own_edge / _FURTHEST)
            heights, ends = np.histogram(
                np.maximum(inside, low), np.geomspace(low, max(own_edge, float(inside.max())), _BINS + 1)
            )
            bars = [
                {"x": float(left), "x2": float(right), "y": 0.0, "y2": float(height)}
                for left, right, height in zip(ends[:-1], ends[1:], heights, strict=True)
            ]
            dots = [{"x": float(value), "y": 0.0} for value in outside]
    return Picture(_frame(), {"bars": bars, "dots": dots, "lines": lines})


@lru_cache(maxsize=1)
def _frame() -> dict[str, Any]:
    import altair as alt

    names = list(LINES.values())
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=1,
        labelLimit=240,
        symbolType="stroke",
        symbolSize=300,
        symbolStrokeWidth=2,
    )

    def scale(values: list[Any]) -> Any:
        return alt.Scale(domain=names, range=values)

    color = alt.Color("kind:N", scale=scale([COLORS[1], GREY, COLORS[3]]), legend=legend)
    dash = alt.StrokeDash("kind:N", scale=scale([[6, 3], [1, 0], [2, 2]]), legend=legend)
    axis = alt.X("x:Q", title="singular value", scale=alt.Scale(type="log", nice=False, padding=42))
    axis = axis.axis(format="~g", grid=False, tickCount=6)
    y = alt.Y("y:Q", title="singular values in a bar", scale=alt.Scale(zero=True))
    bars = alt.Chart(alt.NamedData("bars")).mark_rect(color="#9DB8D2")
    dots = alt.Chart(alt.NamedData("dots")).mark_point(filled=True, size=90, color=COLORS[0], opacity=1)
    lines = alt.Chart(alt.NamedData("lines"))
    layers = [
        bars.encode(x=axis, x2="x2:Q", y=y, y2="y2:Q"),
        lines.mark_rule(strokeWidth=2).encode(x=axis, color=color, strokeDash=dash),
        lines.mark_text(align="left", dx=4, dy=2, baseline="top", fontSize=11).encode(
            x=axis, y=alt.value(0), text="text:N", color=color
        ),
        dots.encode(x=axis, y=y),
    ]
    return frame(layers, height=_HEIGHT)
