"""The stairway of one live run: overlap with each direction against the steps, theory and simulation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.figures.marks import BAR, bar, look, table, whole_steps
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

_DODGE = 0.07


def overlap_steps(dataset: xr.Dataset, *, theory: xr.Dataset | None = None, certificate: Any = None) -> Any:
    """Return the rms overlap of the neurons with each direction of the target space, step by step.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.simulate` or `giantstep.measure` (symbols, bars over seeds), or from
        `giantstep.predict.overlaps` (lines).
    theory : xarray.Dataset, optional
        From `giantstep.predict.overlaps`.
    certificate : Certificate or xarray.Dataset, optional
        From `giantstep.analyze` (or its ``dataset()``): directions are then those it names, each with the
        step at which it is predicted to be learnt.

    Raises
    ------
    SpecError
        When there are no overlaps.
    """
    import altair as alt

    if "overlaps" not in dataset or not {"step", "neuron", "direction"} <= set(dataset["overlaps"].dims):
        raise SpecError("stairway: needs overlaps of the neurons after every step; simulate gives them.")
    if theory is None and "replicate" not in dataset["overlaps"].dims:
        dataset, theory = dataset.isel(step=slice(0, 0)), dataset
    vectors, names = _directions(dataset if theory is None else theory, certificate)
    last = max(one.sizes["step"] for one in (dataset, theory) if one is not None) - 1
    symbols = _measured_rows(dataset, vectors, names) if dataset.sizes["step"] else []
    lines = [] if theory is None else _theory_rows(theory, vectors, names)
    legend = alt.Legend(title="direction", columns=2, labelLimit=360)
    color, shape, dash = look(names, legend=legend, symbols=bool(symbols))
    ticks = whole_steps(last)
    x = alt.X("step:Q", title="giant steps t", scale=alt.Scale(domain=[-0.3, last + 0.3], nice=False))
    x = x.axis(values=ticks, format="d", grid=False)
    top = max([row[key] for row in [*symbols, *lines] for key in ("value", "high") if key in row] or [1.0])
    title = "overlap, root mean square over neurons of w·v"
    y = alt.Y("value:Q", title=title, scale=alt.Scale(domain=[0, top * 1.06 or 1.0], nice=False))
    layers = []
    if symbols:
        chance = _chance_rows(dataset)
        layers.append(alt.Chart(table(chance)).mark_line(color=GREY, strokeDash=[1, 3]).encode(x=x, y=y))
    if lines:
        layers.append(
            alt.Chart(table(lines)).mark_line(strokeWidth=1.6).encode(x=x, y=y, color=color, strokeDash=dash)
        )
    if symbols:
        base = alt.Chart(table(symbols))
        low = alt.Y("low:Q", title=title)
        layers.append(base.mark_rule(strokeWidth=1.3).encode(x=x, y=low, y2="high:Q", color=color))
        layers.append(
            base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=color, shape=shape)
        )
    words = alt.TitleParams(_head(dataset, symbols), subtitle=_says(symbols, lines), offset=10)
    return themed(alt.layer(*layers).properties(width=420, height=280, title=words))


def _directions(one: xr.Dataset, certificate: Any) -> tuple[Any, list[str]]:
    """Return orthonormal rows and their names; with a certificate, when each is learnt."""
    from giantstep.climb import adapted_basis
    from giantstep.studies.judging import direction_text

    chain = None
    if certificate is not None:
        held = certificate if hasattr(certificate, "data_vars") else certificate.dataset()
        chain = held["learned_subspace"].values
    elif "learned_subspace" in one and one["learned_subspace"].ndim == 3:
        chain = one["learned_subspace"].values
    if chain is None or not np.isfinite(chain).all() or chain.shape[-1] != one.sizes["direction"]:
        names = [str(label) for label in one["direction"].values]
        return np.eye(len(names)), names
    vectors, steps = adapted_basis(chain)
    names = []
    for vector, step in zip(vectors, steps, strict=True):
        when = "predicted not learnt" if step is None else f"predicted at step {step}"
        names.append(f"{direction_text(vector).replace('sqrt ', '√')}: {when}")
    return vectors, names


def _root_mean(one: xr.Dataset, vectors: Any) -> Any:
    """Return sqrt(mean_i (w_i.v)^2) as (replicate, step, direction)."""
    lead = ("replicate",) if "replicate" in one["overlaps"].dims else ()
    rows = one["overlaps"].transpose(*lead, "step", "neuron", "direction").values
    rows = rows if lead else rows[None]
    return np.sqrt(((rows @ np.asarray(vectors).T) ** 2).mean(-2))


def _measured_rows(one: xr.Dataset, vectors: Any, names: list[str]) -> list[dict[str, Any]]:
    from giantstep.significance import mean_and_error

    values = _root_mean(one, vectors)
    rows = []
    for t in range(values.shape[1]):
        for k, name in enumerate(names):
            mean, error = mean_and_error(values[:, t, k])
            if math.isfinite(mean):
                shift = _DODGE * (k - (len(names) - 1) / 2)
                rows.append({"name": name, "step": t + shift} | bar(mean, error))
    return rows


def _theory_rows(theory: xr.Dataset, vectors: Any, names: list[str]) -> list[dict[str, Any]]:
    values = _root_mean(theory, vectors)[0]
    return [
        {"name": name, "step": float(t), "value": float(values[t, k])}
        for t in range(len(values))
        for k, name in enumerate(names)
        if math.isfinite(values[t, k])
    ]


def _chance_rows(one: xr.Dataset) -> list[dict[str, Any]]:
    """Return the overlap an isotropic row of the same energy outside the target space would have."""
    gram = one["self_overlaps"].transpose("replicate", "step", "neuron", "neuron_other").values
    energy = np.einsum("...ii->...i", gram).mean(-1)
    inside = (
        (one["overlaps"].transpose("replicate", "step", "neuron", "direction").values ** 2).sum(-1).mean(-1)
    )
    rank, d = one.sizes["direction"], int(one.attrs.get("dimension", 0))
    if d <= rank:
        return []
    level = np.sqrt(np.maximum(energy - inside, 0.0) / (d - rank)).mean(0)
    return [{"step": float(t), "value": float(v)} for t, v in enumerate(level) if math.isfinite(v)]


def _head(one: xr.Dataset, symbols: list[dict[str, Any]]) -> str:
    if not symbols or "dimension" not in one.attrs:
        return "Overlaps after every giant step"
    return f"Overlaps after every giant step, d = {int(one.attrs['dimension']):,}"


def _says(symbols: list[dict[str, Any]], lines: list[dict[str, Any]]) -> list[str]:
    said = []
    if lines:
        said.append("Lines: theory in high dimension.")
    if symbols:
        said.append(f"Symbols: simulation, bars {BAR:g} standard errors over seeds, set apart a little.")
        said.append("Dotted: what chance alone gives at this dimension.")
    return [" ".join(said[:2]), *said[2:]]
