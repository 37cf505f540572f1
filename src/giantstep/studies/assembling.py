"""Stored points of a sweep as one Dataset: the sweep's axes in front, shorter ones padded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.labels import directions
from giantstep.studies.kinds import KINDS
from giantstep.studies.store import Stored
from giantstep.studies.study import Sweep

if TYPE_CHECKING:
    import xarray as xr

COMPLETED, MISSING, MIXED = "completed", "missing", "mixed"
SAID = ("status", "message")
"""Variables that `collect` gives every point; a point's own are taken where they are one text."""


@dataclass(slots=True)
class _Layout:
    """What the points have in common: dimensions with their sizes and labels, variables with their types."""

    sizes: dict[str, int] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, tuple[tuple[str, ...], Any]] = field(default_factory=dict)
    uneven: set[str] = field(default_factory=set)

    def add(self, inner: Mapping[str, tuple[tuple[str, ...], Any]]) -> None:
        for name, (dims, values) in inner.items():
            for dim, size in zip(dims, values.shape, strict=True):
                self.sizes[dim] = max(self.sizes.get(dim, 0), size)
            if dims != (name,):
                self.variables.setdefault(name, (dims, values.dtype))
                continue
            known = self.labels.setdefault(name, values)
            short, long = sorted((known, values), key=len)
            if not np.array_equal(long[: len(short)], short):
                self.uneven.add(name)
            self.labels[name] = long


def assemble(
    sweep: Sweep, stored: Mapping[str, Stored], trouble: Mapping[str, tuple[str, str]]
) -> xr.Dataset:
    """Return a sweep's points over its axes, and over replicates where the kind has them.

    Parameters
    ----------
    stored : dict
        Hash -> what its file holds.
    trouble : dict
        Hash -> (status, message) of what there is not.
    """
    import xarray as xr

    kind = KINDS[sweep.kind]
    replicates = max((len(plan.hashes) for plan in sweep.plans), default=0)
    outer = {name: len(labels) for name, labels in sweep.axes}
    lead = outer | ({"replicate": replicates} if kind.has_replicates else {})
    inner = {name: _inner(one, lead) for name, one in stored.items()}
    layout = _Layout()
    for one in inner.values():
        layout.add(one)
    shape = tuple(lead.values())
    arrays = {
        name: _blank(shape + tuple(layout.sizes[dim] for dim in dims), dtype)
        for name, (dims, dtype) in layout.variables.items()
    }
    uneven = {name: _blank((*shape, layout.sizes[name]), layout.labels[name].dtype) for name in layout.uneven}
    said = {
        name: np.full(shape, blank, dtype=object) for name, blank in zip(SAID, (MISSING, ""), strict=True)
    }
    facts = {name: _facts(tuple(outer.values()), fact.blank) for name, fact in kind.facts.items()}
    for plan in sweep.plans:
        for replicate, name in enumerate(plan.hashes):
            place = (*plan.index, replicate) if kind.has_replicates else plan.index
            if name in trouble:
                said["status"][place], said["message"][place] = trouble[name]
                continue
            attributes = stored[name].attributes
            for key, (dims, values) in inner[name].items():
                into = uneven.get(key) if dims == (key,) else arrays[key]
                if into is not None:
                    # The ellipsis makes even one text an assignment of arrays, not of an array as an object.
                    into[(*place, *(slice(0, size) for size in values.shape), ...)] = values
            said["status"][place], said["message"][place] = _said(inner[name], attributes)
            spec = json.loads(attributes["spec"])
            for key, fact in kind.facts.items():
                facts[key][plan.index] = fact.read(spec, attributes)
    variables: dict[str, Any] = {}
    for key, (dims, _) in layout.variables.items():
        # One text a point is the point's own status; along a dimension it keeps a name of its own.
        if key not in SAID:
            variables[key] = ((*lead, *dims), arrays[key])
        elif dims:
            variables[f"solver_{key}"] = ((*lead, *dims), arrays[key])
    variables |= {f"{key}_values": ((*lead, key), array) for key, array in uneven.items()}
    variables |= {key: (tuple(lead), array) for key, array in said.items()}
    variables |= {key: (tuple(outer), array) for key, array in facts.items() if key not in lead}
    return xr.Dataset(variables, _coordinates(sweep, layout, lead))


def unpadded(one: xr.Dataset) -> xr.Dataset:
    """Return one setting of a collected sweep without the padding of its rank and width."""
    # A rank of 0: nothing of this setting is stored yet.
    if "rank" in one and (rank := int(one["rank"].max())):
        one = one.isel({dim: slice(0, rank) for dim in ("direction",) if dim in one.dims})
        if "direction_other" in one.dims:
            one = one.isel(direction_other=slice(0, rank))
    if "overlaps" in one:
        present = one["overlaps"].notnull().any([dim for dim in one["overlaps"].dims if dim != "neuron"])
        width = int(present.sum()) or one.sizes["neuron"]
        one = one.isel(neuron=slice(0, width), neuron_other=slice(0, width))
    return one


def _inner(one: Stored, lead: Mapping[str, int]) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Return a point's variables without its own replicate, clear of the names of the sweep's axes."""
    found: dict[str, tuple[tuple[str, ...], Any]] = {}
    for name, (dims, values) in one.variables.items():
        array = np.asarray(values)
        for dim in [dim for dim in dims if dim in lead and array.shape[dims.index(dim)] == 1]:
            array = np.squeeze(array, axis=dims.index(dim))
            dims = tuple(other for other in dims if other != dim)
        if name in lead and len(dims) == 0:
            # The axis's label says it.
            continue
        rename = {dim: f"{dim}_within" for dim in dims if dim in lead}
        own = f"{name}_within" if name in lead else name
        found[own] = (tuple(rename.get(dim, dim) for dim in dims), array)
    return found


def _said(inner: Mapping[str, tuple[tuple[str, ...], Any]], attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Return the status and message of one point: its own texts, or those of its solver where they agree."""
    texts = []
    for name, default in zip(SAID, (COMPLETED, ""), strict=True):
        own = sorted({str(text) for text in inner[name][1].ravel()}) if name in inner else []
        said = str(attributes.get(name, default))
        texts.append(said if not own else own[0] if len(own) == 1 else MIXED if name == "status" else "")
    return texts[0], texts[1]


def _coordinates(sweep: Sweep, layout: _Layout, lead: Mapping[str, int]) -> dict[str, Any]:
    coordinates: dict[str, Any] = {name: (name, list(labels)) for name, labels in sweep.axes}
    if "replicate" in lead and "replicate" not in coordinates:
        coordinates["replicate"] = np.arange(lead["replicate"])
    for dim, size in layout.sizes.items():
        if dim in ("direction", "direction_other"):
            coordinates[dim] = directions(size)
        elif dim in layout.labels and dim not in layout.uneven:
            coordinates[dim] = layout.labels[dim]
        elif dim not in coordinates:
            coordinates[dim] = np.arange(size)
    return coordinates


def _facts(shape: tuple[int, ...], blank: Any) -> Any:
    return np.full(shape, blank, dtype=object if isinstance(blank, str) else None)


def _blank(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return an array of nothing: NaN for numbers (whole ones become floats), empty texts."""
    kind = np.dtype(dtype).kind
    if kind in "OUST":
        return np.full(shape, "", dtype=object)
    return np.full(shape, np.nan, dtype=complex if kind == "c" else float)
