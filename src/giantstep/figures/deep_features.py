"""Deep features: errors on the theory of the weights, per depth; below, features after one giant step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.theme import COLORS, themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _HEIGHT = 250, 190
_THEORIES = {"plug-in": [1, 0], "linearised": [5, 3]}


def deep_features(dataset: xr.Dataset) -> Any:
    """Return a panel for each law of the rows and penalty, error against n / p; below, against the step.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "deep-features")`.

    Raises
    ------
    SpecError
        When it is no summary of such a study.
    """
    import altair as alt

    if "z_linearised" not in dataset:
        raise SpecError("deep-features: found no entries, expected the summary of such a study.")
    rows = _rows(dataset)
    deep = [row for row in rows if row["family"] == "deep"]
    trained = [row for row in rows if row["family"] == "trained"]
    parts = []
    groups = sorted({(row["penalty"], row["rows"]) for row in deep})
    if groups:
        panels = [_depths(dataset, deep, penalty, law) for penalty, law in groups]
        parts += [alt.hconcat(*panels[k : k + 2], spacing=24) for k in range(0, len(panels), 2)]
    ratios = sorted({row["sample_ratio"] for row in trained})
    if ratios:
        parts.append(alt.hconcat(*(_steps(trained, ratio) for ratio in ratios), spacing=24))
    if "size" in dataset.sizes:
        laws = sorted({str(law) for law in dataset["size_rows"].values})
        parts.append(alt.hconcat(*(_sizes(dataset, law) for law in laws), spacing=24))
    title = alt.TitleParams(
        "Ridge on deep features: the weights alone predict the error",
        subtitle=[
            "Symbols: simulation, bars 2 standard errors. Above, lines: theory from the weights, per "
            "depth; the "
            "peak is at n = p.",
            "Below: one giant step. The covariance of fresh samples predicts; the linearised one fails on "
            "a long "
            "spike.",
        ],
        offset=12,
    )
    return themed(
        alt.vconcat(*parts, spacing=26)
        .resolve_scale(color="independent", strokeDash="independent")
        .properties(title=title)
    )


def _rows(dataset: xr.Dataset) -> list[dict[str, Any]]:
    names = [name for name in dataset.data_vars if dataset[name].dims == ("entry",)]
    rows = []
    for place in range(dataset.sizes["entry"]):
        row = {str(name): dataset[name].values[place].item() for name in names}
        error = row["test_error_se"]
        bar = 2 * error if math.isfinite(error) else 0.0
        rows.append(row | {"low": row["test_error"] - bar, "high": row["test_error"] + bar})
    return rows


def _depths(dataset: xr.Dataset, deep: list[dict[str, Any]], penalty: float, law: str) -> Any:
    import altair as alt

    here = [_plain(row) for row in deep if (row["penalty"], row["rows"]) == (penalty, law)]
    lines = []
    for curve in range(dataset.sizes["curve"]):
        at = dataset.isel(curve=curve)
        if (float(at.line_penalty), str(at.line_rows.values)) != (penalty, law):
            continue
        lines += [
            {"layers": int(at.line_layers), "x": float(x), "y": float(y)}
            for x, y in zip(at.line_ratio.values, at.line_error.values, strict=True)
        ]
    depths = sorted({row["layers"] for row in here})
    color = alt.Color(
        "layers:N",
        title="layers",
        scale=alt.Scale(domain=depths, range=list(COLORS[: len(depths)])),
    )
    x = alt.X("x:Q", title="n / p", scale=alt.Scale(type="log", nice=False))
    y = alt.Y("y:Q", title="test error", scale=alt.Scale(type="log", nice=False, padding=8))
    dots = alt.Chart(alt.InlineData(values=here))
    layers = [
        alt.Chart(alt.InlineData(values=lines)).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=color),
        dots.mark_rule().encode(x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q", color=color),
        dots.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=color),
    ]
    words = alt.TitleParams(f"{law} rows, penalty {penalty:g}", fontSize=11)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=words)


def _steps(trained: list[dict[str, Any]], ratio: float) -> Any:
    import altair as alt

    here = [row for row in trained if row["sample_ratio"] == ratio]
    lines = [
        {"theory": theory, "x": row["step"], "y": row[name]}
        for theory, name in (("plug-in", "predicted"), ("linearised", "linearised"))
        for row in here
    ]
    points = [
        {"x": row["step"], "y": row["test_error"], "low": row["low"], "high": row["high"]} for row in here
    ]
    kinds = list(_THEORIES)
    x = alt.X(
        "x:Q", title="step eta = learning rate / sqrt p", scale=alt.Scale(type="log", nice=False, padding=8)
    )
    y = alt.Y("y:Q", title="test error", scale=alt.Scale(zero=False))
    dash = alt.StrokeDash(
        "theory:N", title="theory", scale=alt.Scale(domain=kinds, range=list(_THEORIES.values()))
    )
    color = alt.Color("theory:N", title="theory", scale=alt.Scale(domain=kinds, range=[COLORS[0], COLORS[1]]))
    dots = alt.Chart(alt.InlineData(values=points))
    layers = [
        alt.Chart(alt.InlineData(values=lines))
        .mark_line(strokeWidth=1.4)
        .encode(x=x, y=y, color=color, strokeDash=dash),
        dots.mark_rule(color=COLORS[0]).encode(x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q"),
        dots.mark_point(filled=True, size=36, opacity=1, color=COLORS[0]).encode(x=x, y=y),
    ]
    words = alt.TitleParams(f"after one step, n / p = {ratio:g}", fontSize=11)
    return alt.layer(*layers).properties(width=160, height=150, title=words)


def _sizes(dataset: xr.Dataset, law: str) -> Any:
    import altair as alt

    kinds = ["one variance a layer", "one a row", "one variance a layer, relative", "one a row, relative"]
    rows = []
    for place in np.flatnonzero(dataset["size_rows"].values == law):
        at = dataset.isel(size=place)
        errors = [float(at.layer_error), float(at.row_error)]
        errors += [error / float(at.norm) for error in errors]
        x = int(at.size_width)
        rows += [{"what": what, "x": x, "y": y} for what, y in zip(kinds, errors, strict=True)]
    color = alt.Color(
        "what:N", title="linearised with", scale=alt.Scale(domain=kinds, range=list(COLORS[:2]) * 2)
    )
    dash = alt.StrokeDash(
        "what:N", title="linearised with", scale=alt.Scale(domain=kinds, range=[[1, 0]] * 2 + [[5, 3]] * 2)
    )
    words = alt.TitleParams(f"error of the covariance of one erf layer, {law} rows", fontSize=11)
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("x:Q", title="width = d", scale=alt.Scale(type="log", nice=False, padding=8)),
            y=alt.Y("y:Q", title="Frobenius error", scale=alt.Scale(type="log", nice=False, padding=8)),
            color=color,
            strokeDash=dash,
        )
        .properties(width=_WIDTH, height=150, title=words)
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the chart needs; NaN has no place in its data."""
    kept = {name: row[name] for name in ("layers", "low", "high")}
    return kept | {"x": row["sample_ratio"], "y": row["test_error"]}
