"""Collect a results folder into one labelled Dataset, theory beside simulation."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError, nearest
from giantstep.studies.assembling import assemble, unpadded
from giantstep.studies.beside import add_certificates
from giantstep.studies.index import Index
from giantstep.studies.store import PointError, State, Store, Stored, why
from giantstep.studies.study import Study, Sweep
from giantstep.studies.tasks import FAILED

if TYPE_CHECKING:
    import xarray as xr


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
        The variables of the kind's own Dataset with the sweep's axes in front; ``status`` says ``missing`` or
        ``failed`` where there is no result (``message`` why). Shorter ranks, widths and protocols are padded
        with NaN; coordinates that differ between points become a variable ``<name>_values``, a status along
        an inner dimension becomes ``solver_status``. Beside a certificate: ``learned_subspace`` (projectors),
        ``predicted_dimension`` and ``predicted_alignment``, the fraction of the neurons' squared norm inside
        U_t.

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
    dataset = assemble(chosen, stored, trouble)
    dataset.attrs = {
        "study": study.name,
        "title": study.title,
        "sweep": chosen.name,
        "axes": json.dumps([name for name, _ in chosen.axes]),
        "fingerprint": ", ".join(sorted({str(one.attributes["fingerprint"]) for one in stored.values()})),
        **_one_dimension(study, chosen),
    }
    if any(plan.theory for plan in chosen.plans):
        return add_certificates(dataset, chosen, store, stored)
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
    except FileNotFoundError:
        raise StoreError(f"{folder}: is not a results folder (no study.toml); run a study into it.") from None
    except SpecError as error:
        raise StoreError(f"{path}: is no study of this giantstep ({error}).") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path}: cannot be read ({why(error)}); see to the folder.") from None


def settings(dataset: xr.Dataset) -> Iterator[tuple[dict[str, Any], xr.Dataset]]:
    """Yield (labels, Dataset) of every setting of a collected sweep: its dimensions and replicates together.

    The padding of shorter ranks and widths is taken off.
    """
    axes = [name for name in json.loads(dataset.attrs["axes"]) if name != "dimension"]
    for index in np.ndindex(*(dataset.sizes[name] for name in axes)):
        place = dict(zip(axes, index, strict=True))
        one = dataset.isel(place)
        labels = {name: dataset[name].values[position].item() for name, position in place.items()}
        yield labels, unpadded(one)


def _chosen(study: Study, name: str | None) -> Sweep:
    names = [sweep.name for sweep in study.sweeps]
    if name is None:
        return study.sweeps[0]
    for sweep in study.sweeps:
        if sweep.name == name:
            return sweep
    raise SpecError(f"sweep: found {name!r}, expected {' or '.join(names)}{nearest(name, names)}.")


def _one_dimension(study: Study, sweep: Sweep) -> dict[str, int]:
    """Return the input dimension of a sweep that has no axis of it: verdicts and figures need it."""
    if "dimension" in dict(sweep.axes):
        return {}
    own = {name for plan in sweep.plans for name in plan.hashes}
    found = {json.loads(point.task).get("dimension") for point in study.points if point.hash in own}
    return {} if len(found) != 1 or None in found else {"dimension": found.pop()}


def _read_all(sweep: Sweep, store: Store) -> tuple[dict[str, Stored], dict[str, tuple[str, str]]]:
    """Return what the store holds by hash, and (status, message) of what it does not."""
    stored: dict[str, Stored] = {}
    trouble: dict[str, tuple[str, str]] = {}
    index = Index.open(store)
    for name in dict.fromkeys(name for plan in sweep.plans for name in plan.hashes):
        try:
            stored[name] = index.read(name)
        except PointError as error:
            record = store.record(name)
            failed = record.get("status") == FAILED
            absent = error.state is State.MISSING
            message = str(record["message"]) if failed else "" if absent else str(error)
            trouble[name] = (FAILED if failed else str(error.state), message)
    index.save()
    return stored, trouble
