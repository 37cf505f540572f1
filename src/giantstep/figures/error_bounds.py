"""Test error of one run beside the bounds: what no readout can go below with U_t learnt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.errors import SpecError
from giantstep.figures.marks import BAR, bar, look, table, whole_steps
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

_MEASURED, _BOUND = "simulation", "lower bound B(U_t, k)"


def error_bounds(dataset: xr.Dataset, *, bounds: xr.Dataset | None = None) -> Any:
    """Return test errors before the first and after the last step, and the bound after every step.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.simulate` with a ridge: ``test_error_clean`` and the baseline without a step; or from
        `giantstep.predict.bounds` alone.
    bounds : xarray.Dataset, optional
        From `giantstep.predict.bounds`, with the chain of `giantstep.analyze`.

    Raises
    ------
    SpecError
        When there is neither a refitted readout nor a bound.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> table = predict.bounds(Target.parse("z1 + z1*z2"), [[], [[1.0, 0.0]]])
    >>> error_bounds(table).to_dict()["title"]["text"]
    'Test error and what no readout can go below'
    """
    import altair as alt

    if bounds is None and "bound" in dataset:
        dataset, bounds = dataset.drop_vars(list(dataset.data_vars)), dataset
    dots = _dots(dataset)
    if not dots and bounds is None:
        raise SpecError(
            "beyond-kernel: needs a readout refitted with a ridge (simulate with ridge='auto'), or the "
            "bounds of predict.bounds."
        )
    steps, levels = _levels(bounds)
    last = max([steps, *(int(row["step"]) for row in dots)])
    # The last level is drawn on beyond its step.
    lines = [row for row in levels if row["step"] <= last + 0.5]
    if lines:
        lines.append(lines[-1] | {"step": last + 0.5})
    color, shape, dash = look([_MEASURED, _BOUND])
    x = alt.X("step:Q", title="giant steps t", scale=alt.Scale(domain=[-0.5, last + 0.5], nice=False))
    x = x.axis(values=whole_steps(last), format="d", grid=False)
    top = max([row[key] for row in [*dots, *lines] for key in ("value", "high") if key in row] or [1.0])
    title = "test error without the noise, E (g - f)²"
    y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[0, top * 1.06 or 1.0], nice=False))
    layers = []
    if bounds is not None and math.isfinite(float(bounds["kernel_bound"])):
        kernel = alt.Chart(table([{"value": float(bounds["kernel_bound"])}]))
        layers.append(kernel.mark_rule(color=GREY, strokeDash=[1, 3]).encode(y=y))
    if lines:
        mark = alt.Chart(table(lines)).mark_line(interpolate="step", strokeWidth=2.5)
        layers.append(mark.encode(x=x, y=y, color=color, strokeDash=dash))
    if dots:
        base = alt.Chart(table(dots))
        low = alt.Y("low:Q", title=title)
        layers.append(base.mark_rule(strokeWidth=1.3).encode(x=x, y=low, y2="high:Q", color=color))
        layers.append(
            base.mark_point(filled=True, size=70, opacity=1).encode(x=x, y=y, color=color, shape=shape)
        )
    words = alt.TitleParams(
        "Test error and what no readout can go below", subtitle=_says(dataset, dots, bounds), offset=10
    )
    return themed(alt.layer(*layers).properties(width=420, height=260, title=words))


def _dots(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Return the errors without a step and after the last, bars over seeds; label noise is left out."""
    from giantstep.significance import mean_and_error

    if not {"test_error_clean", "test_error_no_step", "ridge"} <= set(dataset):
        return []
    noise = (dataset["test_error"] - dataset["test_error_clean"]).values
    last = dataset.sizes["step"] - 1
    rows = []
    for step, values in (
        (0, dataset["test_error_no_step"].values - noise),
        (last, dataset["test_error_clean"]),
    ):
        mean, error = mean_and_error(values)
        if math.isfinite(mean):
            rows.append({"name": _MEASURED, "step": float(step)} | bar(mean, error))
    return rows


def _levels(bounds: xr.Dataset | None) -> tuple[int, list[dict[str, Any]]]:
    """Return the last step that has a bound, and the bounds; a step line changes half way between steps."""
    if bounds is None:
        return 0, []
    values = bounds["bound"].values
    rows = [{"name": _BOUND, "step": float(step), "value": float(value)} for step, value in enumerate(values)]
    return len(values) - 1, [rows[0] | {"step": -0.5}, *rows] if rows else []


def _says(dataset: xr.Dataset, dots: list[dict[str, Any]], bounds: xr.Dataset | None) -> list[str]:
    said = []
    if dots:
        at = f" at d = {int(dataset.attrs['dimension']):,}" if "dimension" in dataset.attrs else ""
        said.append(f"Symbols: readout refitted{at}, bars {BAR:g} standard errors over seeds.")
    if bounds is not None:
        order = bounds.attrs.get("order", "k")
        said.append(f"Line: the bound B(U_t, {order}) with U_t learnt; dotted: that of any fixed kernel.")
    return said
