"""Two giant steps: phases of the exponents, spectra with their outliers, and what each outlier sees."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import BAR, bar, table
from giantstep.figures.phase_map import phase_panel
from giantstep.figures.spectrum import of_setting
from giantstep.figures.theme import COLORS, themed

if TYPE_CHECKING:
    import xarray as xr

_WIDTH, _MAP, _HISTOGRAM, _ALIGNMENT = 230, 120, 95, 120
_KINDS = ("fresh", "reused")


def two_steps(dataset: xr.Dataset) -> Any:
    """Return a column a target: phase maps, spectra and alignments, fresh batch above reused one.

    Parameters
    ----------
    dataset : xarray.Dataset
        From ``giantstep.studies.drawable(folder, "two-steps")``.

    Raises
    ------
    SpecError
        When it holds no outliers.
    """
    import altair as alt

    if "predicted_singular_value" not in dataset:
        raise SpecError("two-steps: found no outliers, expected the summary of a study of weight-outliers.")
    columns = []
    for target in dict.fromkeys(str(target) for target in dataset["target"].values):
        names = [
            str(setting)
            for setting in dataset["setting"].values
            if str(dataset["target"].sel(setting=setting).values) == target
        ]
        columns.append(_column(dataset, names))
    title = alt.TitleParams(
        str(dataset.attrs["title"]),
        subtitle=[
            "IE: information exponent of the target. Maps: number of outliers that grow with the width,",
            "by the exponents of the two learning rates; blue where one of them sees the teacher, grey where "
            "none does; cross: the runs below.",
            "Spectra: all singular values of one run (bars), its outliers (dots), predicted outliers "
            "(dashed, with rung), edge at the start (grey), measured edge (dotted).",
            "Below: squared cosine of each outlier with the teacher; ticks: theory, symbols: runs, bars "
            f"{BAR:g} standard errors.",
        ],
        offset=12,
    )
    return themed(alt.hconcat(*columns, spacing=26).properties(title=title))


def _column(dataset: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    settings = {name: dataset.sel(setting=name) for name in names}
    parts = [_phase(one, name) for name, one in settings.items()]
    if "spectrum" in dataset:
        size = {"width": _WIDTH, "height": _HISTOGRAM}
        parts += [of_setting(one, title=name, **size) for name, one in settings.items()]
    return alt.vconcat(*parts, _alignments(dataset, names), spacing=8).resolve_scale(
        color="independent", shape="independent"
    )


def _phase(one: xr.Dataset, name: str) -> Any:
    own = (float(one["first_rate_exponent"]), float(one["second_rate_exponent"]))
    return phase_panel(one, own, width=_WIDTH, height=_MAP, title=name)


def _alignments(dataset: xr.Dataset, names: list[str]) -> Any:
    import altair as alt

    points, ticks = list[dict[str, Any]](), list[dict[str, Any]]()
    shift = {name: 0.3 * (place - (len(names) - 1) / 2) for place, name in enumerate(names)}
    kinds = {name: _KINDS[int(dataset["reuse"].sel(setting=name))] for name in names}
    for name in names:
        one = dataset.sel(setting=name)
        for spike in np.flatnonzero(one["predicted_present"].values == 1):
            at = one.isel(spike=spike)
            place = float(at["rung"]) + shift[name]
            row: dict[str, Any] = {"kind": kinds[name], "x": place}
            expected = float(at["predicted_target_alignment"])
            ticks.append(row | {"low": place - 0.13, "high": place + 0.13, "y": expected})
            mean, error = float(at["target_alignment"]), float(at["target_alignment_se"])
            if math.isfinite(mean):
                points.append(row | bar(mean, error))
    scale = alt.Scale(domain=list(_KINDS), range=[COLORS[2], COLORS[0]])
    legend = alt.Legend(title=None, orient="bottom", direction="horizontal", symbolStrokeWidth=0)
    color = alt.Color("kind:N", scale=scale, legend=legend)
    most = max([2, *(round(row["x"]) for row in ticks)])
    x = alt.X("x:Q", title="rung k", scale=alt.Scale(domain=[-0.6, most + 0.6], nice=False))
    x = x.axis(values=list(range(most + 1)), format="d", grid=False)
    highest = max([0.05, *(row["y"] for row in ticks), *(row["high"] for row in points)])
    y = alt.Y("y:Q", title="cos² with the teacher", scale=alt.Scale(domain=[0, 1.1 * highest], nice=False))
    base = alt.Chart(table(points))
    shape = alt.Shape(
        "kind:N", scale=alt.Scale(domain=list(_KINDS), range=["circle", "square"]), legend=legend
    )
    value = alt.Y("value:Q", title="cos² with the teacher")
    layers = [
        alt.Chart(table(ticks))
        .mark_rule(strokeWidth=2.2)
        .encode(x=alt.X("low:Q", title="rung k"), x2="high:Q", y=y, color=color),
        base.mark_rule(strokeWidth=1.2, clip=True).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=color),
        base.mark_point(filled=True, size=50, opacity=1).encode(x=x, y=value, color=color, shape=shape),
    ]
    return alt.layer(*layers).properties(width=_WIDTH, height=_ALIGNMENT)
