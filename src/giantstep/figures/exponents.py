"""Measured exponents: where overlaps cross a level against the dimension, and their collapse on n / d^l."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import log_axis, look
from giantstep.figures.theme import themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _HEIGHT = 250, 250


def exponents(dataset: xr.Dataset) -> Any:
    """Return three panels: n*(d) with fitted slopes, the collapse on n / d^l, and eta*(d).

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "exponents")`.

    Raises
    ------
    SpecError
        When it holds no crossing.
    """
    import altair as alt

    needed = {"crossing", "overlap", "exponent", "leap"}
    if not needed <= set(dataset) or not np.isfinite(dataset["crossing"].values).any():
        raise SpecError("exponents: needs scans over several dimensions whose overlaps cross the level.")
    names = [_legend(dataset.isel(setting=place)) for place in range(dataset.sizes["setting"])]
    panels = [_batches(dataset, names), _collapse(dataset, names)]
    if np.isfinite(dataset["rate_crossing"].values).any():
        panels.append(_rates(dataset, names))
    title = alt.TitleParams(
        "How many samples, and how large a rate, a giant step needs",
        subtitle=[
            f"Left: the batch n* at which the squared overlap crosses {dataset.attrs['level']}, with fitted "
            "powers of d (95 % intervals). Middle: overlap against n / d^l;",
            "symbols measured, lines S/(S+N). Right: the learning rate that turns the rows half way.",
        ],
        offset=12,
    )
    chart = alt.hconcat(*panels, spacing=28).resolve_scale(
        color="shared", shape="shared", strokeDash="shared"
    )
    return themed(chart.properties(title=title))


def _legend(one: xr.Dataset) -> str:
    name, exponent = str(one["setting"].values), float(one["exponent"])
    half = (float(one["exponent_high"]) - float(one["exponent_low"])) / 2
    if not math.isfinite(exponent):
        return name
    return f"{name}: {exponent:.3f}" + (f" ± {half:.3f}" if math.isfinite(half) else "")


def _encodings(names: list[str]) -> tuple[Any, Any, Any]:
    import altair as alt

    return look(names, legend=alt.Legend(title="step: exponent of n*", columns=5, labelLimit=300))


def _power_axis(field: str, title: str, values: list[float]) -> dict[str, Any]:
    """Return a logarithmic channel with a little room on both sides."""
    import altair as alt

    ends = [min(values) / 1.3, max(values) * 1.3]
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": alt.Scale(type="log", domain=ends, nice=False),
        "axis": log_axis(ends),
    }


def _fit_panel(rows: list[dict[str, Any]], lines: list[dict[str, Any]], names: list[str], title: str) -> Any:
    """Points with intervals on two logarithmic axes, and fitted powers through them."""
    import altair as alt

    color, shape, dash = _encodings(names)
    x = alt.X(**_power_axis("d", "input dimension d", [row["d"] for row in rows]))
    spread = [row[key] for row in rows for key in ("low", "high", "value")]
    y = alt.Y(**_power_axis("value", title, spread))
    bars = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rule(strokeWidth=1.2)
        .encode(x=x, y=alt.Y(**_power_axis("low", title, spread)), y2="high:Q", color=color)
    )
    points = alt.Chart(alt.InlineData(values=rows)).mark_point(filled=True, size=45, opacity=1)
    fits = alt.Chart(alt.InlineData(values=lines)).mark_line(strokeWidth=1.3)
    layers = [fits.encode(x=x, y=y, color=color, strokeDash=dash), bars]
    layers.append(points.encode(x=x, y=y, color=color, shape=shape))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)


def _fit_rows(
    dataset: xr.Dataset, names: list[str], quantity: str, fit: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, lines = [], []
    for place, name in enumerate(names):
        one = dataset.isel(setting=place)
        exponent, prefactor = float(one[fit]), float(one[f"{fit}_log_prefactor"])
        for rung in range(one.sizes["rung"]):
            value, d = float(one[quantity][rung]), float(one["dimension"][rung])
            if not math.isfinite(value):
                continue
            row = {"name": name, "d": d, "value": value, "low": value, "high": value}
            if quantity == "crossing" and math.isfinite(float(one["crossing_low"][rung])):
                row |= {"low": float(one["crossing_low"][rung]), "high": float(one["crossing_high"][rung])}
            rows.append(row)
            if math.isfinite(exponent):
                lines.append({"name": name, "d": d, "value": math.exp(prefactor) * d**exponent})
    return rows, lines


def _batches(dataset: xr.Dataset, names: list[str]) -> Any:
    rows, lines = _fit_rows(dataset, names, "crossing", "exponent")
    return _fit_panel(rows, lines, names, "batch n* at the crossing")


def _rates(dataset: xr.Dataset, names: list[str]) -> Any:
    rows, lines = _fit_rows(dataset, names, "rate_crossing", "rate_exponent")
    return _fit_panel(rows, lines, names, "learning rate η* that turns rows half way")


def _collapse(dataset: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    rows: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        one = dataset.isel(setting=place)
        leap = float(one["leap"])
        for rung in range(one.sizes["rung"]):
            d = float(one["dimension"][rung])
            columns = (one[key][rung].values for key in ("scanned_batch", "overlap", "theory_overlap"))
            for n, overlap, theory in zip(*columns, strict=True):
                if math.isfinite(n) and math.isfinite(overlap) and math.isfinite(leap):
                    law = float(theory) if math.isfinite(theory) else None
                    row = {"name": name, "d": d, "x": float(n) / d**leap, "value": float(overlap)}
                    rows.append(row | {"law": law, "line": f"{place} {rung}"})
    color, shape, dash = _encodings(names)
    x = alt.X(**_power_axis("x", "n / d^l", [row["x"] for row in rows]))
    y = alt.Y("value:Q", title="squared overlap", scale=alt.Scale(domain=[0, 1])).axis(grid=True)
    base = alt.Chart(alt.InlineData(values=rows))
    size = alt.Size("d:Q", scale=alt.Scale(type="log", range=[8, 45]), legend=None)
    points = base.mark_point(filled=True, opacity=0.55).encode(x=x, y=y, color=color, shape=shape, size=size)
    law = base.transform_filter("isValid(datum.law)").mark_line(strokeWidth=1.2)
    lines = law.encode(
        x=x, y=alt.Y("law:Q", title="squared overlap"), color=color, strokeDash=dash, detail="line:N"
    )
    level = alt.Chart(alt.InlineData(values=[{"level": dataset.attrs["level"]}])).mark_rule(
        strokeDash=[2, 3], color="#888888"
    )
    return alt.layer(level.encode(y="level:Q"), lines, points).properties(width=_WIDTH, height=_HEIGHT)
