"""The phases of two giant steps on a page: outliers by the two exponents, and the point that is looked at."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from giantstep.figures.phase_map import region_labels
from giantstep.figures.picture import Picture, Row, frame

if TYPE_CHECKING:
    import xarray as xr

_HEIGHT = 320
_MOST = 3
"""Counts from here on share a colour."""

_WORDS = ("none", "1", "2", "3+")
_BLIND = ("#F3EDE0", "#E2E2E2", "#C4C4C4", "#A2A2A2")
_SEES = ("#F3EDE0", "#D3E3F3", "#9CC0E2", "#659BCF")


def exponent_map(phases: xr.Dataset, *, point: tuple[float, float] | None = None) -> Any:
    """Return the chart of `map_picture`.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> phases = predict.outlier_phases(Target.parse("tanh(z1)"), "tanh",
    ...                                 first_exponent=[0.1, 0.4], second_exponent=[0.1, 0.4])
    >>> sorted({cell["kind"] for cell in exponent_map(phases).to_dict()["datasets"]["cells"]})
    ['1 seeing', '2 seeing']
    """
    return map_picture(phases, point=point).chart()


def map_picture(phases: xr.Dataset, *, point: tuple[float, float] | None = None) -> Picture:
    """Return the number of outliers that grow with the width, blue where one of them sees the teacher.

    Parameters
    ----------
    phases : xarray.Dataset
        From `giantstep.predict.outlier_phases` over evenly spaced exponents.
    point : (alpha1, alpha2), optional
        Marked by a cross.
    """
    first, second = phases["first_exponent"].values, phases["second_exponent"].values
    half1, half2 = (float(axis[1] - axis[0]) / 2 for axis in (first, second))
    counts, sees = phases["outlier_count"].values, phases["informative_count"].values
    cells: list[Row] = []
    for i, alpha1 in enumerate(first):
        sides = {"x": round(float(alpha1) - half1, 6), "x2": round(float(alpha1) + half1, 6)}
        for j, alpha2 in enumerate(second):
            kind, top = _kind(int(counts[i, j]), int(sees[i, j])), round(float(alpha2) + half2, 6)
            if j and cells[-1]["kind"] == kind:
                # One tall cell instead of many: no seams, and a tenth of the rows.
                cells[-1]["y2"] = top
            else:
                cells.append(sides | {"y": round(float(alpha2) - half2, 6), "y2": top, "kind": kind})
    marked = [] if point is None else [{"x": point[0], "y": point[1]}]
    labels = region_labels(first, second, counts, sees)
    return Picture(_frame(), {"cells": cells, "labels": labels, "point": marked})


def _kind(count: int, sees: int) -> str:
    if not count:
        return _WORDS[0]
    return f"{_WORDS[min(count, _MOST)]} {'seeing' if sees else 'blind'}"


@lru_cache(maxsize=1)
def _frame() -> dict[str, Any]:
    import altair as alt

    names = [f"{word} {sight}" for sight in ("blind", "seeing") for word in _WORDS[1:]] + [_WORDS[0]]
    colors = [*_BLIND[1:], *_SEES[1:], _BLIND[0]]
    legend = alt.Legend(title=None, orient="top", columns=3, symbolType="square")
    color = alt.Color("kind:N", scale=alt.Scale(domain=names, range=colors), legend=legend)
    stroke = alt.Stroke("kind:N", scale=alt.Scale(domain=names, range=colors), legend=legend)
    scale = alt.Scale(domain=[0, 0.5], nice=False)
    axis = alt.Axis(values=[0, 0.1, 0.2, 0.3, 0.4, 0.5], grid=False)
    x = alt.X("x:Q", title="first exponent α1", scale=scale, axis=axis)
    y = alt.Y("y:Q", title="second exponent α2", scale=scale, axis=axis)
    cells = alt.Chart(alt.NamedData("cells")).mark_rect(clip=True, strokeWidth=1)
    point = alt.Chart(alt.NamedData("point"))
    layers = [cells.encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=color, stroke=stroke)]
    labels = alt.Chart(alt.NamedData("labels")).mark_text(fontSize=12, color="#222222")
    layers.append(labels.encode(x=x, y=y, text="text:N"))
    # A cross in a light ring is seen on every colour of the map.
    for size, width, ink in ((260, 6, "#FFFFFF"), (220, 2.5, "#BB5566")):
        cross = point.mark_point(shape="cross", filled=False, size=size, strokeWidth=width, color=ink)
        layers.append(cross.encode(x=x, y=y))
    return frame(layers, height=_HEIGHT)
