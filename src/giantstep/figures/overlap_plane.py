"""The overlap plane: neurons as dots in a plane of the target space, step by step, in a circle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, nearest
from giantstep.figures.marks import look, table
from giantstep.figures.theme import GREY, themed

if TYPE_CHECKING:
    import xarray as xr

MOST_DOTS = 300
"""Dots in one panel; of more neurons, the first of every seed are drawn and the subtitle says so."""

MOST_TARGETS = 4
"""Targets of a study drawn below each other unless one is asked for."""

MOST_STEPS = 5
"""Steps drawn side by side unless they are chosen."""

_SIDE, _REACH = 170, 1.08
"""A panel's side in pixels, and the cosine at its edge."""

_SIGNS = ("simulation, a > 0", "simulation, a < 0")
_THEORY = "theory, d → ∞"


def overlap_plane(
    dataset: xr.Dataset,
    *,
    theory: xr.Dataset | None = None,
    target: str | None = None,
    plane: Sequence[str] | None = None,
    steps: Sequence[int] | None = None,
) -> Any:
    """Return one panel a step: each neuron at its cosines with two directions of the target space.

    A neuron on the circle lies wholly in the plane; one at the centre has learnt nothing of it. Thin lines
    lead from where it stood a step before.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `giantstep.simulate`, `giantstep.predict.overlaps`, `giantstep.measure`, or
        `giantstep.studies.collect`: ``overlaps`` and ``self_overlaps`` over step and neuron. Of several
        dimensions the largest is drawn.
    theory : xarray.Dataset, optional
        From `giantstep.predict.overlaps`, drawn over the dots.
    target : str, optional
        One target of a study.
    plane : two directions, optional
        Such as ("z1", "z3"); by default those learnt first if the Dataset holds a certificate, else z1, z2.
    steps : sequence of int, optional
        Steps to draw; by default all, or `MOST_STEPS` of them where there are more.

    Raises
    ------
    SpecError
        When there are no overlaps with two directions, or no such target, direction or step.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target, simulate
    >>> data = simulate(Target.parse("z1 + z1*z2"), Network(4), Protocol.repeat(2, batch="2d"), dimension=100)
    >>> len(overlap_plane(data).to_dict()["vconcat"][0]["hconcat"])
    3
    """
    import altair as alt

    _check(dataset)
    found = _targets(dataset, target)
    if not found:
        raise SpecError(
            "overlap-plane: found no target of two directions, expected one such as 'z1 + z1*z2'."
        )
    shown = found[:MOST_TARGETS]
    rows, notes = [], []
    for name, one in shown:
        panels, note = _panels(name, one, theory, plane, steps)
        rows.append(alt.hconcat(*panels, spacing=14))
        notes.append(note)
    lines = [
        "Symbols: the neurons of every seed at their cosines w·v / |w|, a the readout weight; thin lines "
        "lead from the step before.",
        "On the circle a neuron lies wholly in the teacher's plane; at the centre it has learnt nothing.",
    ]
    if len(found) > len(shown):
        lines.append(f"{len(shown)} of {len(found)} targets; choose another with target (--target).")
    lines += sorted({note for note in notes if note})
    title = alt.TitleParams("Where the neurons go, step by step", subtitle=lines, offset=10)
    chart = alt.vconcat(*rows, spacing=18).resolve_scale(color="shared", shape="shared")
    return themed(chart.properties(title=title))


def _check(dataset: xr.Dataset) -> None:
    missing = [name for name in ("overlaps", "self_overlaps") if name not in dataset]
    if missing or not {"step", "neuron", "direction"} <= set(dataset["overlaps"].dims):
        raise SpecError(
            f"overlap-plane: needs {' and '.join(missing or ['overlaps'])} of every neuron after every step; "
            "simulate gives them, and so does a study of kind 'simulation'."
        )


