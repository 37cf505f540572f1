"""The phase map: how many outliers two giant steps leave, over the exponents of their learning rates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import table
from giantstep.figures.theme import COLORS, themed

if TYPE_CHECKING:
    import xarray as xr

_MOST = 3
"""Counts from here on share a colour."""

_BLIND = ("#E2E2E2", "#C4C4C4", "#A2A2A2")
_SEES = ("#D3E3F3", "#9CC0E2", "#659BCF")


def phase_map(dataset: xr.Dataset, *, outliers: xr.Dataset | None = None) -> Any:
    """Return the number of outliers over (alpha1, alpha2): blue where one sees the teacher, else grey.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.predict.outlier_phases` with sequences of both exponents; or the summary of a study,
        from ``giantstep.studies.drawable(folder, "phase-map")``, which gives a map a setting.
    outliers : xarray.Dataset, optional
        From `giantstep.predict.outliers`: its exponents are marked.

    Raises
    ------
    SpecError
        When it holds no counts over both exponents.

    Examples
    --------
    >>> from giantstep import Target, predict
    >>> alphas = [0.05 * k for k in range(10)]
    >>> phases = predict.outlier_phases(Target.parse("tanh(z1)"), "He1+0.2*He2+0.1*He3",
    ...                                 first_exponent=alphas, second_exponent=alphas)
    >>> phase_map(phases).to_dict()["title"]["text"]
    'Outliers after two giant steps'
    """
    import altair as alt

    axes = {"first_exponent", "second_exponent"}
    if "outlier_count" not in dataset or not axes <= set(dataset["outlier_count"].dims):
        raise SpecError(
            "phase-map: needs outlier_count over first_exponent and second_exponent; predict.outlier_phases "
            "gives it, and so does a study of two-steps."
        )
    if min(dataset.sizes[axis] for axis in axes) < 2:
        raise SpecError("phase-map: found one exponent, expected several of both; give lists.")
    if "setting" in dataset.dims:
        panels = [_of_setting(dataset.sel(setting=name), str(name)) for name in dataset["setting"].values]
        rows = [alt.hconcat(*panels[k : k + 3], spacing=18) for k in range(0, len(panels), 3)]
        chart: Any = alt.vconcat(*rows, spacing=18)
    else:
        own = None
        if outliers is not None:
            first, second = [*json.loads(outliers.attrs["exponents"]), 0.0, 0.0][:2]
            own = (float(first), float(second))
        head = ", ".join(str(dataset.attrs[key]) for key in ("activation", "target") if key in dataset.attrs)
        chart = alt.vconcat(phase_panel(dataset, own, width=360, height=300, title=head))
    crossed = outliers is not None or "setting" in dataset.dims
    title = alt.TitleParams(
        "Outliers after two giant steps",
        subtitle=[
            "Numbers: outliers of the first layer that grow with the width, for learning rates p^α1, p^α2.",
            "Blue, sees: at least one of them sees the teacher; grey, blind: none does; white: no outlier.",
            *(["Cross: the exponents of the runs."] if crossed else []),
        ],
        offset=10,
    )
    return themed(chart.properties(title=title))


def _of_setting(one: xr.Dataset, name: str) -> Any:
    own = (float(one["first_rate_exponent"]), float(one["second_rate_exponent"]))
    return phase_panel(one, own, width=230, height=190, title=name)


def phase_panel(
    one: xr.Dataset, own: tuple[float, float] | None, *, width: int, height: int, title: str
) -> Any:
    """Return one map as layers; ``own`` marks a pair of exponents."""
    import altair as alt

    counts, sees = one["outlier_count"].values, one["informative_count"].values
    axis1, axis2 = one["first_exponent"].values, one["second_exponent"].values
    step1, step2 = (float(axis[1] - axis[0]) for axis in (axis1, axis2))
    words = ["none", *(f"{_count(k)} blind" for k in range(1, _MOST + 1))]
    words += [f"{_count(k)} sees" for k in range(1, _MOST + 1)]
    kinds = np.minimum(counts, _MOST) + np.where((counts > 0) & (sees > 0), _MOST, 0)
    rows = []
    for i, x in enumerate(axis1):
        for first, last in _runs(kinds[i]):
            # Twice as wide as a cell: the next column covers half of it, and no seam between them shows.
            tile = {"x": x, "x2": x + 2 * step1, "y": axis2[first], "y2": axis2[last] + 1.1 * step2}
            rows.append(tile | {"kind": words[int(kinds[i, first])]})
    color = alt.Color(
        "kind:N", scale=alt.Scale(domain=words, range=["#FFFFFF", *_BLIND, *_SEES]), legend=None
    )
    x = alt.X(
        "x:Q",
        title="α1, first learning rate ~ p^α1",
        scale=alt.Scale(domain=[0, 0.5], nice=False),
        axis=alt.Axis(tickCount=5),
    )
    y = alt.Y(
        "y:Q",
        title="α2, second ~ p^α2",
        scale=alt.Scale(domain=[0, 0.5], nice=False),
        axis=alt.Axis(tickCount=5),
    )
    # A thousand tiles read aloud, each by itself, say less than the words on them.
    tiles = alt.Chart(table(rows)).mark_rect(strokeWidth=0, clip=True, aria=False)
    labels = alt.Chart(table(region_labels(axis1, axis2, counts, sees))).mark_text(
        fontSize=10, color="#222222"
    )
    layers = [
        tiles.encode(x=x, x2="x2", y=y, y2="y2", color=color),
        labels.encode(x="x:Q", y="y:Q", text="text:N"),
    ]
    if own is not None:
        cross = alt.Chart(table([{"x": own[0], "y": own[1]}]))
        mark = cross.mark_point(shape="cross", filled=True, size=70, color=COLORS[1], opacity=1)
        layers.append(mark.encode(x="x:Q", y="y:Q"))
    words_above = alt.TitleParams(title, fontSize=11, offset=4, anchor="start")
    return alt.layer(*layers).properties(width=width, height=height, title=words_above)


def _runs(kinds: Any) -> list[tuple[int, int]]:
    """Return (first, last) of every stretch of equal kinds: one tile instead of many.

    >>> _runs(np.array([0, 2, 2, 1]))
    [(0, 0), (1, 2), (3, 3)]
    """
    cuts = np.flatnonzero(np.diff(kinds)) + 1
    firsts, lasts = [0, *cuts.tolist()], [*(cuts - 1).tolist(), len(kinds) - 1]
    return list(zip(firsts, lasts, strict=True))


def region_labels(axis1: Any, axis2: Any, counts: Any, sees: Any) -> list[dict[str, Any]]:
    """Return the number of outliers, and whether one sees the teacher, at the middle of a region.

    Words, because blue and grey are the same in grey print; one for counts that share a colour.

    >>> axis = np.arange(4.0)
    >>> [row["text"] for row in region_labels(axis, axis, np.full((4, 4), [1, 1, 3, 5]), np.ones((4, 4)))]
    ['1 sees', '3+ sees']
    """
    rows, shown = [], np.minimum(counts, _MOST)
    for count in np.unique(shown[shown > 0]):
        for sight, word in ((True, "sees"), (False, "blind")):
            places = np.argwhere((shown == count) & ((sees > 0) == sight))
            if len(places) < 8:
                continue
            middle = places.mean(0)
            # The middle of a bent region may lie outside of it: the nearest place that is inside.
            i, j = places[np.argmin(((places - middle) ** 2).sum(1))]
            more = "+" if counts[tuple(places.T)].max() > count else ""
            rows.append({"x": float(axis1[i]), "y": float(axis2[j]), "text": f"{int(count)}{more} {word}"})
    return rows


def _count(k: int) -> str:
    return f"{k}" if k < _MOST else f"{k}+"
