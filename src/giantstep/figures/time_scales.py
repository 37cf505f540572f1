"""Time-scales: the risk in log time with its plateaus, learning times, and their local slopes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.marks import log_axis, look, shades, table
from giantstep.figures.theme import DASHES, GREY, themed

if TYPE_CHECKING:
    import xarray as xr

AXIS = "time_scale_ratio"
_WIDTH, _HEIGHT = 560, 250


def time_scales(dataset: xr.Dataset) -> Any:
    """Return the risk against log time; below, learning times and local slopes against the ratio.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "time-scales")`.

    Raises
    ------
    SpecError
        When it holds no such flows.
    """
    import altair as alt

    if "risk" not in dataset or "local_slope" not in dataset or AXIS not in dataset.dims:
        raise SpecError("time-scales: found no flows, expected the summary of a study of time-scales.")
    known = [float(value) for value in dataset["exponent"].values if math.isfinite(value)]
    exponents = ", ".join(str(Fraction(value).limit_denominator(99)) for value in known)
    title = alt.TitleParams(
        "Time-scales: Hermite components learned one after the other",
        subtitle=[
            "Gradient flow with a readout 1/ε faster. Above: risk, a line an ε; grey: plateaus of theory.",
            "Below: when component k is learned (dashed: closed forms, k = 0, 1), and the local slopes of it",
            f"(grey dashes: exponents {exponents}; k = 1 with its logarithm taken out).",
        ],
        offset=12,
    )
    below = alt.hconcat(_times(dataset), _slopes(dataset), spacing=30)
    parts = [_risks(dataset), below]
    if "case_risk" in dataset:
        parts.insert(1, _finite(dataset))
    return themed(
        alt.vconcat(*parts, spacing=22)
        .resolve_scale(color="independent", strokeDash="independent", shape="independent")
        .properties(title=title)
    )


def _log(title: str, rows: list[dict[str, Any]], *, padding: int = 0) -> Any:
    import altair as alt

    axis = log_axis(row["x"] for row in rows)
    return alt.X("x:Q", title=title, axis=axis, scale=alt.Scale(type="log", nice=False, padding=padding))


def _risks(dataset: xr.Dataset) -> Any:
    import altair as alt

    ratios = [float(ratio) for ratio in dataset[AXIS].values]
    rows = [
        {"eps": f"{ratio:.0e}", "x": float(time), "y": float(risk)}
        for place, ratio in enumerate(ratios)
        for time, risk in zip(dataset["time"].values[place], dataset["risk"].values[place], strict=True)
        if math.isfinite(risk)
    ]
    names = [f"{ratio:.0e}" for ratio in ratios]
    # Shades of one colour: eps is ordered.
    legend = alt.Legend(title="ε", columns=12, symbolSize=200, symbolStrokeWidth=2)
    color = alt.Color("eps:O", scale=shades(names), sort=names, legend=legend)
    lines = alt.Chart(table(rows)).mark_line(strokeWidth=1.5)
    plateaus = [{"y": float(value)} for value in dataset["plateau"].values]
    rules = alt.Chart(table(plateaus)).mark_rule(color=GREY, strokeDash=[2, 2])
    y = alt.Y("y:Q", title="risk")
    return alt.layer(rules.encode(y=y), lines.encode(x=_log("time t", rows), y=y, color=color)).properties(
        width=_WIDTH, height=_HEIGHT
    )


def _finite(dataset: xr.Dataset) -> Any:
    import altair as alt

    rows = []
    for place, case in enumerate(dataset["case"].values):
        off, error = float(dataset["deviation"][place]), float(dataset["deviation_se"][place])
        said = f"{case} (off by {off:.2g}{f' ± {error:.1g}' if math.isfinite(error) else ''})"
        for kind, name in (("network", "case_risk"), ("limit", "case_limit")):
            rows += [
                {"case": said, "kind": kind, "x": float(x), "y": float(y)}
                for x, y in zip(dataset["case_time"].values[place], dataset[name].values[place], strict=True)
                if math.isfinite(y)
            ]
    names = list(dict.fromkeys(str(row["case"]) for row in rows))
    lines: dict[str, Any] = {"title": None, "labelLimit": 400, "symbolSize": 400}
    color, _, _ = look(names, field="case", legend=alt.Legend(columns=2, **lines), symbols=False)
    dash = alt.Scale(domain=["network", "limit"], range=[[1, 0], [5, 3]])
    return (
        alt.Chart(table(rows))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=_log("time t", rows),
            y=alt.Y("y:Q", title="risk"),
            color=color,
            strokeDash=alt.StrokeDash("kind:N", scale=dash, legend=alt.Legend(columns=1, **lines)),
        )
        .properties(
            width=_WIDTH, height=150, title=alt.TitleParams("Finite networks and their limit", fontSize=11)
        )
    )


def _components(dataset: xr.Dataset) -> tuple[Any, Any]:
    import altair as alt

    names = [f"k = {k}" for k in dataset["component"].values]
    color, shape, _ = look(names, field="component", legend=alt.Legend(title=None))
    return color, shape


def _rows(dataset: xr.Dataset, name: str) -> list[dict[str, Any]]:
    return [
        {"component": f"k = {k}", "x": float(ratio), "y": float(dataset[name].values[place, order])}
        for place, ratio in enumerate(dataset[AXIS].values)
        for order, k in enumerate(dataset["component"].values)
        if math.isfinite(float(dataset[name].values[place, order]))
    ]


def _times(dataset: xr.Dataset) -> Any:
    import altair as alt

    color, shape = _components(dataset)
    rows, law = _rows(dataset, "learning_time"), _rows(dataset, "predicted_time")
    x, axis = _log("ε", rows, padding=10), log_axis(row["y"] for row in rows)
    y = alt.Y(
        "y:Q",
        title="time at which k is learned",
        axis=axis,
        scale=alt.Scale(type="log", nice=False, padding=8),
    )
    measured, closed = alt.Chart(table(rows)).encode(x=x, y=y, color=color), alt.Chart(table(law))
    return alt.layer(
        closed.mark_line(strokeDash=list(DASHES[1]), strokeWidth=1).encode(x=x, y=y, color=color),
        measured.mark_point(filled=True, size=40, opacity=1).encode(shape=shape),
    ).properties(width=_WIDTH // 2 - 40, height=200)


def _slopes(dataset: xr.Dataset) -> Any:
    import altair as alt

    color, shape = _components(dataset)
    rows = [row for row in _rows(dataset, "local_slope") if row["component"] != "k = 1"]
    if "slope_without_log" in dataset:
        rows += [
            {"component": "k = 1", "x": float(ratio), "y": float(slope)}
            for ratio, slope in zip(dataset[AXIS].values, dataset["slope_without_log"].values, strict=True)
            if math.isfinite(float(slope))
        ]
    levels = [{"y": float(value)} for value in dataset["exponent"].values]
    y = alt.Y(
        "y:Q", title="local slope of log time on log ε", scale=alt.Scale(domain=[-0.1, 1.05], clamp=True)
    )
    points = alt.Chart(table(rows)).encode(x=_log("ε", rows, padding=10), y=y, color=color)
    rules = alt.Chart(table(levels)).mark_rule(color=GREY, strokeDash=[4, 3])
    return alt.layer(
        rules.encode(y=y),
        points.mark_line(strokeWidth=1),
        points.mark_point(filled=True, size=40, opacity=1).encode(shape=shape),
    ).properties(width=_WIDTH // 2 - 40, height=200)
