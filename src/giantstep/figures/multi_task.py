"""Multi-task pretraining: alignment on its law, conditioning, accuracy downstream."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.marks import bar, log_axis, look, table
from giantstep.figures.theme import themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _HEIGHT = 250, 190
_OWN: Any = {"color": "independent", "shape": "independent", "strokeDash": "independent"}
_REPRESENTATIONS = ("oracle", "multi", "single", "random")


def multi_task(dataset: xr.Dataset) -> Any:
    """Return alignment against n / d, alignment and conditioning against the tasks, accuracy downstream.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "multi-task")`.

    Raises
    ------
    SpecError
        When it is no summary of such a study.
    """
    import altair as alt

    if "alignment_law" not in dataset:
        raise SpecError("multi-task: found no alignment, expected the summary of such a study.")
    rows = [_row(dataset, place) for place in range(dataset.sizes["entry"])]
    panels = []
    scan = [row for row in rows if row["sweep"] == "samples"]
    if scan:
        panels.append(_panel(scan, "sample_ratio", "alignment", "n / d", "alignment", "rank", "bits r"))
    uneven = [row for row in rows if row["sweep"] == "unbalanced"]
    if uneven:
        panels.append(_panel(uneven, "sample_ratio", "alignment", "n / d", "alignment", "labels", "labels"))
    counted = [row for row in rows if row["sweep"] == "tasks" and math.isfinite(row["tasks"])]
    if counted:
        both = [
            {**row, "what": name, "y": row[name], "y_se": row[f"{name}_se"], "y_law": row[f"{name}_law"]}
            for row in counted
            for name in ("alignment", "conditioning")
        ]
        panels.append(_panel(both, "tasks", "y", "tasks T", "alignment, conditioning", "what", ""))
    if not panels:
        panels.append(_panel(rows, "sample_ratio", "alignment", "n / d", "alignment", "rank", "bits r"))
    rows_of_panels = [alt.hconcat(*panels, spacing=24).resolve_scale(**_OWN)]
    if "trial" in dataset.sizes:
        rows_of_panels.append(alt.hconcat(*_downstream(dataset), spacing=24))
    title = alt.TitleParams(
        "Multi-task pretraining: two steps align a relu layer with the bits that many tasks share",
        subtitle=[
            "Symbols: simulation, bars 2 standard errors. Lines: the closed law, mean over the drawn tasks.",
            "Alignment alone does not show that a single task teaches one direction; the conditioning does. "
            "Below: a new head on a fresh task.",
        ],
        offset=12,
    )
    return themed(alt.vconcat(*rows_of_panels, spacing=26).resolve_scale(**_OWN).properties(title=title))


def _row(dataset: xr.Dataset, place: int) -> dict[str, Any]:
    at = dataset.isel(entry=place)
    names = [name for name in dataset.data_vars if dataset[name].dims == ("entry",)]
    row = {str(name): at[name].values.item() for name in names}
    row["labels"] = "balanced" if row["balanced"] else "centred" if row["centred"] else "as they are"
    return row


def _panel(
    rows: list[dict[str, Any]], axis: str, name: str, xtitle: str, ytitle: str, by: str, legend: str
) -> Any:
    import altair as alt

    names = [str(kind) for kind in sorted({row[by] for row in rows})]
    points = [{"x": row[axis], "name": str(row[by])} | bar(row[name], row[f"{name}_se"]) for row in rows]
    lines = [{"x": row[axis], "name": str(row[by]), "value": row[f"{name}_law"]} for row in rows]
    color, shape, dash = look(names, legend=alt.Legend(title=legend or None))
    y = alt.Y("value:Q", title=ytitle, scale=alt.Scale(domain=[0, 1]))
    x = _across(xtitle, points)
    dots = alt.Chart(table(points))
    layers = [
        alt.Chart(table(lines)).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=color, strokeDash=dash),
        dots.mark_rule(clip=True).encode(x=x, y=alt.Y("low:Q", title=ytitle), y2="high:Q", color=color),
        dots.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)


def _across(title: str, points: list[dict[str, Any]]) -> Any:
    import altair as alt

    axis = log_axis(row["x"] for row in points)
    return alt.X("x:Q", title=title, axis=axis, scale=alt.Scale(type="log", nice=False, padding=8))


def _downstream(dataset: xr.Dataset) -> list[Any]:
    import altair as alt

    panels = []
    for dimension in sorted({int(d) for d in dataset["trial_dimension"].values}):
        rows = []
        for place in range(dataset.sizes["trial"]):
            at = dataset.isel(trial=place)
            if int(at.trial_dimension) == dimension:
                row = bar(float(at.accuracy), float(at.accuracy_se))
                rows.append({"x": int(at.downstream), "name": str(at.representation.values)} | row)
        color, shape, dash = look(_REPRESENTATIONS, legend=alt.Legend(title="features"))
        x = _across("downstream samples", rows)
        y = alt.Y("value:Q", title="accuracy", scale=alt.Scale(domain=[0.5, 1]))
        chart = alt.Chart(table(rows))
        layers = [
            chart.mark_line(strokeWidth=1).encode(x=x, y=y, color=color, strokeDash=dash),
            chart.mark_rule(clip=True).encode(
                x=x, y=alt.Y("low:Q", title="accuracy"), y2="high:Q", color=color
            ),
            chart.mark_point(filled=True, size=36, opacity=1).encode(x=x, y=y, color=color, shape=shape),
        ]
        words = alt.TitleParams(f"downstream, d = {dimension}", fontSize=11)
        panels.append(alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=words))
    return panels
