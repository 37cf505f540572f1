"""Deep features: errors on the theory of the weights, per depth; below, features after one giant step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import bar, log_axis, look, table
from giantstep.figures.theme import COLORS, themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _HEIGHT = 250, 190
_THEORIES = {"plug-in": "predicted", "linearised": "linearised"}
"""Name of a theory -> where the summary keeps its error."""

_LINEARISED = ("one variance a layer", "one a row", "one variance a layer, relative", "one a row, relative")
_LINES: dict[str, Any] = {"symbolSize": 400, "labelLimit": 400}
"""Legend of lines: long enough to tell dashes apart."""


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
        panels = [_depths(dataset, deep, *group, legend=place < 2) for place, group in enumerate(groups)]
        parts += [alt.hconcat(*panels[k : k + 2], spacing=24) for k in range(0, len(panels), 2)]
    ratios = sorted({row["sample_ratio"] for row in trained})
    if ratios:
        parts.append(alt.hconcat(*(_steps(trained, ratio) for ratio in ratios), spacing=20))
    if "size" in dataset.sizes:
        laws = sorted({str(law) for law in dataset["size_rows"].values})
        parts.append(alt.hconcat(*(_sizes(dataset, law) for law in laws), spacing=24))
    title = alt.TitleParams(
        "Ridge on deep features: the weights alone predict the error",
        subtitle=[
            "Symbols: simulation, bars 2 standard errors. Above, lines: theory from the weights, per depth;",
            "the peak is at n = p. Below: one giant step. The covariance of fresh samples predicts;",
            "the linearised one fails on a long spike.",
        ],
        offset=12,
    )
    return themed(
        alt.vconcat(*parts, spacing=26)
        .resolve_scale(color="independent", shape="independent", strokeDash="independent")
        .properties(title=title)
    )


def _rows(dataset: xr.Dataset) -> list[dict[str, Any]]:
    names = [name for name in dataset.data_vars if dataset[name].dims == ("entry",)]
    rows = []
    for place in range(dataset.sizes["entry"]):
        row = {str(name): dataset[name].values[place].item() for name in names}
        rows.append(row | bar(row["test_error"], row["test_error_se"]))
    return rows


def _depths(
    dataset: xr.Dataset, deep: list[dict[str, Any]], penalty: float, law: str, *, legend: bool
) -> Any:
    import altair as alt

    own = [row for row in deep if (row["penalty"], row["rows"]) == (penalty, law)]
    here = [_point(row, row["sample_ratio"], str(row["layers"])) for row in own]
    lines = []
    for curve in range(dataset.sizes["curve"]):
        at = dataset.isel(curve=curve)
        if (float(at.line_penalty), str(at.line_rows.values)) != (penalty, law):
            continue
        lines += [
            {"name": str(int(at.line_layers)), "x": float(x), "value": float(y)}
            for x, y in zip(at.line_ratio.values, at.line_error.values, strict=True)
        ]
    depths = sorted({str(row["layers"]) for row in deep})
    shown = alt.Legend(title="layers") if legend else None
    color, shape, dash = look(depths, legend=shown)
    ratios = [row["x"] for row in here]
    x = alt.X("x:Q", title="n / p", axis=log_axis(ratios), scale=_log())
    y = alt.Y("value:Q", title="test error", axis=log_axis(_ends(here, lines)), scale=_log())
    dots = alt.Chart(table(here))
    layers = [
        alt.Chart(table(lines)).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=color, strokeDash=dash),
        dots.mark_rule().encode(x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q", color=color),
        dots.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    words = alt.TitleParams(f"{law} rows, penalty {penalty:g}", fontSize=11)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=words)


def _log() -> Any:
    """A logarithmic scale whose outermost symbols stand clear of the frame."""
    import altair as alt

    return alt.Scale(type="log", nice=False, padding=8)


def _point(row: dict[str, Any], x: float, name: str) -> dict[str, Any]:
    return {"name": name, "x": x} | {key: row[key] for key in ("value", "low", "high")}


def _ends(points: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[float]:
    return [row[key] for row in points for key in ("low", "high")] + [row["value"] for row in lines]


def _steps(trained: list[dict[str, Any]], ratio: float) -> Any:
    import altair as alt

    here = [row for row in trained if row["sample_ratio"] == ratio]
    lines = [
        {"name": theory, "x": row["step"], "value": row[name]}
        for theory, name in _THEORIES.items()
        for row in here
    ]
    points = [_point(row, row["step"], "simulation") for row in here]
    axis = log_axis(row["x"] for row in points)
    x = alt.X("x:Q", title="step η = learning rate / √p", axis=axis, scale=_log())
    y = alt.Y("value:Q", title="test error", scale=alt.Scale(zero=False, nice=False, padding=8))
    y = y.axis(tickCount=5)
    color, _, dash = look(list(_THEORIES), legend=alt.Legend(title="theory", **_LINES), symbols=False)
    dots = alt.Chart(table(points))
    layers = [
        alt.Chart(table(lines)).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=color, strokeDash=dash),
        dots.mark_rule(color=COLORS[0]).encode(x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q"),
        dots.mark_point(filled=True, size=36, opacity=1, color=COLORS[0]).encode(x=x, y=y),
    ]
    words = alt.TitleParams(f"after one step, n / p = {ratio:g}", fontSize=11)
    return alt.layer(*layers).properties(width=160, height=150, title=words)


def _sizes(dataset: xr.Dataset, law: str) -> Any:
    import altair as alt

    rows: list[dict[str, Any]] = []
    for place in np.flatnonzero(dataset["size_rows"].values == law):
        at = dataset.isel(size=place)
        errors = [float(at.layer_error), float(at.row_error)]
        errors += [error / float(at.norm) for error in errors]
        x = int(at.size_width)
        rows += [{"name": name, "x": x, "value": y} for name, y in zip(_LINEARISED, errors, strict=True)]
    legend = alt.Legend(title="linearised with", columns=2, **_LINES)
    color, _, dash = look(_LINEARISED, legend=legend, symbols=False)
    words = alt.TitleParams(f"error of the covariance of one erf layer, {law} rows", fontSize=11)
    xs, ys = ([row[key] for row in rows] for key in ("x", "value"))
    return (
        alt.Chart(table(rows))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("x:Q", title="width = d", axis=log_axis(xs), scale=_log()),
            y=alt.Y("value:Q", title="Frobenius error", axis=log_axis(ys), scale=_log()),
            color=color,
            strokeDash=dash,
        )
        .properties(width=_WIDTH, height=150, title=words)
    )
