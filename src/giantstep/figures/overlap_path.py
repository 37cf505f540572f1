"""The path of the overlaps: how far along each direction the neurons are after every step, live or done."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.figures.marks import bar, whole_steps
from giantstep.figures.picture import Picture, Row, finite, frame, page_look
from giantstep.figures.theme import GREY
from giantstep.significance import mean_and_error

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.staircase import Certificate

_HEIGHT = 300
_DODGE = 0.03


def overlap_path(
    data: xr.Dataset, *, theory: xr.Dataset | None = None, certificate: Certificate | None = None
) -> Any:
    """Return the chart of `path_picture`.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, simulate
    >>> data = simulate(Target.parse("z1"), Network(4), Protocol.repeat(1, batch="2d"), dimension=100)
    >>> [row["step"] for row in overlap_path(data).to_dict()["datasets"]["measured"]]
    [0.0, 1.0]
    """
    return path_picture(data, theory=theory, certificate=certificate).chart()


def path_picture(
    data: xr.Dataset, *, theory: xr.Dataset | None = None, certificate: Certificate | None = None
) -> Picture:
    """Return rms overlaps against steps: theory as lines, simulation as symbols with two standard errors.

    Parameters
    ----------
    data : xarray.Dataset
        From `giantstep.simulate`; replicates and steps that are NaN have not been run yet.
    theory : xarray.Dataset, optional
        From `giantstep.predict.overlaps`.
    certificate : Certificate, optional
        Directions are then those it names, in the order they are learnt.
    """
    vectors, names = named_directions(certificate, data.sizes["direction"])
    values = path(data, vectors)
    tables: dict[str, list[Row]] = {"theory": [], "measured": [], "chance": []}
    for step in range(values.shape[1]):
        for place, name in enumerate(names):
            mean, error = mean_and_error(values[:, step, place])
            if np.isfinite(mean):
                row = {"name": name, "step": step + _DODGE * (place - (len(names) - 1) / 2)}
                ends = bar(mean, error)
                # A size is never negative, whatever the bar of few seeds says.
                tables["measured"].append(row | ends | {"low": max(ends["low"], 0.0)})
    if theory is not None:
        predicted = path(theory.expand_dims("replicate"), vectors)[0]
        tables["theory"] = [
            {"name": name, "step": step, "value": finite(predicted[step, place])}
            for place, name in enumerate(names)
            for step in range(len(predicted))
        ]
    tables["chance"] = [
        {"step": step, "value": level} for step, level in enumerate(chance(data)) if level is not None
    ]
    return Picture(_frame(tuple(names), values.shape[1] - 1), tables)


def named_directions(certificate: Certificate | None, rank: int) -> tuple[Any, list[str]]:
    """Return orthonormal rows and their names: those a certificate learns in turn, else the axes."""
    if certificate is None:
        return np.eye(rank), [f"z{axis + 1}" for axis in range(rank)]
    from giantstep.climb import adapted_basis
    from giantstep.staircase.words import direction

    vectors, _ = adapted_basis(np.stack([rows.T @ rows for rows in certificate.subspaces]))
    return vectors, [direction(vector) for vector in vectors]


def path(data: xr.Dataset, vectors: Any) -> Any:
    """Return sqrt(mean_i (w_i . v)^2) as (replicate, step, direction)."""
    rows = data["overlaps"].transpose("replicate", "step", "neuron", "direction").values
    return np.sqrt(((rows @ np.asarray(vectors).T) ** 2).mean(2))


def chance(data: xr.Dataset) -> list[float | None]:
    """Return, step by step, the overlap that an isotropic row of the same energy would have by chance."""
    d, rank = int(data.attrs.get("dimension", 0)), data.sizes["direction"]
    if d <= rank:
        return []
    gram = data["self_overlaps"].transpose("replicate", "step", "neuron", "neuron_other").values
    inside = (data["overlaps"].transpose("replicate", "step", "neuron", "direction").values ** 2).sum((2, 3))
    outside = np.einsum("rtii->rt", gram) - inside
    levels = []
    for step in range(outside.shape[1]):
        mean, _ = mean_and_error(np.sqrt(np.maximum(outside[:, step], 0.0) / (gram.shape[2] * (d - rank))))
        levels.append(finite(mean))
    return levels


@lru_cache(maxsize=64)
def _frame(names: tuple[str, ...], last: int) -> dict[str, Any]:
    import altair as alt

    color, shape, dash = page_look(names, labelLimit=220, columns=4, symbolOpacity=1)
    x = alt.X("step:Q", title="giant steps t", scale=alt.Scale(domain=[-0.2, last + 0.2], nice=False))
    x = x.axis(values=whole_steps(last), format="d", grid=False)
    title = "overlap, rms over neurons"
    y = alt.Y("value:Q", title=title, scale=alt.Scale(zero=True))
    measured = alt.Chart(alt.NamedData("measured"))
    lines = alt.Chart(alt.NamedData("theory")).mark_line(strokeWidth=2)
    level = alt.Chart(alt.NamedData("chance")).mark_line(color=GREY, strokeDash=[1, 3])
    layers = [
        level.encode(x=x, y=y),
        lines.encode(x=x, y=y, color=color, strokeDash=dash),
        measured.mark_rule(strokeWidth=1.5).encode(
            x=x, y=alt.Y("low:Q", title=title), y2="high:Q", color=color
        ),
        measured.mark_point(filled=True, size=75, opacity=1).encode(x=x, y=y, color=color, shape=shape),
    ]
    return frame(layers, height=_HEIGHT)
