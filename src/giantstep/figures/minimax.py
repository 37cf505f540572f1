"""Minimax games: the error in time, T x average gap against its constant, alpha x W2 against alpha."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

AXIS = "output_scale"
_WIDTH, _HEIGHT = 240, 190


def minimax(dataset: xr.Dataset) -> Any:
    """Return a row of panels a game: error, gap integral, movement.

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
        panels = [_error(one, scales), _gap(one, scales), _movement(one)]
        if not one["gap_integral"].notnull().any():
            # Samples show no gap.
            del panels[1]
        title = alt.TitleParams(str(game), fontSize=11, anchor="start")
        rows.append(alt.hconcat(*panels, spacing=26).properties(title=title))
    title = alt.TitleParams(
        str(dataset.attrs.get("title", "Minimax")).split(":")[0],
        subtitle=[
            "Lines: games, one colour an output scale alpha, bars 2 standard errors. Dashed: the "
            "frozen-kernel flow of the same particles.",
            "Grey: the bias of ignoring the instrument; the constant V(0) of the 1/T rate; the limit "
            "sqrt(2 V(0)) of alpha x W2.",
        ],
        offset=12,
    )
    return themed(alt.vconcat(*rows, spacing=18).properties(title=title))


def _color(scales: list[str]) -> Any:
    import altair as alt

    scale = alt.Scale(domain=scales, scheme="viridis")
    return alt.Color("alpha:O", scale=scale, sort=scales, legend=alt.Legend(title="alpha", columns=10))


def _curves(one: xr.Dataset, name: str, scales: list[str]) -> list[dict[str, Any]]:
    rows = []
    for place, alpha in enumerate(scales):
        for point, time in enumerate(one["time"].values):
            value, error = (
                float(one[name].values[place, point]),
                float(one[f"{name}_se"].values[place, point]),
            )
            if time > 0 and math.isfinite(value):
                bar = 2 * error if math.isfinite(error) else 0.0
                low = max(value - bar, 0.2 * value)
                rows.append({"alpha": alpha, "x": float(time), "y": value, "low": low, "high": value + bar})
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
            {"alpha": alpha, "x": float(time), "y": float(value)}
            for time, value in zip(one["time"].values, values, strict=True)
            if time > 0 and math.isfinite(float(value))
        ]
    return rows


def _panel(one: xr.Dataset, name: str, frozen: str, scales: list[str], y: Any, level: float) -> Any:
    import altair as alt

    x = alt.X("x:Q", title="time", scale=alt.Scale(type="log", nice=False))
    curves = alt.Chart(alt.InlineData(values=_curves(one, name, scales)))
    dashed = _frozen(one, frozen, scales)
    line = alt.Chart(alt.InlineData(values=dashed)).mark_line(strokeDash=[5, 3], strokeWidth=1.2)
    shared = len({row["alpha"] for row in dashed}) < 2
    layers = [
        curves.mark_rule(opacity=0.5).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=_color(scales)),
        curves.mark_line(strokeWidth=1.4).encode(x=x, y=y, color=_color(scales)),
        line.encode(x=x, y=y, color=alt.value("black") if shared else _color(scales)),
    ]
    if math.isfinite(level):
        rule = alt.Chart(alt.InlineData(values=[{"y": level}])).mark_rule(color=GREY, strokeDash=[2, 2])
        layers.append(rule.encode(y=y))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)


def _error(one: xr.Dataset, scales: list[str]) -> Any:
    import altair as alt

    y = alt.Y("y:Q", title="|f - f*|^2", axis=alt.Axis(format=".0e"), scale=alt.Scale(type="log"))
    return _panel(one, "error", "frozen_error", scales, y, float(one["naive_bias"]))


def _gap(one: xr.Dataset, scales: list[str]) -> Any:
    import altair as alt

    y = alt.Y("y:Q", title="T x average gap")
    return _panel(one, "gap_integral", "frozen_gap_integral", scales, y, float(one["constant"]))


def _movement(one: xr.Dataset) -> Any:
    import altair as alt

    last = max(k for k, time in enumerate(one["time"].values) if math.isfinite(float(time)))
    rows = []
    for place, alpha in enumerate(one[AXIS].values):
        value = float(alpha) * float(one["primal_movement"].values[place, last])
        error = float(alpha) * float(one["primal_movement_se"].values[place, last])
        if math.isfinite(value):
            bar = 2 * error if math.isfinite(error) else 0.0
            rows.append({"x": float(alpha), "y": value, "low": value - bar, "high": value + bar})
    axis = alt.Axis(values=[row["x"] for row in rows])
    x = alt.X("x:Q", title="alpha", axis=axis, scale=alt.Scale(type="log"))
    y = alt.Y("y:Q", title="alpha x W2 at the end", scale=alt.Scale(zero=False))
    points = alt.Chart(alt.InlineData(values=rows))
    layers = [
        points.mark_rule().encode(x=x, y=alt.Y("low:Q", title="alpha x W2 at the end"), y2="high:Q"),
        points.mark_point(filled=True, size=40, opacity=1, color="black").encode(x=x, y=y),
    ]
    ends = [
        {"x": float(alpha), "y": float(value)}
        for alpha, value in zip(one[AXIS].values, one["frozen_movement"].values[:, last], strict=True)
        if math.isfinite(value)
    ]
    limits: list[tuple[float, str, list[int]]] = []
    heights = [end["y"] for end in ends]
    if ends and max(heights) - min(heights) <= 1e-9 * max(heights):
        limits.append((heights[0], "black", [5, 3]))
    else:
        line = alt.Chart(alt.InlineData(values=ends)).mark_line(color="black", strokeDash=[5, 3])
        layers.append(line.encode(x=x, y=y))
    if math.isfinite(float(one["constant"])):
        limits.append((math.sqrt(2 * float(one["constant"])), GREY, [2, 2]))
    for value, color, dash in limits:
        rule = alt.Chart(alt.InlineData(values=[{"y": value}])).mark_rule(color=color, strokeDash=dash)
        layers.append(rule.encode(y=y))
    return alt.layer(*layers).properties(width=_WIDTH - 60, height=_HEIGHT)