def _targets(dataset: xr.Dataset, target: str | None) -> list[tuple[str, xr.Dataset]]:
    """Return (name, Dataset without axes of a study) of everything with at least two directions."""
    if "axes" not in dataset.attrs:
        found = [(str(dataset.attrs.get("target", "")), dataset)]
    else:
        from giantstep.studies.collecting import settings

        found = [
            (", ".join(str(value) for value in labels.values()), one) for labels, one in settings(dataset)
        ]
        found = [(name or _expression(one), one) for name, one in found]
    if target is not None:
        names = [name for name, _ in found]
        if target not in names:
            raise SpecError(f"target: found {target!r}, expected {', '.join(names)}{nearest(target, names)}.")
        found = [pair for pair in found if pair[0] == target]
    planes = [(name, _largest(one)) for name, one in found if one.sizes["direction"] >= 2]
    # Those that learn two directions have most to show.
    return sorted(planes, key=lambda pair: -_learned(pair[1]))


def _learned(one: xr.Dataset) -> int:
    """Return how many directions the last step is predicted to know, two or more counting alike."""
    if "predicted_dimension" not in one:
        return 0
    dimension = float(one["predicted_dimension"].max())
    return min(int(dimension), 2) if math.isfinite(dimension) else 0


def _expression(one: xr.Dataset) -> str:
    return str(one["expression"].values.ravel()[-1]) if "expression" in one else ""


def _largest(one: xr.Dataset) -> xr.Dataset:
    """Return the largest dimension that was measured."""
    if "dimension" not in one.dims:
        return one
    other = [dim for dim in one["overlaps"].dims if dim != "dimension"]
    measured = np.flatnonzero(one["overlaps"].notnull().any(other).values)
    return one.isel(dimension=int(measured[-1]) if len(measured) else -1)


def _panels(
    name: str,
    one: xr.Dataset,
    theory: xr.Dataset | None,
    plane: Sequence[str] | None,
    steps: Sequence[int] | None,
) -> tuple[list[Any], str]:
    vectors, names = _plane(one, plane)
    last = one.sizes["step"] - 1
    if steps is None:
        # A row of many panels is too small to be read.
        ends = range(min(last + 1, MOST_STEPS))
        steps = [round(last * place / max(1, ends[-1])) for place in ends]
    taken = [int(step) for step in steps]
    if any(not 0 <= step <= last for step in taken):
        raise SpecError(f"steps: found {taken}, expected whole numbers from 0 to {last}.")
    own_theory = theory is None and "replicate" not in one["overlaps"].dims
    places, signs, left_out = _places(one, vectors)
    if not np.isfinite(places).any():
        raise SpecError(f"overlap-plane: {name or 'the simulation'} has no finite overlaps; run it first.")
    expected = None
    if own_theory:
        expected, places = places, places[..., :0, :]
    elif theory is not None:
        _check(theory)
        expected, _, _ = _places(theory, vectors)
    d = one["dimension"].item() if "dimension" in one.coords else one.attrs.get("dimension")
    head = ", ".join(part for part in (name, f"d = {int(d):,}" if d else "") if part)
    panels = []
    for place, step in enumerate(taken):
        label = f"{head}: t = {step}" if place == 0 and head else f"t = {step}"
        panels.append(_panel(label, step, names, places, signs, expected, place == 0))
    return panels, f"{left_out} more neurons are not drawn." if left_out else ""


def _plane(one: xr.Dataset, plane: Sequence[str] | None) -> tuple[Any, tuple[str, str]]:
    """Return two orthonormal rows of the target space and their names."""
    from giantstep.climb import adapted_basis
    from giantstep.studies.judging import direction_text

    known = [str(label) for label in one["direction"].values]
    if plane is not None:
        for label in plane:
            if label not in known:
                raise SpecError(f"plane: found {label!r}, expected two of {', '.join(known)}.")
        if len(plane) != 2 or plane[0] == plane[1]:
            raise SpecError(f"plane: found {', '.join(plane)}, expected two of {', '.join(known)}.")
        return np.eye(len(known))[[known.index(label) for label in plane]], (plane[0], plane[1])
    if "learned_subspace" in one:
        chain = one["learned_subspace"].values
        if chain.ndim == 3 and np.isfinite(chain).all():
            vectors = adapted_basis(chain)[0][:2]
            first, second = (direction_text(vector).replace("sqrt ", "√") for vector in vectors)
            return vectors, (first, second)
    return np.eye(len(known))[:2], (known[0], known[1])


