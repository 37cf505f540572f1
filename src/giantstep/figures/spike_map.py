"""The spike map: how strong a spike the first step leaves in the weights, and how well it points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.marks import BAR, bar, look, table
from giantstep.figures.theme import themed

if TYPE_CHECKING:
    import xarray as xr

AXES = {"first_batch_ratio": "first batch n0 / d", "learning_rate_ratio": "step η = learning rate / p"}
QUANTITIES = {
    "spike_strength": "spike strength r",
    "spike_alignment": "spike alignment γ = v·θ",
    "bulk_scale": "bulk scale c",
}
_WIDTH, _HEIGHT = 250, 220


def spike_map(dataset: xr.Dataset, *, measured: xr.Dataset | None = None) -> Any:
    """Return strength and alignment of the spike against the first batch, or against the step.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.predict.features` with several ``first_batch_ratio`` or several
        ``learning_rate_ratio`` (the longer of the two is the axis, the other one makes the lines); or the
        summary of a study of learning curves, from ``giantstep.studies.drawable(folder, "spike-map")``.
    measured : xarray.Dataset, optional
        ``spike_strength`` and ``spike_alignment`` over (run, replicate), with coordinates of the run named
        as the axes; the summary of a study holds its own.

    Raises
    ------
    SpecError
        When it holds no spike, or one point only.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> theory = predict.features(Target.parse("sin(z1)"), "tanh", sample_ratio=1.0, ridge=0.1,
    ...                           learning_rate_ratio=[1.0, 3.0], first_batch_ratio=[1.0, 4.0, 16.0])
    >>> [panel["layer"][0]["encoding"]["y"]["title"] for panel in spike_map(theory).to_dict()["hconcat"]]
    ['spike strength r', 'spike alignment γ = v·θ', 'bulk scale c']
    """
    import altair as alt

    known = [name for name in QUANTITIES if name in dataset]
    if not {"spike_strength", "spike_alignment"} <= set(known):
        raise SpecError(
            "spike-map: needs spike_strength and spike_alignment over first batches or steps; "
            "predict.features gives them, and so does a study of learning curves."
        )
    if "setting" in dataset.dims:
        axis, names, lines = _of_study(dataset, known)
        points = _study_points(dataset)
    else:
        axis, names, lines = _of_theory(dataset, known)
        points = [] if measured is None else _measured_points(measured, axis, dataset)
    placed = [row["name"] for row in points if row["name"] not in names]
    names = [*names, *dict.fromkeys(placed)]
    legend = alt.Legend(title=None, columns=3 if max(map(len, names)) < 45 else 1, labelLimit=600)
    if not points:
        # Long enough to tell dashes apart.
        legend.symbolSize = 400
    panels = [_panel(name, axis, names, lines, points, legend) for name in known]
    says = "Lines: theory in high dimension."
    if points:
        says += f" Symbols: simulation, bars {BAR:g} standard errors over seeds."
    title = alt.TitleParams("The spike that one giant step leaves", subtitle=says, offset=10)
    chart = alt.hconcat(*panels, spacing=24).resolve_scale(
        color="shared", shape="shared", strokeDash="shared"
    )
    return themed(chart.properties(title=title))


def _of_theory(dataset: xr.Dataset, known: list[str]) -> tuple[str, list[str], list[dict[str, Any]]]:
    """Return the axis, the names of the lines and their points."""
    sizes = {axis: dataset.sizes.get(axis, 1) for axis in AXES}
    axis, other = sorted(AXES, key=lambda name: -sizes[name])
    if sizes[axis] < 2:
        raise SpecError(
            "spike-map: found one first_batch_ratio and one learning_rate_ratio, expected several of one of "
            "them; give a list."
        )
    spare = [dim for dim in dataset["spike_strength"].dims if dim not in AXES]
    flat = dataset[known].isel(dict.fromkeys(spare, 0))
    names: list[str] = []
    lines: list[dict[str, Any]] = []
    for place in range(sizes[other]):
        one = flat.isel({other: place}) if other in flat.dims else flat
        name = _name(other, float(one[other]))
        names.append(name)
        for spot, value in enumerate(one[axis].values):
            at = one.isel({axis: spot})
            # Without a spike there is no direction to measure.
            there = [key for key in known if key != "spike_alignment" or float(at["spike_strength"]) > 0]
            lines += [
                {"name": name, "what": key, "x": float(value), "value": float(at[key])} for key in there
            ]
    return axis, names, lines


def _name(axis: str, value: float) -> str:
    return f"η = {value:g}" if axis == "learning_rate_ratio" else f"n0/d = {value:g}"


def _of_study(dataset: xr.Dataset, known: list[str]) -> tuple[str, list[str], list[dict[str, Any]]]:
    names = [str(setting) for setting in dataset["setting"].values]
    lines = [
        {"name": name, "what": key, "x": float(x), "value": float(y)}
        for name in names
        for key in known
        for x, y in zip(
            dataset["first_batch_ratio"].values, dataset[key].sel(setting=name).values, strict=True
        )
    ]
    return "first_batch_ratio", names, lines


def _study_points(dataset: xr.Dataset) -> list[dict[str, Any]]:
    if "measured_spike_strength" not in dataset:
        return []
    rows = []
    for name in dataset["setting"].values:
        one = dataset.sel(setting=name)
        for key in QUANTITIES:
            if f"measured_{key}" not in one or not math.isfinite(float(one[f"measured_{key}"])):
                continue
            row = bar(float(one[f"measured_{key}"]), float(one[f"measured_{key}_se"]))
            rows.append({"name": str(name), "what": key, "x": float(one["own_first_batch_ratio"])} | row)
    return rows


def _measured_points(measured: xr.Dataset, axis: str, dataset: xr.Dataset) -> list[dict[str, Any]]:
    from giantstep.significance import mean_and_error

    other = next(name for name in AXES if name != axis)
    rows = []
    for place in range(measured.sizes["run"]):
        run = measured.isel(run=place)
        beside = run[other] if other in run.coords else dataset[other]
        name = _name(other, float(beside.values.ravel()[0]))
        for key in QUANTITIES:
            if key in run:
                mean, error = mean_and_error(run[key].values)
                if math.isfinite(mean):
                    rows.append({"name": name, "what": key, "x": float(run[axis])} | bar(mean, error))
    return rows


def _panel(
    key: str,
    axis: str,
    names: list[str],
    lines: list[dict[str, Any]],
    points: list[dict[str, Any]],
    legend: Any,
) -> Any:
    import altair as alt

    color, shape, dash = look(names, legend=legend, symbols=bool(points))
    own = [row for row in lines if row["what"] == key]
    spread = max(row["x"] for row in own) / max(min(row["x"] for row in own), 1e-12)
    kind: Any = "log" if spread > 8 and min(row["x"] for row in own) > 0 else "linear"
    x = alt.X("x:Q", title=AXES[axis], scale=alt.Scale(type=kind, nice=False))
    x = x.axis(format="~g", tickCount=5, grid=False)
    y = alt.Y("value:Q", title=QUANTITIES[key], scale=alt.Scale(zero=key == "spike_alignment"))
    layers = [alt.Chart(table(own)).mark_line(strokeWidth=1.5).encode(x=x, y=y, color=color, strokeDash=dash)]
    dots = [row for row in points if row["what"] == key]
    if dots:
        base = alt.Chart(table(dots))
        low = alt.Y("low:Q", title=QUANTITIES[key])
        layers.append(base.mark_rule(strokeWidth=1.3).encode(x=x, y=low, y2="high:Q", color=color))
        marks = base.mark_point(filled=True, size=55, opacity=1)
        layers.append(marks.encode(x=x, y=y, color=color, shape=shape))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT)
