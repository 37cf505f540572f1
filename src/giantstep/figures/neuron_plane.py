"""The neurons in a plane of the target space: a frame for dots that a page moves from step to step."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.figures.picture import Picture, Row, frame
from giantstep.figures.theme import COLORS, GREY

if TYPE_CHECKING:
    import xarray as xr

SIGNS = ("readout a > 0", "a < 0")
"""Names of the dots, after the sign of the readout weight."""

_SIDE = 300


def neuron_plane(data: xr.Dataset, *, step: int, first: int = 0, second: int = 1) -> Any:
    """Return the neurons of every replicate after a step, at their cosines with two target directions.

    A neuron on the circle lies wholly in the plane; one at the centre has learnt nothing of it. Of a target
    of one direction the second coordinate is the part outside it, so that all neurons stand on the circle.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, simulate
    >>> data = simulate(Target.parse("z1*z2"), Network(4), Protocol.repeat(1, batch="2d"), dimension=100)
    >>> len(neuron_plane(data, step=1).to_dict()["datasets"]["dots"])
    4
    """
    places, names = cosines(data), [str(name) for name in data["direction"].values]
    rows: list[Row] = []
    for replicate in range(places.shape[0]):
        for neuron, place in enumerate(places[replicate, step]):
            if not np.isfinite(place).all():
                continue
            sign = float(data["readout"].values[replicate, neuron])
            x, y = float(place[first]), outside(place) if len(place) < 2 else float(place[second])
            rows.append({"x": x, "y": y, "kind": SIGNS[int(sign < 0)]})
    other = "outside" if len(names) < 2 else f"cosine with {names[second]}"
    axes = (f"cosine with {names[first]}", other)
    tables = plane_tables() | {"dots": rows}
    return Picture(plane_frame(*axes), tables).chart(width=_SIDE)


def cosines(data: xr.Dataset) -> Any:
    """Return w_i . v / |w_i| for the target's axes v, as (replicate, step, neuron, direction)."""
    rows = data["overlaps"].transpose("replicate", "step", "neuron", "direction").values
    gram = data["self_overlaps"].transpose("replicate", "step", "neuron", "neuron_other").values
    norms = np.sqrt(np.maximum(np.einsum("rtii->rti", gram), 1e-300))
    return rows / norms[..., None]


def outside(place: Any) -> float:
    """Return the cosine of a neuron with what is outside its target directions."""
    return math.sqrt(max(0.0, 1.0 - float(np.sum(np.square(place)))))


def plane_tables() -> dict[str, list[Row]]:
    """Return the tables of an empty plane: the circle is there, the dots are to come."""
    turns = [2 * math.pi * k / 96 for k in range(97)]
    circle = [{"x": math.cos(turn), "y": math.sin(turn), "order": turn} for turn in turns]
    return {"circle": circle, "rings": [], "tails": [], "dots": []}


@lru_cache(maxsize=32)
def plane_frame(first: str, second: str) -> dict[str, Any]:
    """Return the frame with two axes of these names, as high as wide."""
    import altair as alt

    colors = alt.Scale(domain=list(SIGNS), range=list(COLORS[:2]))
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    color = alt.Color("kind:N", scale=colors, legend=legend)
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=list(SIGNS), range=["circle", "square"]), legend=legend
    )
    scale = alt.Scale(domain=[-1.08, 1.08], nice=False)
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format="~g", grid=False)
    x, y = (
        alt.X("x:Q", title=first, scale=scale, axis=axis),
        alt.Y("y:Q", title=second, scale=scale, axis=axis),
    )
    ends = {"x2": "x2:Q", "y2": "y2:Q"}
    layers = [
        alt.Chart(alt.NamedData("circle"))
        .mark_line(color=GREY, strokeWidth=1)
        .encode(x=x, y=y, order="order:Q"),
        alt.Chart(alt.NamedData("tails"))
        .mark_rule(strokeWidth=1, opacity=0.4)
        .encode(x=x, y=y, color=color, **ends),
        alt.Chart(alt.NamedData("rings"))
        .mark_point(size=150, strokeWidth=1.5, color="#333333")
        .encode(x=x, y=y),
        alt.Chart(alt.NamedData("dots"))
        .mark_point(filled=True, size=45, opacity=0.75)
        .encode(x=x, y=y, color=color, shape=shape),
    ]
    return frame(layers, height=_SIDE)
