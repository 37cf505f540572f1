"""Minimax games: the error in time, how far the particles move, T x average gap against its constant."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import bar, log_axis, shades, table
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

AXIS = "output_scale"
_WIDTH, _HEIGHT = 240, 190


def minimax(dataset: xr.Dataset) -> Any:
    """Return a row of panels a game: error, movement and, where it is known, the integral of the gap.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "minimax")`.

    Raises
    ------
    SpecError
        When it holds no games.
    """
    import altair as alt

    if "frozen_distance" not in dataset or "game" not in dataset.dims:
        raise SpecError("minimax: found no games, expected the summary of a study of minimax.")
    scales = [f"{scale:g}" for scale in dataset[AXIS].values]
    rows = []
    for game in dataset["game"].values:
        one = dataset.sel(game=game)
        panels = [_error(one, scales), _movement(one)]
        # Samples show no gap.
        if one["gap_integral"].notnull().any():
            panels.append(_gap(one, scales))
        title = alt.TitleParams(str(game), fontSize=11, anchor="start")
        rows.append(alt.hconcat(*panels, spacing=26).properties(title=title))
    title = alt.TitleParams(
        "Minimax: descent-ascent of two wide networks, and its frozen-kernel limit",
        subtitle=[
            "Lines and symbols: games, one shade an output scale α, bars 2 standard errors.",
            "Dashed: the frozen-kernel flow of the same particles, which never ignores the instrument.",
            "Dotted grey: the bias of ignoring it; the limit √(2 V(0)) of α W2;",
            "the constant V(0) of the rate 1/T.",
        ],
        offset=12,
    )
    return themed(alt.vconcat(*rows, spacing=18).properties(title=title))


def _color(scales: list[str]) -> Any:
    import altair as alt

    legend = alt.Legend(title="output scale α", columns=10, symbolSize=400, symbolStrokeWidth=2)
    legend.symbolOpacity = 1
    return alt.Color("alpha:O", scale=shades(scales), sort=scales, legend=legend)


def _curves(one: xr.Dataset, name: str, scales: list[str]) -> list[dict[str, Any]]:
    rows = []
    for place, alpha in enumerate(scales):
        for point, time in enumerate(one["time"].values):
            value, error = (
                float(one[name].values[place, point]),
                float(one[f"{name}_se"].values[place, point]),
            )
            if time > 0 and math.isfinite(value):
                row: dict[str, Any] = {"alpha": alpha, "x": float(time)} | bar(value, error)
                # The axis is logarithmic: a bar ends above zero.
                rows.append(row | {"low": max(row["low"], 0.2 * value)})
    return rows


def _frozen(one: xr.Dataset, name: str, scales: list[str]) -> list[dict[str, Any]]:
    """Return the frozen flow: one line for all scales where they share it, else one a scale."""
    rows: list[dict[str, Any]] = []
    seen: list[Any] = []
    for alpha, values in zip(scales, one[name].values, strict=True):
        if any(np.allclose(values, others, rtol=1e-9, atol=0, equal_nan=True) for others in seen):
            continue
        seen.append(values)
        rows += [
            {"alpha": alpha, "x": float(time), "value": float(value)}
            for time, value in zip(one["time"].values, values, strict=True)
            if time > 0 and math.isfinite(float(value))
        ]
    return rows


def _panel(
    one: xr.Dataset, name: str, frozen: str, scales: list[str], y: Any, level: float, *, title: str
) -> Any:
    import altair as alt

    rows, dashed = _curves(one, name, scales), _frozen(one, frozen, scales)
    axis = log_axis(row["x"] for row in rows)
    x = alt.X("x:Q", title="time", axis=axis, scale=alt.Scale(type="log", nice=False))
    curves = alt.Chart(table(rows))
    line = alt.Chart(table(dashed)).mark_line(strokeDash=[5, 3], strokeWidth=1.2)
    shared = len({row["alpha"] for row in dashed}) < 2
    low = alt.Y("low:Q", title=title)
    layers = [
        curves.mark_rule(opacity=0.5).encode(x=x, y=low, y2="high:Q", color=_color(scales)),
        curves.mark_line(strokeWidth=1.6).encode(x=x, y=y, color=_color(scales)),
        line.encode(x=x, y=y, color=alt.value("black") if shared else _color(scales)),
    ]
    if math.isfinite(level):
        rule = alt.Chart(table([{"value": level}])).mark_rule(color=GREY, strokeDash=[2, 2])
        layers.append(rule.encode(y=y))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)


def _error(one: xr.Dataset, scales: list[str]) -> Any:
    import altair as alt

    rows = _curves(one, "error", scales)
    limit = _frozen(one, "frozen_error", scales)
    axis = log_axis(row[end] for row in [*rows, *limit] for end in ("low", "value", "high") if end in row)
    title = "error |f − f*|²"
    scale = alt.Scale(type="log", nice=False, padding=8)
    y = alt.Y("value:Q", title=title, axis=axis, scale=scale)
    return _panel(one, "error", "frozen_error", scales, y, float(one["naive_bias"]), title=title)


def _gap(one: xr.Dataset, scales: list[str]) -> Any:
    import altair as alt

    title = "T × average gap"
    y = alt.Y("value:Q", title=title)
    return _panel(one, "gap_integral", "frozen_gap_integral", scales, y, float(one["constant"]), title=title)


def _movement(one: xr.Dataset) -> Any:
    import altair as alt

    last = max(k for k, time in enumerate(one["time"].values) if math.isfinite(float(time)))
    rows = []
    for place, alpha in enumerate(one[AXIS].values):
        value = float(alpha) * float(one["primal_movement"].values[place, last])
        error = float(alpha) * float(one["primal_movement_se"].values[place, last])
        if math.isfinite(value):
            rows.append({"x": float(alpha)} | bar(value, error))
    title = "α W2 at the end"
    # Every output scale was chosen: all of them have a label.
    axis = alt.Axis(values=[row["x"] for row in rows], format="~g")
    x = alt.X("x:Q", title="output scale α", axis=axis, scale=alt.Scale(type="log", nice=False, padding=14))
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False, nice=False, padding=8)).axis(tickCount=6)
    points = alt.Chart(table(rows))
    layers = [
        points.mark_rule().encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q"),
        points.mark_point(filled=True, size=40, opacity=1, color="black").encode(x=x, y=y),
    ]
    ends = [
        {"x": float(alpha), "value": float(value)}
        for alpha, value in zip(one[AXIS].values, one["frozen_movement"].values[:, last], strict=True)
        if math.isfinite(value)
    ]
    limits: list[tuple[float, str, list[int]]] = []
    heights = [end["value"] for end in ends]
    if ends and max(heights) - min(heights) <= 1e-9 * max(heights):
        limits.append((heights[0], "black", [5, 3]))
    else:
        line = alt.Chart(table(ends)).mark_line(color="black", strokeDash=[5, 3])
        layers.append(line.encode(x=x, y=y))
    if math.isfinite(float(one["constant"])):
        limits.append((math.sqrt(2 * float(one["constant"])), GREY, [2, 2]))
    for value, color, dash in limits:
        rule = alt.Chart(table([{"value": value}])).mark_rule(color=color, strokeDash=dash)
        layers.append(rule.encode(y=y))
    return alt.layer(*layers).properties(width=_WIDTH - 60, height=_HEIGHT)
