"""A task is a canonical text: compute what it says, commit, return its hash. Pure and idempotent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from giantstep.errors import WriteError
from giantstep.streams import fingerprint
from giantstep.studies.canonical import spec_hash
from giantstep.studies.kinds import KINDS
from giantstep.studies.provenance import provenance
from giantstep.studies.store import Store, Stored
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

DONE, FAILED = "done", "failed"


def perform(task: str, folder: str, how: Callable[[str], xr.Dataset] | None = None) -> str:
    """Compute one point, commit it to a results folder and return its hash.

    What fails is noted beside where the point would be, with its reason, and does not raise. A point that
    another run on the same folder has written meanwhile is left alone. ``how`` computes it in another way,
    with the same bits.

    Raises
    ------
    WriteError
        When the folder takes nothing more.
    """
    store, name = Store(Path(folder)), spec_hash(task)
    if store.is_done(name):
        return name
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        with one_blas_thread():
            dataset = (how or compute)(task)
            store.write(name, task, dataset, fingerprint())
            record: dict[str, Any] = provenance() | {"status": DONE, "message": ""}
            record |= {"diverged": True} if diverged(dataset) else {}
    except WriteError:
        raise
    # Anything may go wrong in a point; one bad point never ends a study.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        record = provenance() | {"status": FAILED, "message": reason, "error": type(error).__name__}
    store.note(name, record | _times(name, time.perf_counter() - wall, time.process_time() - cpu))
    return name


def diverged(dataset: xr.Dataset) -> bool:
    """Return whether a status, attribute or variable, says that the finite numbers were left."""
    found = Stored({}, dataset.attrs)
    if "status" in dataset:
        found.variables["status"] = ((), dataset["status"].values)
    return found.diverged


def give_up(store: Store, name: str, reason: str) -> None:
    """Note, beside where it would be, why no worker could compute a point; unless one has meanwhile."""
    if not store.is_done(name):
        record = provenance() | {"status": FAILED, "message": reason, "error": ""}
        # What cannot be noted is still a row of this run.
        with suppress(WriteError):
            store.note(name, record | _times(name, 0.0, 0.0))


def _times(name: str, wall: float, cpu: float) -> dict[str, Any]:
    return {
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "wall_seconds": round(wall, 4),
        "cpu_seconds": round(cpu, 4),
        "threads": 1,
        "spec_hash": name,
    }


def compute(task: str) -> xr.Dataset:
    """Return the Dataset that a canonical text describes."""
    spec = json.loads(task)
    return KINDS[spec["kind"]].compute(spec)
