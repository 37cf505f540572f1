"""`check_store`: the laws of a store - done means readable, damaged is never read as whole."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError
from giantstep.studies.canonical import canonical, spec_hash
from giantstep.studies.store import Store
from giantstep.testing.report import Report, examine

if TYPE_CHECKING:
    import xarray as xr

Make = Callable[[Path], Any]


def check_store(make: Make = Store) -> Report:
    """Check a store: what it holds is whole, or it is not done.

    Parameters
    ----------
    make : callable
        Folder to a store with the methods of `giantstep.studies.store.Store`: ``prepare``, ``path``,
        ``is_done``, ``write``, ``read``, ``note``, ``record``. Called with new empty folders.

    Returns
    -------
    Report

    Raises
    ------
    ConformanceError
        When a law is broken; it lists them all.
    SpecError
        For what makes no store.

    Examples
    --------
    >>> print(check_store())
    store Store: 10 laws hold
    """
    if not callable(make):
        raise SpecError(
            f"make: found {make!r}, expected what makes a store of a new empty folder, such as its class."
        )
    laws: list[tuple[str, Callable[[Any], str]]] = [
        ("nothing is done in an empty store", _empty),
        ("what is written is done, and reads back bit for bit", _round_trip),
        ("writing twice changes nothing", _twice),
        ("the same data make the same bytes", _same_bytes),
        ("a write leaves no other file behind", _tidy),
        ("a write that fails leaves what was there", _failing),
        ("a truncated file is not done, and reading it says so", _truncated),
        ("a flipped bit is noticed, or harmless", _flipped),
        ("another point's file under a point's name is not done", _foreign),
        ("records come back, and a damaged one counts as none", _records),
    ]
    named = [(name, partial(_in_new_folder, make, law)) for name, law in laws]
    return examine(f"store {getattr(make, '__name__', 'store')}", named)


def _in_new_folder(make: Make, law: Callable[[Any], str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        store = make(Path(folder))
        store.prepare()
        return law(store)


def _point(value: float = 1.0) -> tuple[str, str, xr.Dataset]:
    import xarray as xr

    task = canonical({"schema_version": 1, "kind": "conformance", "value": value})
    data = xr.Dataset(
        {"numbers": ("step", np.array([value, np.nan, np.inf])), "words": ("name", np.array(["a", "é"]))},
        {"step": np.arange(3)},
        {"note": "x < y & z"},
    )
    return spec_hash(task), task, data


def _written(store: Any, value: float = 1.0) -> tuple[str, str, xr.Dataset]:
    name, task, data = _point(value)
    store.write(name, task, data, "fingerprint")
    return name, task, data


def _readable(store: Any, name: str, data: xr.Dataset) -> str:
    found = store.read(name)
    for key, variable in data.variables.items():
        dims, values = found.variables[str(key)]
        if tuple(dims) != variable.dims or not np.array_equal(
            np.asarray(values), variable.values, equal_nan=variable.dtype.kind == "f"
        ):
            return f"{key} comes back as {np.asarray(values)!r} over {dims}"
    return "" if found.attributes["note"] == data.attrs["note"] else "an attribute came back changed"


def _refused(store: Any, name: str, data: xr.Dataset, what: str) -> str:
    """Return a complaint unless the point is refused, or read whole."""
    try:
        trouble = _readable(store, name, data)
    except StoreError:
        return ""
    return f"{what}: read as if it were whole, and it is not ({trouble})" if trouble else ""


def _empty(store: Any) -> str:
    name, _, _ = _point()
    if store.is_done(name):
        return "a point is done that nobody wrote"
    try:
        store.read(name)
    except StoreError:
        return ""
    return "reading a missing point did not raise StoreError"


def _round_trip(store: Any) -> str:
    name, _, data = _written(store)
    return _readable(store, name, data) if store.is_done(name) else "the written point is not done"


def _twice(store: Any) -> str:
    name, _, data = _written(store)
    _written(store)
    return _readable(store, name, data)


def _same_bytes(store: Any) -> str:
    name, _, _ = _written(store)
    first = store.path(name).read_bytes()
    store.path(name).unlink()
    _written(store)
    return "" if store.path(name).read_bytes() == first else "two writes of the same data differ"


def _tidy(store: Any) -> str:
    name, _, _ = _written(store)
    left = [file.name for file in store.path(name).parent.iterdir() if file != store.path(name)]
    return f"left {', '.join(left)}" if left else ""


def _failing(store: Any) -> str:
    name, task, data = _written(store)
    broken = data.assign(bad=("step", np.array([object()] * 3, dtype=object)))
    try:
        store.write(name, task, broken, "fingerprint")
    # Any exception will do: the question is what it leaves.
    except Exception:
        return _readable(store, name, data) or _only(store, name)
    return "a value that no file can hold was accepted"


def _only(store: Any, name: str) -> str:
    files = sorted(file.name for file in store.path(name).parent.iterdir())
    return "" if files == [store.path(name).name] else f"left {', '.join(files)}"


def _truncated(store: Any) -> str:
    name, _, data = _written(store)
    whole = store.path(name).read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        store.path(name).write_bytes(whole[:length])
        if length < len(whole) // 2 and store.is_done(name):
            return f"{length} of {len(whole)} bytes count as done"
        if found := _refused(store, name, data, f"{length} of {len(whole)} bytes"):
            return found
    return ""


def _flipped(store: Any) -> str:
    name, _, data = _written(store)
    whole = store.path(name).read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        store.path(name).write_bytes(bytes(damaged))
        if found := _refused(store, name, data, f"byte {place} flipped"):
            return found
    return ""


def _foreign(store: Any) -> str:
    first, _, data = _written(store, 1.0)
    second, _, _ = _written(store, 2.0)
    store.path(first).write_bytes(store.path(second).read_bytes())
    if store.is_done(first):
        return "another point's file counts as done"
    return _refused(store, first, data, "another point's file")


def _records(store: Any) -> str:
    name, _, _ = _point()
    if store.record(name) != {}:
        return "a record is there that nobody noted"
    store.note(name, {"status": "done", "message": "é"})
    if store.record(name) != {"status": "done", "message": "é"}:
        return f"the record comes back as {json.dumps(store.record(name))}"
    store.note(name, {"status": "failed", "message": "again"})
    if store.record(name) != {"status": "failed", "message": "again"}:
        return "a second note does not take the place of the first"
    store.record_path(name).write_text("{", encoding="utf-8")
    return "" if store.record(name) == {} else "half a record was read"
