"""Collect a results folder into one labelled Dataset, theory beside simulation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError, nearest
from giantstep.labels import directions
from giantstep.studies.store import Store, Stored
from giantstep.studies.study import Study, Sweep
from giantstep.studies.tasks import FAILED

if TYPE_CHECKING:
    import xarray as xr

MISSING = "missing"
THEORY = ("learned_subspace", "learned_dimension")


def collect(folder: str | Path, *, sweep: str | None = None) -> xr.Dataset:
    """Return a sweep's results over its axes (target, dimension, ..., replicate); missing points are NaN.

    Parameters
    ----------
    folder : path
        Results folder of `run`.
    sweep : str, optional
        Which sweep; by default the study's first.

    Returns
    -------
    xarray.Dataset
        The variables of `simulate` with the sweep's axes in front; ``status`` says ``missing`` or ``failed``
        where there is no result (``message`` why). Shorter ranks, widths and protocols are padded with NaN.
        Beside a certificate: ``learned_subspace`` (projectors), ``predicted_dimension`` and
        ``predicted_alignment``, the fraction of the neurons' squared norm inside U_t.

    Raises
    ------
    SpecError
        For a sweep the study does not have.
    StoreError
        When the folder holds no study.
    """
    study, store = open_folder(folder), Store(Path(folder))
    chosen = _chosen(study, sweep)
    stored, trouble = _read_all(chosen, store)
    dataset = _assemble(chosen, stored, trouble)
    dataset.attrs = {
        "study": study.name,
        "title": study.title,
        "sweep": chosen.name,
        "axes": json.dumps([name for name, _ in chosen.axes]),
        "fingerprint": ", ".join(sorted({str(one.attributes["fingerprint"]) for one in stored.values()})),
    }
    if any(plan.theory for plan in chosen.plans):
        _add_theory(dataset, chosen, store, stored)
    return dataset


def open_folder(folder: str | Path) -> Study:
    """Return the study whose results a folder holds.

    Raises
    ------
    StoreError
        When there is none.
    """
    path = Path(folder) / "study.toml"
    try:
        return Study.parse(path.read_text(encoding="utf-8"), name=Path(folder).resolve().name)
    except OSError:
        raise StoreError(f"{folder}: is not a results folder (no study.toml); run a study into it.") from None


def settings(dataset: xr.Dataset) -> Iterator[tuple[dict[str, Any], xr.Dataset]]:
    """Yield (labels, Dataset) of every setting of a collected sweep: its dimensions and replicates together.

    The padding of shorter ranks and widths is taken off.
    """
    axes = [name for name in json.loads(dataset.attrs["axes"]) if name != "dimension"]
    for index in np.ndindex(*(dataset.sizes[name] for name in axes)):
        place = dict(zip(axes, index, strict=True))
        one = dataset.isel(place)
        labels = {name: dataset[name].values[position].item() for name, position in place.items()}
        yield labels, _unpadded(one)


def _unpadded(one: xr.Dataset) -> xr.Dataset:
    if "rank" in one:
        rank = int(one["rank"].max())
        one = one.isel({dim: slice(0, rank) for dim in ("direction",) if dim in one.dims})
        if "direction_other" in one.dims:
            one = one.isel(direction_other=slice(0, rank))
    if "overlaps" in one:
        present = one["overlaps"].notnull().any([dim for dim in one["overlaps"].dims if dim != "neuron"])
        width = int(present.sum()) or one.sizes["neuron"]
        one = one.isel(neuron=slice(0, width), neuron_other=slice(0, width))
    return one


def _chosen(study: Study, name: str | None) -> Sweep:
    names = [sweep.name for sweep in study.sweeps]
    if name is None:
        return study.sweeps[0]
    for sweep in study.sweeps:
        if sweep.name == name:
            return sweep
    raise SpecError(f"sweep: found {name!r}, expected {' or '.join(names)}{nearest(name, names)}.")


def _read_all(sweep: Sweep, store: Store) -> tuple[dict[str, Stored], dict[str, tuple[str, str]]]:
    """Return what the store holds by hash, and (status, message) of what it does not."""
    stored: dict[str, Stored] = {}
    trouble: dict[str, tuple[str, str]] = {}
    for name in dict.fromkeys(name for plan in sweep.plans for name in plan.hashes):
        try:
            stored[name] = store.read(name)
        except StoreError as error:
            record = store.record(name)
            failed = record.get("status") == FAILED
            absent = not store.path(name).exists()
            message = str(record["message"]) if failed else "" if absent else str(error)
            trouble[name] = (FAILED if failed else MISSING if absent else "damaged", message)
    return stored, trouble


def _assemble(sweep: Sweep, stored: dict[str, Stored], trouble: dict[str, tuple[str, str]]) -> xr.Dataset:
    import xarray as xr

    replicates = max((len(plan.hashes) for plan in sweep.plans), default=0)
    certificate = sweep.kind == "certificate"
    lead = tuple(name for name, _ in sweep.axes) + (() if certificate else ("replicate",))
    shape = tuple(len(labels) for _, labels in sweep.axes) + (() if certificate else (replicates,))
    sizes: dict[str, int] = {}
    kinds: dict[str, tuple[tuple[str, ...], Any]] = {}
    for one in stored.values():
        for name, (dims, values) in one.variables.items():
            inner = tuple(dim for dim in dims if dim != "replicate")
            if dims == (name,):
                continue
            kinds.setdefault(name, (inner, np.asarray(values).dtype))
            for dim, size in zip(dims, np.shape(values), strict=True):
                sizes[dim] = max(sizes.get(dim, 0), size)
    arrays = {
        name: _blank(shape + tuple(sizes[dim] for dim in inner), kind)
        for name, (inner, kind) in kinds.items()
    }
    arrays["status"] = np.full(shape, MISSING, dtype=object)
    arrays["message"] = np.full(shape, "", dtype=object)
    kinds |= {"status": ((), object), "message": ((), object)}
    cell = shape if certificate else shape[:-1]
    rank, samples, engine = np.zeros(cell, int), np.full(cell, np.nan), np.full(cell, "", dtype=object)
    for plan in sweep.plans:
        for replicate, name in enumerate(plan.hashes):
            place = plan.index if certificate else (*plan.index, replicate)
            if name in trouble:
                arrays["status"][place], arrays["message"][place] = trouble[name]
                continue
            one = stored[name]
            arrays["status"][place] = "completed"
            for key, (dims, values) in one.variables.items():
                if key in arrays and dims != (key,):
                    own = values[0] if dims[:1] == ("replicate",) else values
                    arrays[key][place + tuple(slice(0, size) for size in np.shape(own))] = own
            spec = json.loads(one.attributes["spec"])
            rank[plan.index] = spec["target"]["rank"]
            batches = json.loads(one.attributes.get("batch", "[]"))
            samples[plan.index] = batches[-1] if batches else np.nan
            engine[plan.index] = str(one.attributes.get("engine", ""))
    variables = {name: (lead + kinds[name][0], array) for name, array in arrays.items()}
    outer = tuple(name for name, _ in sweep.axes)
    variables["rank"] = (outer, rank)
    if not certificate:
        variables |= {"samples": (outer, samples), "engine": (outer, engine)}
    return xr.Dataset(variables, _coordinates(sweep, sizes, replicates, certificate))


def _coordinates(sweep: Sweep, sizes: dict[str, int], replicates: int, certificate: bool) -> dict[str, Any]:
    coordinates: dict[str, Any] = {name: (name, list(labels)) for name, labels in sweep.axes}
    if not certificate:
        coordinates["replicate"] = np.arange(replicates)
    for dim, size in sizes.items():
        if dim in ("direction", "direction_other"):
            coordinates[dim] = directions(size)
        elif dim not in ("replicate", *coordinates):
            coordinates[dim] = np.arange(size)
    return coordinates


def _blank(shape: tuple[int, ...], kind: Any) -> Any:
    """Return an array of nothing: NaN for numbers (whole ones become floats), empty texts."""
    return np.full(shape, "", dtype=object) if np.dtype(kind).kind in "OUST" else np.full(shape, np.nan)


def _add_theory(dataset: xr.Dataset, sweep: Sweep, store: Store, stored: dict[str, Stored]) -> None:
    """Put the certificates over the axes they depend on, and the alignment they predict beside the data."""
    names = [name for name, _ in sweep.axes]
    kept = [i for i, _ in enumerate(names) if _matters(sweep, i)]
    dims = tuple(names[i] for i in kept)
    shape = tuple(dataset.sizes[name] for name in dims)
    steps = dataset.sizes.get("step", 1)
    if sweep.kind == "scan":
        # A scan stands between the last step but one and the last: its theory has the protocol's steps.
        tasks = [json.loads(one.attributes["spec"]) for one in stored.values()]
        steps = max((len(task["protocol"]) + 1 for task in tasks), default=1)
    rank = dataset.sizes.get("direction", 1)
    projectors = np.full((*shape, steps, rank, rank), np.nan)
    sizes = np.full((*shape, steps), np.nan)
    status, expression = np.full(shape, MISSING, dtype=object), np.full(shape, "", dtype=object)
    certificates = np.full(shape, "{}", dtype=object)
    own_rank = np.zeros(shape, int)
    for plan in sweep.plans:
        place = tuple(plan.index[i] for i in kept)
        if plan.theory is None or status[place] != MISSING:
            continue
        try:
            found = store.read(plan.theory)
        except StoreError:
            continue
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


def _predicted_alignment(dataset: xr.Dataset, projectors: Any, kept: list[int]) -> xr.DataArray:
    from giantstep.alignment import aligned_fraction

    result = dataset["alignment"].copy(data=np.full(dataset["alignment"].shape, np.nan))
    names = json.loads(dataset.attrs["axes"])
    for index in np.ndindex(*projectors.shape[: len(kept)]):
        one = _unpadded(dataset.isel({names[i]: position for i, position in zip(kept, index, strict=True)}))
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
