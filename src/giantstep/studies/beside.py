"""Certificates beside simulations: laid over the axes they depend on, with the alignment they predict."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import StoreError
from giantstep.labels import directions
from giantstep.studies.assembling import MISSING, unpadded
from giantstep.studies.store import Store, Stored
from giantstep.studies.study import Sweep

if TYPE_CHECKING:
    import xarray as xr


def add_certificates(
    dataset: xr.Dataset, sweep: Sweep, store: Store, stored: dict[str, Stored]
) -> xr.Dataset:
    """Return the data with the certificates over the axes they depend on, and the alignment they predict.

    A certificate may be of a higher rank than any simulation that is done; the data are padded to it.
    """
    certified = _certified(sweep, store)
    names = [name for name, _ in sweep.axes]
    kept = [i for i, _ in enumerate(names) if _matters(sweep, i)]
    dims = tuple(names[i] for i in kept)
    shape = tuple(dataset.sizes[name] for name in dims)
    steps = dataset.sizes.get("step", 1)
    if sweep.kind == "scan":
        # A scan stands between the last step but one and the last: its theory has the protocol's steps.
        tasks = [json.loads(one.attributes["spec"]) for one in stored.values()]
        steps = max((len(task["protocol"]) + 1 for task in tasks), default=1)
    rank = max([1, *(one.variables["learned_subspace"][1].shape[-1] for one in certified.values())])
    if rank > dataset.sizes.get("direction", rank):
        dataset = dataset.reindex(direction=directions(rank))
    rank = dataset.sizes.get("direction", rank)
    projectors = np.full((*shape, steps, rank, rank), np.nan)
    sizes = np.full((*shape, steps), np.nan)
    status, expression = np.full(shape, MISSING, dtype=object), np.full(shape, "", dtype=object)
    certificates = np.full(shape, "{}", dtype=object)
    own_rank = np.zeros(shape, int)
    for plan in sweep.plans:
        place = tuple(plan.index[i] for i in kept)
        if plan.theory not in certified or status[place] != MISSING:
            continue
        found = certified[plan.theory]
        chain = found.variables["learned_subspace"][1]
        r = chain.shape[-1]
        # A chain that has ended stays constant; one longer than the protocol is cut.
        order = np.minimum(np.arange(steps), len(chain) - 1)
        projectors[place][:, :r, :r] = chain[order]
        sizes[place] = found.variables["learned_dimension"][1][order]
        certificate = json.loads(found.attributes["certificate"])
        certificates[place] = str(found.attributes["certificate"])
        status[place], expression[place], own_rank[place] = certificate["status"], certificate["target"], r
    dataset["learned_subspace"] = ((*dims, "step", "direction", "direction_other"), projectors)
    dataset["predicted_dimension"] = ((*dims, "step"), sizes)
    dataset["theory_status"] = (dims, status)
    dataset["expression"] = (dims, expression)
    dataset["certificate"] = (dims, certificates)
    if not dataset["rank"].values.all():
        dataset["rank"] = dataset["rank"].where(
            dataset["rank"] > 0,
            dataset["rank"].copy(
                data=np.broadcast_to(
                    np.expand_dims(own_rank, [i for i in range(len(names)) if i not in kept]),
                    dataset["rank"].shape,
                )
            ),
        )
    if "overlaps" in dataset:
        dataset["predicted_alignment"] = _predicted_alignment(dataset, projectors, kept)
    return dataset


def _certified(sweep: Sweep, store: Store) -> dict[str | None, Stored]:
    """Return the certificates that are there, by the names of their files."""
    found: dict[str | None, Stored] = {}
    for name in dict.fromkeys(plan.theory for plan in sweep.plans if plan.theory):
        with suppress(StoreError):
            found[name] = store.read(name)
    return found


def _predicted_alignment(dataset: xr.Dataset, projectors: Any, kept: list[int]) -> xr.DataArray:
    from giantstep.alignment import aligned_fraction

    result = dataset["alignment"].copy(data=np.full(dataset["alignment"].shape, np.nan))
    names = json.loads(dataset.attrs["axes"])
    for index in np.ndindex(*projectors.shape[: len(kept)]):
        one = unpadded(dataset.isel({names[i]: position for i, position in zip(kept, index, strict=True)}))
        rank = one.sizes["direction"]
        chain = projectors[index][:, :rank, :rank]
        if not np.isfinite(chain).all() or one["overlaps"].isnull().all():
            continue
        # A projector's own rows, scaled, measure as its orthonormal basis does: |P w|^2 = w.P w.
        fraction = aligned_fraction(one, [_basis(projector) for projector in chain])
        place = tuple(index[kept.index(i)] if i in kept else slice(None) for i in range(len(names)))
        result.values[place] = fraction.values
    return result


def _basis(projector: Any) -> Any:
    values, vectors = np.linalg.eigh(projector)
    return vectors.T[values > 0.5]


def _matters(sweep: Sweep, axis: int) -> bool:
    """Whether any certificate changes along an axis."""
    seen: dict[tuple[int, ...], str | None] = {}
    for plan in sweep.plans:
        rest = plan.index[:axis] + plan.index[axis + 1 :]
        if seen.setdefault(rest, plan.theory) != plan.theory:
            return True
    return False
