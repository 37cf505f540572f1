"""Feature spikes: singular values, left alignments and gains against the step exponent, beside the theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.marks import bar, log_axis, table
from giantstep.figures.theme import COLORS, GREY, SHAPES, themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _HEIGHT = 250, 150
_FORMS = {"full": [1, 0], "leading": [5, 3]}
_SPIKES = ("spike 1", "spike 2")
_GAINED = {"network": "network", "spike_1": "F0 + spike 1", "spikes": "F0 + both spikes"}
_ROWS = {
    "singular_value": "singular value / √n",
    "left_alignment": "cos² with predicted left vector",
    "train_improvement": "gain of the train loss",
    "test_improvement": "gain of the test error",
}


_MEASURED = (
    "Symbols: simulation, bars 2 standard errors; each spike is found by its left vector, not by its rank."
)
_LINES = (
    "Lines: theory with the variance term (solid) and without (dashed); gains with spike 1, and with both."
)
_GREY = "Grey: edge of the bulk; upright line: where spike 2 begins to grow with n."


def feature_spikes(dataset: xr.Dataset) -> Any:
    """Return a column a setting; measured spikes above, gains of the retrained readout below.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.studies.drawable(folder, "feature-spikes")`, or what `giantstep.predict.spikes`
        returns for several step exponents.

    Raises
    ------
    SpecError
        When it holds neither.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> theory = predict.spikes(Target.parse("z1"), "He1+0.5*He2", dimension=500, sample_ratio=2,
    ...                         width_ratio=1.4, ridge=0.7, step_exponent=[0.1, 0.2, 0.3])
    >>> len(feature_spikes(theory).to_dict()["hconcat"])
    1
    """
    import altair as alt

    if {"singular_value", "step_exponent", "edge"} <= set(dataset.variables) and dataset["edge"].ndim:
        dataset = _prediction(dataset) if "setting" not in dataset.dims else dataset
    if "line_singular_value" not in dataset:
        raise SpecError(
            "feature-spikes: found no feature spikes, expected the summary of such a study, or "
            "predict.spikes at several step exponents."
        )
    settings = [str(setting) for setting in dataset["setting"].values]
    columns = [
        alt.vconcat(
            *(_panel(dataset.sel(setting=setting), setting, name) for name in _ROWS), spacing=8
        ).resolve_scale(color="independent", shape="independent")
        for setting in settings
    ]
    words = [_MEASURED, _LINES, _GREY] if dataset.sizes["step_exponent"] else [_LINES, _GREY]
    title = alt.TitleParams(
        str(dataset.attrs["title"]).split(":")[0] + ": after one giant step of size n0^α",
        subtitle=words,
        offset=12,
    )
    chart = alt.hconcat(*columns, spacing=24).resolve_scale(color="independent", shape="independent")
    return themed(chart.properties(title=title))


def _prediction(theory: xr.Dataset) -> xr.Dataset:
    """Return a prediction in the shape of a summary: one setting, one form, lines and no runs."""
    import xarray as xr

    said = theory.attrs
    form, label = [said["form"]], f"{said['activation']} on {said['target']}: d = {said['dimension']}"
    lines = {
        f"line_{name}": (("setting", "form", "line", "spike_order"), theory[name].values[None, None])
        for name in _ROWS
    }
    edge = ("setting", theory["edge"].values[:1])
    orders = theory["spike_order"].values
    return xr.Dataset(
        lines | {"edge": edge, "line_exponent": ("line", theory["step_exponent"].values)},
        {"setting": [label], "form": form, "spike_order": orders, "step_exponent": []},
        {"title": "Feature spikes"},
    )


def _panel(one: xr.Dataset, setting: str, name: str) -> Any:
    import altair as alt

    spikes = name in ("singular_value", "left_alignment")
    lines, points = _lines(one, name), _points(one, name)
    kinds: tuple[str, ...] = _SPIKES
    colors: list[str] = list(COLORS[:2])
    if not spikes:
        shown = slice(0, None) if points else slice(1, None)  # no line belongs to the network's own features
        kinds = tuple(_GAINED.values())[shown]
        colors = [COLORS[3], COLORS[0], COLORS[1]][shown]
    # Panels in pairs share their symbols: the lower one of a pair says them, and the last one the axis.
    last = name in ("left_alignment", "test_improvement")
    legend = alt.Legend(title=None, orient="bottom", symbolSize=60) if last else None
    color = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=list(colors)), legend=legend)
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=kinds, range=list(SHAPES[: len(kinds)])), legend=legend
    )
    dash = alt.StrokeDash(
        "form:N", scale=alt.Scale(domain=list(_FORMS), range=list(_FORMS.values())), legend=None
    )
    foot = "step exponent α" if name == "test_improvement" else None
    x = alt.X("x:Q", title=foot, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=6, format="~g"))
    y = alt.Y("value:Q", title=_ROWS[name], scale=alt.Scale(zero=name != "singular_value"))
    if name == "singular_value":
        axis = log_axis([*(row["value"] for row in [*lines, *points]), float(one["edge"])])
        y = alt.Y("value:Q", title=_ROWS[name], axis=axis, scale=alt.Scale(type="log", nice=False, padding=6))
    # Term k outgrows the bulk beyond (k - 1)/(2k); here term 2.
    threshold = alt.Chart(table([{"x": 0.25}] if _seen(one) else []))
    layers = [threshold.mark_rule(color="#CCCCCC", strokeDash=[2, 2]).encode(x=x)]
    if name == "singular_value":
        edge = alt.Chart(table([{"value": float(one["edge"])}]))
        layers.append(edge.mark_rule(color=GREY, strokeWidth=1).encode(y=y))
    drawn = alt.Chart(table(points))
    layers += [
        alt.Chart(table(lines)).mark_line(strokeWidth=1.4).encode(x=x, y=y, color=color, strokeDash=dash),
        drawn.mark_rule().encode(x=x, y=alt.Y("low:Q", title=_ROWS[name]), y2="high:Q", color=color),
        drawn.mark_point(filled=True, size=34, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    words: Any = ""
    if name == "singular_value":
        head, _, rest = setting.partition(": ")
        words = alt.TitleParams(head, subtitle=rest, fontSize=11, subtitleFontSize=9)
    return (
        alt.layer(*layers)
        .resolve_scale(color="shared", shape="shared")
        .properties(width=_WIDTH, height=_HEIGHT, title=words)
    )


def _seen(one: xr.Dataset) -> bool:
    """Whether there is a second spike at all."""
    last = one["line_singular_value"].isel(line=-1)
    return bool((last.sel(spike_order=2) > 1.0001 * float(one["edge"])).any())


def _lines(one: xr.Dataset, name: str) -> list[dict[str, Any]]:
    rows, seen = [], _seen(one)
    for form in map(str, one["form"].values):
        values = one[f"line_{name}"].sel(form=form)
        for place, exponent in enumerate(one["line_exponent"].values):
            for order in (1, 2):
                value = float(values.isel(line=place).sel(spike_order=order))
                if name == "singular_value" and value <= 1.0001 * float(one["edge"]):
                    continue
                if name == "left_alignment" and order == 2 and not seen:
                    continue
                if name in ("singular_value", "left_alignment"):
                    kind = _SPIKES[order - 1]
                else:
                    kind = _GAINED["spike_1"] if order == 1 else _GAINED["spikes"]
                rows.append({"kind": kind, "form": form, "x": float(exponent), "value": value})
    return rows


def _points(one: xr.Dataset, name: str) -> list[dict[str, Any]]:
    rows = []
    for exponent in one["step_exponent"].values:
        at = one.sel(step_exponent=exponent)
        if name in ("singular_value", "left_alignment"):
            for order in (1, 2):
                spike = at.sel(features="network", spike_order=order)
                # Where theory leaves the spike in the bulk, what was matched is a vector of the bulk.
                if not bool(at["predicted_singular_value"].sel(form="full", spike_order=order).notnull()):
                    continue
                values = bar(float(spike[name]), float(spike[f"{name}_se"]))
                rows.append({"kind": _SPIKES[order - 1], "x": float(exponent)} | values)
            continue
        for kind, word in _GAINED.items():
            gain = at.sel(features=kind)
            values = bar(float(gain[name]), float(gain[f"{name}_se"]))
            rows.append({"kind": word, "x": float(exponent)} | values)
    return [row for row in rows if row["value"] == row["value"]]
