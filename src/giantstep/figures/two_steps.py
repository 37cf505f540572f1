"""Two giant steps: phases of the exponents, spectra with their outliers, and what each outlier sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import BAR, bar, table
from giantstep.figures.theme import COLORS, GREY, themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _MAP, _HISTOGRAM, _ALIGNMENT = 230, 120, 95, 120
_MOST = 3
"""Counts from here on share a colour."""

_BLIND = ("#FFFFFF", "#E2E2E2", "#C4C4C4", "#A2A2A2")
_SEES = ("#FFFFFF", "#C9DCF0", "#7FA8D4", "#2F6DB0")
_KINDS = ("fresh", "reused")


def two_steps(dataset: xr.Dataset) -> Any:
    """Return a column a target: phase maps, spectra and alignments, fresh batch above reused one.

    Parameters
    ----------
    dataset : xarray.Dataset
        From ``giantstep.studies.drawable(folder, "two-steps")``.

    Raises
    ------
    SpecError
        When it holds no outliers.
    """
    import altair as alt

    if "predicted_singular_value" not in dataset:
        raise SpecError("two-steps: found no outliers, expected the summary of a study of weight-outliers.")
    columns = []
    for target in dict.fromkeys(str(target) for target in dataset["target"].values):
        names = [
            str(setting)
            for setting in dataset["setting"].values
            if str(dataset["target"].sel(setting=setting).values) == target
        ]
        columns.append(_column(dataset, names))
    title = alt.TitleParams(
        str(dataset.attrs["title"]),
        subtitle=[
            "Maps: number of outliers that grow with the width, by the exponents of the two learning rates;",
            "blue where one of them sees the teacher, grey where none does; cross: the runs below.",
            "Spectra: all singular values of one run (bars), its outliers (dots), predicted outliers "
            "(dashed, with rung), edge at the start (grey), measured edge (dotted).",
            "Below: squared cosine of each outlier with the teacher; ticks: theory, symbols: runs, bars "
            f"{BAR:g} standard errors.",
        ],
        offset=12,
    )
    return themed(alt.hconcat(*columns, spacing=26).properties(title=title))


def _column(dataset: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    parts = [_phase(dataset.sel(setting=name), name) for name in names]
    parts += [_spectrum(dataset.sel(setting=name), name) for name in names if "spectrum" in dataset]
    return alt.vconcat(*parts, _alignments(dataset, names), spacing=8).resolve_scale(color="independent")


def _phase(one: xr.Dataset, name: str) -> Any:
    import altair as alt

    counts, sees = one["outlier_count"].values, one["informative_count"].values
    axis1, axis2 = one["first_exponent"].values, one["second_exponent"].values
    step1, step2 = (float(axis[1] - axis[0]) for axis in (axis1, axis2))
    words = [f"{_count(k)} blind" for k in range(1, _MOST + 1)]
    words += [f"{_count(k)} sees" for k in range(1, _MOST + 1)]
    rows = []
    for i, x in enumerate(axis1):
        for j, y in enumerate(axis2):
            count = min(int(counts[i, j]), _MOST)
            if count:
                kind = words[count - 1 + (_MOST if sees[i, j] else 0)]
                # Wider than a cell by a little: seams between tiles would show.
                rows.append({"x": x, "x2": x + 1.1 * step1, "y": y, "y2": y + 1.1 * step2, "kind": kind})
    color = alt.Color("kind:N", scale=alt.Scale(domain=words, range=[*_BLIND[1:], *_SEES[1:]]), legend=None)
    x = alt.X("x:Q", title="α1", scale=alt.Scale(domain=[0, 0.5], nice=False), axis=alt.Axis(tickCount=5))
    y = alt.Y("y:Q", title="α2", scale=alt.Scale(domain=[0, 0.5], nice=False), axis=alt.Axis(tickCount=5))
    tiles = alt.Chart(table(rows)).mark_rect(strokeWidth=0).encode(x=x, x2="x2", y=y, y2="y2", color=color)
    own = [{"x": float(one["first_rate_exponent"]), "y": float(one["second_rate_exponent"])}]
    cross = alt.Chart(table(own)).mark_point(shape="cross", filled=True, size=70, color=COLORS[1])
    labels = alt.Chart(table(_region_labels(axis1, axis2, counts))).mark_text(fontSize=10, color="#222222")
    layers = [tiles, labels.encode(x="x:Q", y="y:Q", text="text:N"), cross.encode(x="x:Q", y="y:Q")]
    return alt.layer(*layers).properties(width=_WIDTH, height=_MAP, title=_title(name))


def _region_labels(axis1: Any, axis2: Any, counts: Any) -> list[dict[str, Any]]:
    """Return the number of outliers at the middle of its region."""
    rows = []
    for count in np.unique(counts[counts > 0]):
        places = np.argwhere(counts == count)
        if len(places) < 8:
            continue
        middle = places.mean(0)
        # The middle of a bent region may lie outside of it: the nearest place that is inside.
        i, j = places[np.argmin(((places - middle) ** 2).sum(1))]
        rows.append({"x": float(axis1[i]), "y": float(axis2[j]), "text": str(int(count))})
    return rows


def _count(k: int) -> str:
    return f"{k}" if k < _MOST else f"{k}+"


def _spectrum(one: xr.Dataset, name: str) -> Any:
    import altair as alt

    values = one["spectrum"].values
    values = values[np.isfinite(values)]
    edge, start = float(one["edge"]), float(one["predicted_edge"])
    low = max(float(values.min()), start / 30) if values.size else 0.1
    present = one["predicted_present"].values == 1
    expected = one["predicted_singular_value"].values[present]
    high = 1.25 * max([edge, *values.tolist(), *expected.tolist()])
    bulk = values[values <= 1.01 * edge]
    edges = np.geomspace(low, max(edge * 1.011, low * 1.1), 28)
    heights, _ = np.histogram(bulk, edges)
    bars = [
        {"x": float(a), "x2": float(b), "y": 0, "y2": int(h)}
        for a, b, h in zip(edges[:-1], edges[1:], heights, strict=True)
    ]
    top = int(heights.max(initial=1))
    x = alt.X("x:Q", title="singular value", scale=alt.Scale(type="log", domain=[low, high], nice=False))
    x = x.axis(format="~g", tickCount=6, grid=False)
    y = alt.Y("y:Q", title="count", scale=alt.Scale(domain=[0, 1.25 * top], nice=False))
    layers = [
        alt.Chart(table(bars)).mark_rect(color="#9DB8D2").encode(x=x, x2="x2", y=y, y2="y2"),
        _rules([start], x, GREY, [1, 0]),
        _rules([edge], x, "#000000", [1, 2]),
        _rules(expected.tolist(), x, COLORS[1], [5, 3]),
    ]
    out = [{"x": float(value), "y": 0.12 * top} for value in values[values > 1.01 * edge]]
    if out:
        dots = alt.Chart(table(out)).mark_point(filled=True, size=45, opacity=1, color=COLORS[0])
        layers.append(dots.encode(x=x, y=y))
    rungs = [str(int(rung)) for rung in one["rung"].values[present]]
    words = [{"x": float(v), "y": 1.12 * top, "text": t} for v, t in zip(expected, rungs, strict=True)]
    if words:
        text = alt.Chart(table(words)).mark_text(dx=6, fontSize=10, color=COLORS[1])
        layers.append(text.encode(x=x, y=y, text="text:N"))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HISTOGRAM, title=_title(name))


def _rules(values: list[float], x: Any, color: str, dash: list[int]) -> Any:
    import altair as alt

    rows = [{"x": float(value)} for value in values]
    return alt.Chart(table(rows)).mark_rule(color=color, strokeDash=dash, strokeWidth=1.3).encode(x=x)


def _alignments(dataset: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    points, ticks = list[dict[str, Any]](), list[dict[str, Any]]()
    shift = {name: 0.3 * (place - (len(names) - 1) / 2) for place, name in enumerate(names)}
    kinds = {name: _KINDS[int(dataset["reuse"].sel(setting=name))] for name in names}
    for name in names:
        one = dataset.sel(setting=name)
        for spike in np.flatnonzero(one["predicted_present"].values == 1):
            at = one.isel(spike=spike)
            place = float(at["rung"]) + shift[name]
            row: dict[str, Any] = {"kind": kinds[name], "x": place}
            expected = float(at["predicted_target_alignment"])
            ticks.append(row | {"low": place - 0.13, "high": place + 0.13, "y": expected})
            mean, error = float(at["target_alignment"]), float(at["target_alignment_se"])
            if math.isfinite(mean):
                points.append(row | bar(mean, error))
    scale = alt.Scale(domain=list(_KINDS), range=[COLORS[2], COLORS[0]])
    legend = alt.Legend(title=None, orient="bottom", direction="horizontal")
    color = alt.Color("kind:N", scale=scale, legend=legend)
    most = max([2, *(round(row["x"]) for row in ticks)])
    x = alt.X("x:Q", title="rung k", scale=alt.Scale(domain=[-0.6, most + 0.6], nice=False))
    x = x.axis(values=list(range(most + 1)), format="d", grid=False)
    highest = max([0.05, *(row["y"] for row in ticks), *(row["high"] for row in points)])
    y = alt.Y("y:Q", title="cos² with the teacher", scale=alt.Scale(domain=[0, 1.1 * highest], nice=False))
    base = alt.Chart(table(points))
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=list(_KINDS), range=["circle", "square"]), legend=None)
    value = alt.Y("value:Q", title="cos² with the teacher")
    layers = [
        alt.Chart(table(ticks))
        .mark_rule(strokeWidth=2.2)
        .encode(x=alt.X("low:Q", title="rung k"), x2="high:Q", y=y, color=color),
        base.mark_rule(strokeWidth=1.2, clip=True).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=color),
        base.mark_point(filled=True, size=50, opacity=1).encode(x=x, y=value, color=color, shape=shape),
    ]
    return alt.layer(*layers).properties(width=_WIDTH, height=_ALIGNMENT)


def _title(name: str) -> Any:
    import altair as alt

    return alt.TitleParams(name, fontSize=11, offset=4)
