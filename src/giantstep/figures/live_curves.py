"""One learning curve, live: the predicted error against n / d, beside the baseline and a simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, nearest
from giantstep.figures.marks import BAR, bar, look, table
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

QUANTITIES = {
    "test_error": "test error, E (y - f)²",
    "test_error_clean": "test error without the noise",
    "train_error": "training error",
    "classification_error": "fraction of wrong signs",
    "test_loss": "test loss",
    "train_loss": "training loss",
}
AXES = {"learning_rate_ratio": "η = ", "first_batch_ratio": "n0/d = ", "ridge": "ridge "}
RANDOM_FEATURES = "random features (no step)"


def live_curves(
    dataset: xr.Dataset,
    *,
    isotropic: xr.Dataset | None = None,
    baseline: xr.Dataset | None = None,
    measured: xr.Dataset | None = None,
    quantity: str = "test_error",
) -> Any:
    """Return the predicted error against the samples of the readout, one line a setting.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.predict.features`: an error over ``sample_ratio`` and, with several of them,
        ``learning_rate_ratio``, ``first_batch_ratio`` and ``ridge``.
    isotropic : xarray.Dataset, optional
        The same from the published theory: thin dashed lines.
    baseline : xarray.Dataset, optional
        Random features, the same with learning_rate_ratio 0: a dotted line.
    measured : xarray.Dataset, optional
        A simulation over (replicate, sample_ratio), such as
        ``giantstep.studies.learning_walk.learning_walk(...).data``: symbols, bars over seeds.
    quantity : str
        Which error.

    Raises
    ------
    SpecError
        When it holds no such error over sample_ratio.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> theory = predict.features(Target.parse("sin(z1)"), "tanh", sample_ratio=[0.5, 1.0, 2.0], ridge=0.1,
    ...                           learning_rate_ratio=[1.0, 3.0], first_batch_ratio=4.0)
    >>> live_curves(theory).to_dict()["layer"][0]["encoding"]["color"]["scale"]["domain"]
    ['η = 1', 'η = 3']
    """
    import altair as alt

    if quantity not in QUANTITIES:
        hint = nearest(quantity, QUANTITIES)
        raise SpecError(f"quantity: found {quantity!r}, expected {', '.join(QUANTITIES)}{hint}.")
    dims = dataset[quantity].dims if quantity in dataset else ()
    if "sample_ratio" not in dims or not set(dims) <= {"sample_ratio", *AXES}:
        raise SpecError(
            f"learning-curves: needs {quantity} over sample_ratio; found no learning curve. predict.features "
            "gives one, and so does the summary of a study of them."
        )
    lines = _lines(dataset, quantity)
    names = list(dict.fromkeys(row["name"] for row in lines))
    thin = [] if isotropic is None else _lines(isotropic, quantity)
    dots = [] if measured is None else _dots(measured, quantity, names[0])
    legend = alt.Legend(title=None, columns=2, labelLimit=360)
    color, shape, dash = look(names, legend=legend, symbols=bool(dots))
    title = QUANTITIES[quantity]
    ratios = np.asarray(dataset["sample_ratio"].values, dtype=float)
    kind: Any = "log" if ratios.min() > 0 and ratios.max() / ratios.min() > 4 else "linear"
    x = alt.X("x:Q", title="samples of the readout, n / d", scale=alt.Scale(type=kind, nice=False))
    x = x.axis(format="~g", tickCount=6, grid=False)
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
    mark = "mark_line" if len(ratios) > 1 else "mark_point"
    layers = [getattr(alt.Chart(table(lines)), mark)(strokeWidth=1.8).encode(x=x, y=y, color=color)]
    layers[0] = layers[0].encode(strokeDash=dash) if len(ratios) > 1 else layers[0]
    said = [f"Lines: {_theory(dataset)}."]
    if thin:
        style: Any = {"strokeWidth": 1.0, "strokeDash": [6, 3], "opacity": 0.9}
        layers.append(
            alt.Chart(table(thin)).mark_line(**style).encode(x=x, y=y, color=color, detail="name:N")
        )
        said.append("Thin dashes: the published isotropic theory.")
    if baseline is not None:
        still = [row | {"name": RANDOM_FEATURES} for row in _lines(baseline, quantity)]
        style = {"strokeWidth": 1.8, "strokeDash": [1, 3], "color": GREY}
        layers.append(alt.Chart(table(still)).mark_line(**style).encode(x=x, y=y))
        said.append(f"Dotted grey: {RANDOM_FEATURES}.")
    if dots:
        base = alt.Chart(table(dots))
        low = alt.Y("low:Q", title=title)
        layers.append(base.mark_rule(strokeWidth=1.3).encode(x=x, y=low, y2="high:Q", color=color))
        layers.append(
            base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=color, shape=shape)
        )
        assert measured is not None
        at = f" at d = {int(measured.attrs['dimension']):,}" if "dimension" in measured.attrs else ""
        said.append(f"Symbols: simulation{at}, bars {BAR:g} standard errors over seeds.")
    words = alt.TitleParams(_head(dataset), subtitle=_wrapped(said), offset=10)
    return themed(alt.layer(*layers).properties(width=420, height=280, title=words))


def _lines(dataset: xr.Dataset, quantity: str) -> list[dict[str, Any]]:
    """Return every point of every line; a line is named after what tells it from the others."""
    values = dataset[quantity]
    axes = [axis for axis in AXES if axis in values.dims]
    telling = [axis for axis in axes if values.sizes[axis] > 1]
    rows = []
    for index in np.ndindex(*(values.sizes[axis] for axis in axes)):
        one = values.isel(dict(zip(axes, index, strict=True)))
        told = [f"{AXES[axis]}{float(one[axis]):g}" for axis in telling]
        name = ", ".join(told) or "after one step"
        for ratio, value in zip(one["sample_ratio"].values, one.values.ravel(), strict=True):
            if math.isfinite(value):
                rows.append({"name": name, "x": float(ratio), "value": float(value)})
    return rows


def _dots(measured: xr.Dataset, quantity: str, name: str) -> list[dict[str, Any]]:
    from giantstep.significance import mean_and_error

    if quantity not in measured:
        raise SpecError(
            f"measured: needs {quantity} over replicate and sample_ratio, found {list(measured)}."
        )
    rows = []
    for ratio in measured["sample_ratio"].values:
        mean, error = mean_and_error(measured[quantity].sel(sample_ratio=ratio).values)
        if math.isfinite(mean):
            rows.append({"name": name, "x": float(ratio)} | bar(mean, error))
    return rows


def _head(dataset: xr.Dataset) -> str:
    words = [str(dataset.attrs[key]) for key in ("activation", "target") if key in dataset.attrs]
    return f"Learning curve after one giant step: {' on '.join(words)}" if words else "Learning curve"


def _theory(dataset: xr.Dataset) -> str:
    theory = dataset.attrs.get("theory", "")
    fixed = [
        f"{AXES[axis]}{float(dataset[axis]):g}"
        for axis in AXES
        if axis in dataset.coords and dataset[axis].size == 1
    ]
    if "width_ratio" in dataset.attrs:
        fixed.append(f"p/d = {float(dataset.attrs['width_ratio']):g}")
    return ", ".join([f"{theory} theory".strip(), *fixed])


def _wrapped(said: list[str]) -> list[str]:
    """Return sentences two to a line, so that no title is wider than its chart."""
    lines: list[str] = []
    for sentence in said:
        if lines and len(lines[-1]) + len(sentence) < 84:
            lines[-1] += " " + sentence
        else:
            lines.append(sentence)
    return lines