def _places(one: xr.Dataset, vectors: Any) -> tuple[Any, Any, int]:
    """Return cosines (step, dot, 2), the sign of each dot's readout, and how many dots were left out."""
    lead = ("replicate",) if "replicate" in one["overlaps"].dims else ()
    rows = one["overlaps"].transpose("step", *lead, "neuron", "direction").values @ np.asarray(vectors).T
    gram = one["self_overlaps"].transpose("step", *lead, "neuron", "neuron_other").values
    norms = np.sqrt(np.maximum(np.einsum("...ii->...i", gram), 1e-300))
    cosines = rows / norms[..., None]
    signs = np.ones(cosines.shape[1:-1])
    if "readout" in one:
        readout = one["readout"]
        if set(readout.dims) == {*lead, "neuron"}:
            signs = np.sign(readout.transpose(*lead, "neuron").values)
    if not lead:
        cosines, signs = cosines[:, None], signs[None]
    seeds, width = signs.shape
    each = max(1, MOST_DOTS // seeds)
    cosines, signs = cosines[:, :, :each], signs[:, :each]
    flat = cosines.reshape(len(cosines), -1, 2)
    return flat, signs.reshape(-1), seeds * max(0, width - each)


def _panel(
    label: str, step: int, names: tuple[str, str], places: Any, signs: Any, expected: Any, first: bool
) -> Any:
    import altair as alt

    dots, tails = [], []
    for dot, sign in zip(range(places.shape[1]), signs, strict=False):
        x, y = places[step, dot]
        if not math.isfinite(x + y):
            continue
        kind = _SIGNS[0] if sign >= 0 else _SIGNS[1]
        dots.append({"name": kind, "x": x, "y": y})
        if step and np.isfinite(places[step - 1, dot]).all():
            before = places[step - 1, dot]
            tails.append({"name": kind, "x": before[0], "y": before[1], "x2": x, "y2": y})
    rings = []
    if expected is not None and step < len(expected):
        rings = [{"name": _THEORY, "x": x, "y": y} for x, y in _distinct(expected[step])]
    legend = alt.Legend(title=None, orient="top", columns=3, symbolOpacity=1)
    names_drawn, palette = ([*_SIGNS, _THEORY], (0, 1, 3)) if expected is not None else (_SIGNS, (0, 1))
    color, shape, _ = look(names_drawn, legend=legend, places=palette)
    scale = alt.Scale(domain=[-_REACH, _REACH], nice=False)
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], format="~g", grid=False)
    x = alt.X("x:Q", title=f"cosine with {names[0]}", scale=scale, axis=axis)
    y = alt.Y("y:Q", title=f"cosine with {names[1]}" if first else None, scale=scale, axis=axis)
    cross = alt.Chart(table([{"x": 0.0, "y": 0.0}]))
    layers = [
        cross.mark_rule(color="#DDDDDD").encode(x=x),
        cross.mark_rule(color="#DDDDDD").encode(y=y),
        cross.mark_arc(
            outerRadius=_SIDE / 2 / _REACH, theta=0, theta2=2 * math.pi, fillOpacity=0, stroke=GREY
        ),
        alt.Chart(table(tails))
        .mark_rule(strokeWidth=0.7, opacity=0.35)
        .encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=color),
        alt.Chart(table(dots))
        .mark_point(filled=True, size=26, opacity=0.65)
        .encode(x=x, y=y, color=color, shape=shape),
        alt.Chart(table(rings))
        .mark_point(filled=False, size=160, strokeWidth=1.5, opacity=1)
        .encode(x=x, y=y, color=color, shape=shape),
    ]
    layers = [layer for layer, rows in zip(layers, (1, 1, 1, tails, dots, rings), strict=True) if rows]
    words = alt.TitleParams(label, fontSize=11, anchor="start")
    return alt.layer(*layers).properties(width=_SIDE, height=_SIDE, title=words)


def _distinct(points: Any) -> list[tuple[float, float]]:
    """Return places apart from each other; neurons of one kind stand on one place in theory."""
    kept = [point for point in points if np.isfinite(point).all()]
    return list(dict.fromkeys((round(float(x), 4), round(float(y), 4)) for x, y in kept))
