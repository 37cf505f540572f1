"""The stairway: which directions are learnt after how many giant steps, predicted and measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, nearest
from giantstep.figures.marks import whole_steps
from giantstep.figures.overlap_steps import overlap_steps
from giantstep.figures.theme import COLORS, DASHES, GREY, SHAPES, themed

if TYPE_CHECKING:
    import xarray as xr

LOWEST, HIGHEST = -2.15, 0.35
"""Range of the slope axis; what lies below -1.3 is room for the names of the directions."""

_DODGE = 0.13


def stairway(
    dataset: xr.Dataset,
    *,
    target: str | None = None,
    columns: int = 6,
    theory: xr.Dataset | None = None,
    certificate: Any = None,
) -> Any:
    """Return the stairway of every setting of a collected study, of one target in detail, or of one run.

    Each panel follows the directions of the target space over the giant steps. Lines are theory: 0 from the
    step on where a direction is learnt (its overlap stays O(1) as d grows), -1 before (the overlap squared
    falls as 1/d). Symbols are simulation: the slope of log mean_i (w_i.v)^2 on log d over all dimensions
    measured, with three standard errors.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.collect`, with a certificate beside the simulations; or one run, from
        `giantstep.simulate` or `giantstep.predict.overlaps`, which `overlap_steps` draws.
    target : str, optional
        One target: adds the overlaps themselves at each dimension.
    columns : int
        Panels a row.
    theory, certificate : optional
        Beside one run: see `giantstep.figures.overlap_steps.overlap_steps`.

    Raises
    ------
    SpecError
        When the study has no such target, no certificates, or one dimension only.
    """
    from giantstep.studies.collecting import settings

    if "axes" not in dataset.attrs and "dimension" not in dataset.dims:
        return overlap_steps(dataset, theory=theory, certificate=certificate)
    if "learned_subspace" not in dataset or "dimension" not in dataset.dims:
        raise SpecError("stairway: needs a study with theory = 'certificate' and several dimensions.")
    found = [(_name(labels, one), one) for labels, one in settings(dataset)]
    if target is not None:
        names = [name for name, _ in found]
        if target not in names:
            raise SpecError(f"target: found {target!r}, expected {', '.join(names)}{nearest(target, names)}.")
        return themed(_alone(*next(pair for pair in found if pair[0] == target)))
    if len(found) == 1:
        return themed(_alone(*found[0]))
    return themed(_together(dataset, found, columns))


def _name(labels: dict[str, Any], one: xr.Dataset) -> str:
    return ", ".join(str(value) for value in labels.values()) or str(one["expression"].values.ravel()[-1])


def _together(dataset: xr.Dataset, found: list[tuple[str, xr.Dataset]], columns: int) -> Any:
    import altair as alt

    rows: list[dict[str, Any]] = []
    order, last = [], dataset.sizes["step"] - 1
    for name, one in found:
        own, verdict = _slope_rows(one)
        order.append(name)
        mark = {"kind": "verdict", "step": last + 0.4, "value": -1.6, "text": verdict}
        rows += [{**row, "panel": name} for row in [*own, mark]]
    panel = alt.Facet("panel:N", sort=order, title=None, header=alt.Header(labelAnchor="start"))
    layers = _slope_layers(118, 92, last, compact=True)
    chart = alt.layer(*layers, data=_values(rows)).facet(panel, columns=columns, spacing=8)
    return chart.properties(title=_title(dataset))


def _title(dataset: xr.Dataset) -> Any:
    import altair as alt

    dimensions = [f"{int(d):.0e}".replace("e+0", "e") for d in dataset["dimension"].values]
    return alt.TitleParams(
        "The stairway: how the overlap with each direction scales with the input dimension d",
        subtitle=[
            "Lines: theory (0 = learnt: overlap stays O(1); -1 = not learnt: squared overlap falls as 1/d). "
            "Symbols: simulation, slope of log squared overlap on log d",
            f"over d = {', '.join(dimensions)}, bars 3 standard errors. "
            "Lines and symbols of different directions are set apart a little.",
        ],
        offset=12,
    )


def _slope_rows(one: xr.Dataset) -> tuple[list[dict[str, Any]], str]:
    """Return the rows of one panel, and its verdict."""
    from giantstep.verdict import climb, judge

    theory = one["learned_subspace"]
    chain = (theory.isel(dimension=-1) if "dimension" in theory.dims else theory).values
    if not np.isfinite(chain).all():
        return [], "no certificate"
    if "overlaps" not in one:
        return [], "no simulation"
    steps, verdict = climb(chain, one), judge(chain, one).verdict
    rows: list[dict[str, Any]] = []
    count = len(steps[0])
    for k in range(count):
        key, shift = f"{k + 1}", k - (count - 1) / 2
        for t, directions in enumerate(steps):
            direction = directions[k]
            level = 0.0 if direction.predicted_step is not None else -1.0
            rows.append({"kind": "theory", "key": key, "step": t, "value": level + 0.045 * shift})
            if math.isfinite(direction.slope):
                bar = 3 * direction.slope_se if math.isfinite(direction.slope_se) else 0.0
                # Bars end at the frame, so that they do not cross the names below.
                ends = {
                    "low": max(direction.slope - bar, -1.45),
                    "high": min(direction.slope + bar, HIGHEST),
                }
                place = {"step": t + _DODGE * shift, "value": direction.slope}
                rows.append({"kind": "measured", "key": key, **place, **ends})
        text = _direction(steps[-1][k].vector)
        rows.append({"kind": "name", "key": key, "step": 0.05, "value": -1.6 - 0.21 * k, "text": text})
    return rows, verdict


def _values(rows: list[dict[str, Any]]) -> Any:
    import altair as alt

    return alt.InlineData(values=rows)


def _direction(vector: Any) -> str:
    from giantstep.studies.judging import direction_text

    return direction_text(vector).replace("sqrt ", "√")


def _encodings() -> tuple[Any, Any, Any]:
    """Return colour, shape and dash of directions in the order they are learnt, with one shared legend."""
    import altair as alt

    keys = [str(k + 1) for k in range(len(COLORS))]
    color = alt.Color("key:N", scale=alt.Scale(domain=keys, range=list(COLORS)), legend=None)
    shape = alt.Shape("key:N", scale=alt.Scale(domain=keys, range=list(SHAPES)), legend=None)
    dash = alt.StrokeDash("key:N", scale=alt.Scale(domain=keys, range=[list(d) for d in DASHES]), legend=None)
    return color, shape, dash


def _steps(last: int) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[-0.35, last + 0.45], nice=False)
    return alt.X("step:Q", scale=scale, title="giant steps t").axis(
        values=whole_steps(last), format="d", grid=False
    )


def _slope_layers(width: int, height: int, last: int, *, compact: bool) -> list[Any]:
    import altair as alt

    color, shape, dash = _encodings()
    x = _steps(last)
    axis = alt.Axis(values=[-1, -0.5, 0], format=".1f", grid=True)
    title = "slope" if compact else "slope of log overlap² on log d"
    y = alt.Y("value:Q", scale=alt.Scale(domain=[LOWEST, HIGHEST], nice=False), title=title, axis=axis)
    base = alt.Chart().properties(width=width, height=height)
    theory = (
        base.transform_filter("datum.kind == 'theory'")
        .mark_line(interpolate="step", strokeWidth=1.6, opacity=0.8)
        .encode(x=x, y=y, color=color, strokeDash=dash)
    )
    bars = (
        base.transform_filter("datum.kind == 'measured'")
        .mark_rule(strokeWidth=1.2)
        .encode(x=x, y=alt.Y("low:Q", title=title), y2="high:Q", color=color)
    )
    points = (
        base.transform_filter("datum.kind == 'measured'")
        .mark_point(filled=True, size=24 if compact else 50, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape)
    )
    names = (
        base.transform_filter("datum.kind == 'name'")
        .mark_text(align="left", baseline="middle", fontSize=8 if compact else 11, dx=4)
        .encode(x=x, y=y, text="text:N", color=color)
    )
    symbols = (
        base.transform_filter("datum.kind == 'name'")
        .mark_point(filled=True, size=20 if compact else 40, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape)
    )
    # What does not agree stands out by weight, not by colour alone.
    stressed = alt.condition("datum.text == 'agrees'", alt.value(GREY), alt.value(COLORS[3]))
    verdict = (
        base.transform_filter("datum.kind == 'verdict'")
        .mark_text(align="right", baseline="middle", fontSize=8, fontStyle="italic")
        .encode(x=x, y=y, text="text:N", color=stressed)
    )
    return [theory, bars, points, names, symbols, verdict]


def _alone(name: str, one: xr.Dataset) -> Any:
    """Return one target: slopes beside the overlaps they are taken of."""
    import altair as alt

    rows, verdict = _slope_rows(one)
    slopes = alt.layer(*_slope_layers(300, 260, one.sizes["step"] - 1, compact=False), data=_values(rows))
    expression = str(one["expression"].values.ravel()[-1])
    title = alt.TitleParams(f"{name} · {verdict}", subtitle=f"f*(z) = {expression}", offset=8)
    overlaps = _overlap_layers(_overlap_rows(one), one.sizes["step"] - 1)
    return (
        alt.hconcat(overlaps, slopes, spacing=24).resolve_scale(color="independent").properties(title=title)
    )


def _overlap_rows(one: xr.Dataset) -> list[dict[str, Any]]:
    """Return mean_i (w_i.v)^2 by step and dimension: geometric means over seeds, three standard errors."""
    from giantstep.climb import judged_basis, overlap_samples

    theory = one["learned_subspace"]
    chain = (theory.isel(dimension=-1) if "dimension" in theory.dims else theory).values
    vectors, _ = judged_basis(chain, one)
    dimensions = one["dimension"].values
    rows: list[dict[str, Any]] = []
    for t in range(one.sizes["step"]):
        for k, sample in enumerate(overlap_samples(one.isel(step=t), vectors)):
            for j, d in enumerate(dimensions):
                values = sample.log_energy[np.isclose(sample.log_d, math.log(float(d)))]
                if not len(values):
                    continue
                error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else 0.0
                mean = float(values.mean())
                rows.append(
                    {
                        "key": str(k + 1),
                        "name": _direction(vectors[k]),
                        "d": f"{int(d):.0e}".replace("e+0", "e"),
                        "step": t + 0.09 * (j - (len(dimensions) - 1) / 2),
                        "value": math.exp(mean),
                        "low": math.exp(mean - 3 * error),
                        "high": math.exp(mean + 3 * error),
                        "line": f"{k} {d}",
                    }
                )
    return rows


def _overlap_layers(rows: list[dict[str, Any]], last: int) -> Any:
    import altair as alt

    color, shape, dash = _encodings()
    x = _steps(last)
    y = alt.Y("value:Q", scale=alt.Scale(type="log"), title="overlap², mean over neurons of (w·v)²").axis(
        format=".0e", tickCount=6
    )
    size = alt.Size("d:O", sort=None, title="dimension d", scale=alt.Scale(rangeMin=20, rangeMax=80))
    base = alt.Chart(_values(rows)).properties(width=300, height=260)
    lines = base.mark_line(strokeWidth=0.8, opacity=0.6).encode(
        x=x, y=y, color=color, strokeDash=dash, detail="line:N"
    )
    bars = base.mark_rule(strokeWidth=1.1).encode(x=x, y=alt.Y("low:Q", title=""), y2="high:Q", color=color)
    points = base.mark_point(filled=True, opacity=0.9).encode(x=x, y=y, color=color, shape=shape, size=size)
    return alt.layer(lines, bars, points)
