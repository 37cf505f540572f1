"""Beyond the kernel: test error against samples for each number of giant steps, with the bounds below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.error_bounds import error_bounds
from giantstep.figures.marks import bar, look, table
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

_WORDS = ("no step", "one step", "two steps", "three steps", "four steps", "five steps")


def beyond_kernel(dataset: xr.Dataset, *, bounds: xr.Dataset | None = None) -> Any:
    """Return one panel a target: error by number of steps, lower bounds as rules of the same colour and dash.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "beyond-kernel")`; or one run, from `giantstep.simulate`,
        which `giantstep.figures.error_bounds.error_bounds` draws.
    bounds : xarray.Dataset, optional
        Beside one run: from `giantstep.predict.bounds`.

    Raises
    ------
    SpecError
        When it holds no test error.
    """
    import altair as alt

    if "samples" not in dataset.dims and "axes" not in dataset.attrs:
        return error_bounds(dataset, bounds=bounds)
    if "test_error" not in dataset or not dataset["test_error"].notnull().any():
        raise SpecError("beyond-kernel: needs simulations with a ridge and a ridge_batch; run them first.")
    names = [_words(int(steps)) for steps in dataset["steps"].values]
    panels = [_panel(dataset.sel(target=target), names) for target in dataset["target"].values]
    title = alt.TitleParams(
        str(dataset.attrs["title"]).split(":")[0] + ": what giant steps add to a fixed kernel",
        subtitle=[
            "Symbols: test error, readout refitted on n samples after giant steps of n samples each, "
            f"d = {dataset.attrs['dimension']}, bars 2 standard errors.",
            "Thick rules: the bound B(U_t, 1) that no readout of p, n = O(d) passes with U_t learnt; "
            "thin: the best function of U_t alone.",
        ],
        offset=12,
    )
    return themed(alt.hconcat(*panels, spacing=24).properties(title=title))


def _words(steps: int) -> str:
    return _WORDS[steps] if steps < len(_WORDS) else f"{steps} steps"


def _panel(one: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    d = float(one.attrs["dimension"]) or 1.0
    rows: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        at = one.isel(steps=place)
        errors, spreads = at["test_error"].values, at["test_error_se"].values
        for n, error, spread in zip(at["samples"].values, errors, spreads, strict=True):
            if math.isfinite(error):
                rows.append({"name": name, "x": float(n) / d} | bar(error, spread))
        for key in ("bound", "best_function"):
            if math.isfinite(float(at[key])):
                rules.append({"name": name, "kind": key, "value": float(at[key])})
    color, shape, dash = look(names, legend=alt.Legend(title=None, columns=len(names)))
    ends = [min(row["x"] for row in rows), max(row["x"] for row in rows)]
    ticks = sorted({row["x"] for row in rows})
    x = alt.X(
        "x:Q", title="n / d", scale=alt.Scale(type="log", domain=[ends[0] / 1.2, ends[1] * 3.2], nice=False)
    )
    x = x.axis(values=ticks[:: max(1, len(ticks) // 6)], format="~g", grid=False)
    top = max(row["high"] for row in rows)
    y = alt.Y("value:Q", title="test error", scale=alt.Scale(domain=[0, top * 1.03], nice=False))
    base = alt.Chart(table(rows))
    lines = base.mark_line(strokeWidth=1.3).encode(x=x, y=y, color=color, strokeDash=dash)
    bars = base.mark_rule(strokeWidth=1.1).encode(
        x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q", color=color
    )
    points = base.mark_point(filled=True, size=42, opacity=1).encode(x=x, y=y, color=color, shape=shape)
    layers = [lines, bars, points, *_bounds(rules, ends, x, y, color)]
    return alt.layer(*layers).properties(
        width=230, height=260, title=alt.TitleParams(str(one["target"].values), fontSize=11)
    )


def _bounds(rules: list[dict[str, Any]], ends: list[float], x: Any, y: Any, color: Any) -> list[Any]:
    """Theory as short rules beside the data; equal ones side by side, so that each stays visible."""
    import altair as alt

    places = []
    for rule in rules:
        same = [other for other in rules if abs(other["value"] - rule["value"]) < 1e-9]
        position, count = same.index(rule), len(same)
        left, right = math.log(ends[1] * 1.25), math.log(ends[1] * 3.1)
        step = (right - left) / count
        place = {"start": math.exp(left + position * step), "end": math.exp(left + (position + 0.9) * step)}
        places.append(rule | {"x": place["start"], "end": place["end"]})
    base = alt.Chart(table(places))
    marks = []
    for kind, width in (("bound", 3.5), ("best_function", 1.2)):
        own = base.transform_filter(f"datum.kind == '{kind}'").mark_rule(strokeWidth=width)
        marks.append(own.encode(x=x, x2="end:Q", y=y, color=color))
    middle = math.exp((math.log(ends[1] * 1.25) + math.log(ends[1] * 3.1)) / 2)
    word = alt.Chart(table([{"x": middle, "text": "bounds"}] if places else []))
    word = word.mark_text(color=GREY, fontSize=10, baseline="bottom", dy=-4)
    return [*marks, word.encode(x=x, y=alt.value("height"), text="text:N")]
