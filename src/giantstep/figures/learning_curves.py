"""Learning curves after one step: measured errors on both theories, the spike, and the best step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.figures.live_curves import live_curves
from giantstep.figures.marks import look
from giantstep.figures.theme import COLORS, SHAPES, themed

if TYPE_CHECKING:
    import xarray as xr

_LINES = {"structured": [1, 0], "isotropic": [6, 3], "no step": [2, 2]}
_WIDTH, _HEIGHT = 250, 210


def learning_curves(
    dataset: xr.Dataset,
    *,
    isotropic: xr.Dataset | None = None,
    baseline: xr.Dataset | None = None,
    measured: xr.Dataset | None = None,
    quantity: str = "test_error",
) -> Any:
    """Return a panel a setting, error against n / d; below, spike against n0 / d, best step against n / d.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "learning-curves")`; or one prediction, from
        `giantstep.predict.features`, which `giantstep.figures.live_curves.live_curves` draws.
    isotropic, baseline, measured, quantity : optional
        Beside one prediction; a study holds everything it shows.

    Raises
    ------
    SpecError
        When it holds no learning curve.
    """
    import altair as alt

    if "line_error" not in dataset:
        return live_curves(
            dataset, isotropic=isotropic, baseline=baseline, measured=measured, quantity=quantity
        )
    settings = [str(setting) for setting in dataset["setting"].values]
    panels = [_panel(dataset.sel(setting=setting), setting) for setting in settings]
    rows = [alt.hconcat(*panels[k : k + 3], spacing=22) for k in range(0, len(panels), 3)]
    below = alt.hconcat(
        _across(
            dataset,
            settings,
            "first_batch_ratio",
            "spike_alignment",
            "first batch n0 / d",
            "spike alignment γ",
        ),
        _across(
            dataset, settings, "first_batch_ratio", "spike_strength", "first batch n0 / d", "spike strength r"
        ),
        _across(dataset, settings, "optimum_ratio", "best_step", "samples n / d", "best step η"),
        spacing=22,
    ).resolve_scale(color="shared", strokeDash="shared")
    title = alt.TitleParams(
        str(dataset.attrs["title"]).split(":")[0] + ": after one giant step",
        subtitle=[
            "Symbols: simulation, bars 2 standard errors. Lines: structured theory (solid), published "
            "isotropic theory (dashed), no step (dotted).",
            "Below: what the step does to the first layer, and the step of least error at this ridge.",
        ],
        offset=12,
    )
    return themed(
        alt.vconcat(*rows, below, spacing=24)
        .resolve_scale(color="independent", strokeDash="independent")
        .properties(title=title)
    )


def _panel(one: xr.Dataset, setting: str) -> Any:
    import altair as alt

    lines, points = [], []
    for place, ratio in enumerate(one["line_ratio"].values):
        at = one.isel(line=place)
        values = {name: float(at["line_error"].sel(theory=name)) for name in ("structured", "isotropic")}
        values["no step"] = float(at["line_no_step"])
        lines += [{"kind": kind, "x": float(ratio), "y": value} for kind, value in values.items()]
    for ratio in one["sample_ratio"].values:
        at = one.sel(sample_ratio=ratio)
        for kind, name in (("structured", "test_error"), ("no step", "no_step_error")):
            mean, error = float(at[name]), float(at[f"{name}_se"])
            if math.isfinite(mean):
                bar = 2 * error if math.isfinite(error) else 0.0
                row = {"kind": kind, "x": float(ratio), "y": mean, "low": mean - bar, "high": mean + bar}
                points.append(row)
    kinds = list(_LINES)
    color = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[COLORS[0], COLORS[0], COLORS[1]]), legend=None
    )
    dash = alt.StrokeDash("kind:N", scale=alt.Scale(domain=kinds, range=list(_LINES.values())), legend=None)
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=list(SHAPES[:3])), legend=None)
    x = alt.X("x:Q", title="samples of the readout, n / d", scale=alt.Scale(type="log", nice=False))
    x = x.axis(format="~g", grid=False)
    y = alt.Y("y:Q", title="test error", scale=alt.Scale(zero=False))
    curve = alt.Chart(alt.InlineData(values=lines)).mark_line(strokeWidth=1.4)
    dots = alt.Chart(alt.InlineData(values=points))
    layers = [
        curve.encode(x=x, y=y, color=color, strokeDash=dash),
        dots.mark_rule().encode(x=x, y=alt.Y("low:Q", title="test error"), y2="high:Q", color=color),
        dots.mark_point(filled=True, size=38, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    head, _, rest = setting.partition(": ")
    words = alt.TitleParams(head, subtitle=rest, fontSize=11, subtitleFontSize=10)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=words)


def _across(dataset: xr.Dataset, settings: list[str], axis: str, name: str, xtitle: str, ytitle: str) -> Any:
    """Return one line a setting of a variable against an axis."""
    import altair as alt

    rows = [
        {"setting": setting, "x": float(x), "y": float(y)}
        for setting in settings
        for x, y in zip(dataset[axis].values, dataset[name].sel(setting=setting).values, strict=True)
        if math.isfinite(float(y))
    ]
    legend = alt.Legend(title=None, orient="bottom", columns=1, labelLimit=600, symbolSize=400)
    color, _, dash = look(settings, field="setting", legend=legend, symbols=False)
    return (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("x:Q", title=xtitle, scale=alt.Scale(type="log", nice=False)).axis(
                format="~g", tickCount=5, grid=False
            ),
            y=alt.Y("y:Q", title=ytitle, scale=alt.Scale(zero=False)),
            color=color,
            strokeDash=dash,
        )
        .properties(width=_WIDTH, height=150)
    )
