"""The spectrum: singular values of the first layer, its edge, and the outliers theory expects."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError
from giantstep.figures.marks import table
from giantstep.figures.theme import COLORS, GREY, themed
from giantstep.training.outlier_count import among_all

if TYPE_CHECKING:
    import xarray as xr

Expected = list[tuple[float, int]]


def spectrum(dataset: xr.Dataset, *, theory: xr.Dataset | None = None) -> Any:
    """Return the histogram of singular values with the edge and the predicted outliers marked.

    Parameters
    ----------
    dataset : xarray.Dataset
        From ``giantstep.training.outlier_simulation.simulate_outliers(..., spectrum=True)``; the summary of
        a study, from ``giantstep.studies.drawable(folder, "spectrum")``; or from
        `giantstep.predict.outliers` alone.
    theory : xarray.Dataset, optional
        From `giantstep.predict.outliers`.

    Raises
    ------
    SpecError
        When there are neither singular values nor predicted outliers.
    """
    import altair as alt

    if "setting" in dataset.dims and "spectrum" in dataset:
        names = [str(name) for name in dataset["setting"].values]
        panels = [of_setting(dataset.sel(setting=name), width=250, height=150, title=name) for name in names]
        rows = [alt.hconcat(*panels[k : k + 3], spacing=18) for k in range(0, len(panels), 3)]
        chart: Any = alt.vconcat(*rows, spacing=18)
        return themed(chart.properties(title=_title(True, True, 1)))
    if "spectrum" not in dataset and {"singular_value", "edge", "present"} <= set(dataset):
        dataset, theory = dataset.drop_vars(list(dataset.data_vars)), dataset
    if "spectrum" not in dataset and theory is None:
        raise SpecError(
            "spectrum: needs all singular values (simulate_outliers with spectrum=True, or a study of "
            "two-steps), or the outliers of predict.outliers."
        )
    values = dataset["spectrum"].values if "spectrum" in dataset else np.zeros((1, 0))
    measured = float(dataset["edge"].isel(step=-1).mean()) if "edge" in dataset else math.nan
    start, expected = _of_theory(theory)
    named = () if theory is None else (theory.attrs.get("activation"), theory.attrs.get("target"))
    head = " on ".join(str(name) for name in named if name)
    seeds = values.shape[0]
    outside = np.zeros(values.shape, dtype=bool)
    if "present" in dataset:
        outside = among_all(dataset["present"].isel(step=-1).values, values.shape[1])
    panel = spectrum_panel(
        values, outside, edge=measured, start=start, expected=expected, width=460, height=240, title=head
    )
    return themed(alt.vconcat(panel).properties(title=_title(values.size > 0, bool(expected), seeds)))


def of_setting(one: xr.Dataset, *, width: int, height: int, title: str) -> Any:
    """Return the panel of one setting of a study's summary."""
    present = one["predicted_present"].values == 1
    found = zip(one["predicted_singular_value"].values[present], one["rung"].values[present], strict=True)
    return spectrum_panel(
        one["spectrum"].values[None],
        one["spectrum_outside"].values[None] == 1,
        edge=float(one["spectrum_edge"] if "spectrum_edge" in one else one["edge"]),
        start=float(one["predicted_edge"]),
        expected=[(float(value), int(rung)) for value, rung in found],
        width=width,
        height=height,
        title=title,
    )


def spectrum_panel(
    values: Any,
    outside: NDArray[np.bool_],
    *,
    edge: float,
    start: float,
    expected: Expected,
    width: int,
    height: int,
    title: str,
) -> Any:
    """Return one histogram as layers.

    Parameters
    ----------
    values : array, shape (runs, singular values)
        NaN is passed over.
    outside : array of bool, shape (runs, singular values)
        Which are outliers, as they were counted.
    edge : float
        Measured edge of the bulk. NaN: the predicted one.
    start : float
        Edge at the start, as theory has it.
    expected : list of (singular value, rung)
    """
    import altair as alt

    runs = max(1, len(values))
    every = np.asarray(values, dtype=float)
    finite = np.isfinite(every)
    known, out, bulk = every[finite], every[finite & outside], every[finite & ~outside]
    top_edge = edge if math.isfinite(edge) else start
    lines = [value for value, _ in expected]
    low = max(float(known.min()), top_edge / 30) if known.size else top_edge / 3
    high = 1.25 * max([top_edge, *known.tolist(), *lines])
    # Bulk that overlaps with the powers of the readout stands a little above the projected edge.
    last = max([1.0001 * top_edge, low * 1.1, *(1.0001 * bulk).tolist()])
    bins = np.geomspace(low, last, 28)
    heights, _ = np.histogram(bulk, bins)
    bars = [
        {"x": float(a), "x2": float(b), "y": 0, "y2": float(h) / runs}
        for a, b, h in zip(bins[:-1], bins[1:], heights, strict=True)
    ]
    top = float(heights.max(initial=1)) / runs
    x = alt.X("x:Q", title="singular value", scale=alt.Scale(type="log", domain=[low, high], nice=False))
    x = x.axis(format="~g", tickCount=6, grid=False)
    y = alt.Y("y:Q", title="count per run", scale=alt.Scale(domain=[0, 1.25 * top], nice=False))
    layers = []
    if known.size:
        layers.append(
            alt.Chart(table(bars)).mark_rect(color="#9DB8D2", aria=False).encode(x=x, x2="x2", y=y, y2="y2")
        )
    for places, color, dash in (
        ([start], GREY, [1, 0]),
        ([edge], "#000000", [1, 2]),
        (lines, COLORS[1], [5, 3]),
    ):
        rows = [{"x": place} for place in places if math.isfinite(place)]
        if rows:
            mark = alt.Chart(table(rows)).mark_rule(color=color, strokeDash=dash, strokeWidth=1.3)
            layers.append(mark.encode(x=x))
    if out.size:
        spots = [{"x": float(value), "y": 0.12 * top} for value in out]
        dots = alt.Chart(table(spots)).mark_point(filled=True, size=45, opacity=0.8, color=COLORS[0])
        layers.append(dots.encode(x=x, y=y))
    if expected:
        words = [{"x": value, "y": 1.12 * top, "text": str(rung)} for value, rung in expected]
        # A white rim keeps the words legible on other lines.
        text = alt.Chart(table(words)).encode(x=x, y=y, text="text:N")
        layers.append(text.mark_text(dx=6, fontSize=10, stroke="white", strokeWidth=3, aria=False))
        layers.append(text.mark_text(dx=6, fontSize=10, color=COLORS[1]))
    above = alt.TitleParams(title, fontSize=11, offset=4, anchor="start")
    return alt.layer(*layers).properties(width=width, height=height, title=above)


def _of_theory(theory: xr.Dataset | None) -> tuple[float, Expected]:
    if theory is None:
        return math.nan, []
    present = theory["present"].values.astype(bool)
    found = zip(theory["singular_value"].values[present], theory["rung"].values[present], strict=True)
    return float(theory["edge"]), [(float(value), int(rung)) for value, rung in found]


def _title(measured: bool, expected: bool, seeds: int) -> Any:
    import altair as alt

    said = []
    if measured:
        runs = "one run" if seeds == 1 else f"{seeds} runs"
        said.append(f"Bars: singular values of {runs}; dots: outliers; dotted: measured edge of the bulk.")
    if expected:
        said.append("Dashed: outliers of theory, with their rung; grey: edge at the start.")
    return alt.TitleParams("Spectrum of the first layer after the steps", subtitle=said, offset=10)
