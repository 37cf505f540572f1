"""The learning curve on a page: both theories after one step, and random features without one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from giantstep.figures.picture import Picture, finite, frame, page_look

if TYPE_CHECKING:
    import xarray as xr

LINES = {
    "structured": "one step, structured theory",
    "isotropic": "one step, isotropic theory",
    "no_step": "no step (random features)",
}
"""Key of a curve -> its name in the legend."""

_HEIGHT = 340


def one_step_curve(curves: Mapping[str, xr.Dataset]) -> Any:
    """Return the chart of `curve_picture`.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> theory = predict.features(Target.parse("sin(z1)"), "tanh", sample_ratio=[0.5, 1.0], ridge=0.1,
    ...                           learning_rate_ratio=1.0, first_batch_ratio=4.0)
    >>> len(one_step_curve({"structured": theory}).to_dict()["datasets"]["curves"])
    2
    """
    return curve_picture(curves).chart()


def curve_picture(curves: Mapping[str, xr.Dataset]) -> Picture:
    """Return test error against n / d, both axes logarithmic, one line a theory.

    Parameters
    ----------
    curves : mapping of str to xarray.Dataset
        Key of `LINES` -> what `giantstep.predict.features` returns. Points that did not converge are left
        out.
    """
    rows = [
        {"name": LINES[key], "x": float(ratio), "y": finite(error)}
        for key, one in curves.items()
        for ratio, error, status in zip(
            one["sample_ratio"].values, one["test_error"].values, one["status"].values, strict=True
        )
        if str(status) == "converged"
    ]
    return Picture(_frame(), {"curves": rows})


@lru_cache(maxsize=1)
def _frame() -> dict[str, Any]:
    import altair as alt

    color, _, dash = page_look(list(LINES.values()), symbols=False, columns=1, labelLimit=300, symbolSize=400)
    x = alt.X("x:Q", title="samples per dimension, n / d", scale=alt.Scale(type="log", nice=False))
    x = x.axis(format="~g", grid=False, tickCount=8)
    y = alt.Y("y:Q", title="test error, E (y − f)²", scale=alt.Scale(type="log", nice=False, padding=14))
    # Room for the labels that later tables need: the title keeps the place of the first drawing.
    y = y.axis(format="~g", tickCount=6, minExtent=36)
    lines = alt.Chart(alt.NamedData("curves"))
    # Where the theories agree, the dashed line stays visible on the solid one.
    layers = [
        lines.transform_filter(f"datum.name {test} '{LINES['isotropic']}'").mark_line(
            strokeWidth=stroke, interpolate="monotone"
        )
        for test, stroke in (("!==", 2.6), ("===", 1.8))
    ]
    return frame([layer.encode(x=x, y=y, color=color, strokeDash=dash) for layer in layers], height=_HEIGHT)
