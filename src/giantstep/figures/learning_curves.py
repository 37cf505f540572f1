"""Learning curves after one step: measured errors on both theories, the spike, and the best step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.figures.live_curves import live_curves
from giantstep.figures.marks import bar, log_axis, look, table
from giantstep.figures.theme import themed

if TYPE_CHECKING:
    import xarray as xr

_DASHES = {"structured": [1, 0], "isotropic": [6, 3]}
_STILL = 3
"""Where in the palette random features are: black, in every panel."""

_WIDTH, _HEIGHT = 250, 230
_LEGEND: dict[str, Any] = {"title": None, "orient": "bottom", "columns": 1, "labelLimit": 400}


def learning_curves(
    dataset: xr.Dataset,
    *,
    isotropic: xr.Dataset | None = None,
    baseline: xr.Dataset | None = None,
    measured: xr.Dataset | None = None,
    quantity: str = "test_error",
) -> Any:
    """Return error against n / d, a panel an activation and target; below, the spike and the best step.

    A panel holds every step and first batch of its activation and target, and random features (no step).

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
    families: dict[tuple[str, str], list[str]] = {}
    for setting in dataset["setting"].values:
        families.setdefault((_word(dataset, setting, "pair"), _word(dataset, setting, "rest")), []).append(
            str(setting)
        )
    panels = [_panel(dataset, settings, *family) for family, settings in families.items()]
    rows = [alt.hconcat(*panels[k : k + 3], spacing=22) for k in range(0, len(panels), 3)]
    batch, samples = ("first_batch_ratio", "first batch n0 / d"), ("optimum_ratio", "samples n / d")
    # Settings that differ only in what plays no role share a line.
    rest = ("rest",) if len({rest for _, rest in families}) > 1 else ()
    below = alt.hconcat(
        _across(dataset, ("pair", *rest), *batch, "spike_alignment", "spike alignment γ"),
        _across(dataset, ("pair", "step", *rest), *batch, "spike_strength", "spike strength r"),
        _across(dataset, ("pair", "batch", *rest), *samples, "best_step", "best step η"),
        spacing=22,
    )
    title = alt.TitleParams(
        str(dataset.attrs["title"]).split(":")[0] + ": after one giant step",
        subtitle=[
            "Symbols: simulation, bars 2 standard errors. Lines: structured theory (solid), published "
            "isotropic theory (dashed), random features without a step (dotted).",
            "Below: what the step does to the first layer, and the step of least error at this ridge "
            "(isotropic theory).",
        ],
        offset=12,
    )
    return themed(_apart(alt.vconcat(*map(_apart, rows), _apart(below), spacing=24)).properties(title=title))


def _apart(chart: Any) -> Any:
    """Return charts side by side each with its own legend."""
    return chart.resolve_scale(color="independent", shape="independent", strokeDash="independent")


def _word(dataset: xr.Dataset, setting: str, part: str) -> str:
    return str(dataset[part].sel(setting=setting).values)


def _panel(dataset: xr.Dataset, settings: list[str], pair: str, rest: str) -> Any:
    import altair as alt

    still = "no step"
    names = {
        setting: f"{_word(dataset, setting, 'step')}, {_word(dataset, setting, 'batch')}"
        for setting in settings
    }
    lines: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    x, ratios = dataset["line_ratio"].values, dataset["sample_ratio"].values
    for setting, name in names.items():
        one = dataset.sel(setting=setting)
        for theory in _DASHES:
            y = one["line_error"].sel(theory=theory).values
            lines += [{"name": name, "theory": theory, "x": a, "value": b} for a, b in zip(x, y, strict=True)]
        points += _points(one, name, "test_error", ratios)
    first = dataset.sel(setting=settings[0])
    dots = [{"name": still, "x": a, "value": b} for a, b in zip(x, first["line_no_step"].values, strict=True)]
    points += _points(first, still, "no_step_error", ratios)
    places = [place + (place >= _STILL) for place in range(len(names))]
    color, shape, _ = look(
        [*names.values(), still], legend=alt.Legend(**_LEGEND, symbolSize=60), places=[*places, _STILL]
    )
    dash = alt.StrokeDash(
        "theory:N",
        scale=alt.Scale(domain=list(_DASHES), range=list(_DASHES.values())),
        legend=None,
    )
    across = alt.X(
        "x:Q", title="samples of the readout, n / d", scale=alt.Scale(type="log", nice=False, padding=6)
    )
    across = across.axis(log_axis(x, grid=False))
    up = alt.Y("value:Q", title="test error", scale=alt.Scale(zero=False, nice=False, padding=8))
    up = up.axis(tickCount=6)
    measured = alt.Chart(table(points))
    layers = [
        alt.Chart(table(lines))
        .mark_line(strokeWidth=1.4)
        .encode(x=across, y=up, color=color, strokeDash=dash),
        alt.Chart(table(dots))
        .mark_line(strokeWidth=1.4, strokeDash=[2, 2])
        .encode(x=across, y=up, color=color),
        measured.mark_rule().encode(x=across, y=alt.Y("low:Q", title="test error"), y2="high:Q", color=color),
        measured.mark_point(filled=True, size=38, opacity=1).encode(x=across, y=up, color=color, shape=shape),
    ]
    words = alt.TitleParams(pair, subtitle=rest, fontSize=11, subtitleFontSize=10)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=words)


def _points(one: xr.Dataset, name: str, error: str, ratios: Any) -> list[dict[str, Any]]:
    """Return what was measured, with its bars."""
    rows = []
    for ratio in ratios:
        at = one.sel(sample_ratio=ratio)
        mean, spread = float(at[error]), float(at[f"{error}_se"])
        if math.isfinite(mean):
            rows.append({"name": name, "x": float(ratio)} | bar(mean, spread))
    return rows


def _across(
    dataset: xr.Dataset, parts: tuple[str, ...], axis: str, xtitle: str, name: str, ytitle: str
) -> Any:
    """Return a variable against an axis, one line for all settings that agree in ``parts``."""
    import altair as alt

    rows: dict[str, list[dict[str, Any]]] = {}
    for setting in dataset["setting"].values:
        label = ", ".join(_word(dataset, setting, part) for part in parts)
        values = zip(dataset[axis].values, dataset[name].sel(setting=setting).values, strict=True)
        rows.setdefault(label, [{"name": label, "x": x, "value": y} for x, y in values])
    legend = alt.Legend(**_LEGEND, symbolSize=400)
    color, _, dash = look(list(rows), legend=legend, symbols=False)
    return (
        alt.Chart(table(row for line in rows.values() for row in line))
        .mark_line(strokeWidth=1.4)
        .encode(
            x=alt.X("x:Q", title=xtitle, scale=alt.Scale(type="log", nice=False)).axis(
                log_axis(dataset[axis].values, grid=False)
            ),
            y=alt.Y("value:Q", title=ytitle, scale=alt.Scale(zero=False)),
            color=color,
            strokeDash=dash,
        )
        .properties(width=_WIDTH, height=150)
    )
