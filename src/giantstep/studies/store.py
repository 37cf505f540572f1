"""One immutable file a point and replicate; a rename is the commit."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import StoreError
from giantstep.studies.canonical import SCHEMA_VERSION, spec_hash
from giantstep.studies.netcdf import write_netcdf

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Stored:
    """What a point's file holds: arrays with the names of their dimensions, and attributes."""

    variables: dict[str, tuple[tuple[str, ...], Any]]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Store:
    """The ``points`` of a results folder.

    ``<hash>.nc`` holds spec, data, schema and stream fingerprint, the same bytes on any number of workers;
    ``<hash>.run.json`` beside it says when, where and with what it was computed, or why it failed.
    """

    folder: Path

    def path(self, name: str) -> Path:
        """Return the file of a point."""
        return self.folder / "points" / f"{name}.nc"

    def record_path(self, name: str) -> Path:
        """Return the file that says how a point was computed."""
        return self.folder / "points" / f"{name}.run.json"

    def prepare(self) -> None:
        """Make the folder.

        Raises
        ------
        StoreError
            When it cannot be made.
        """
        try:
            (self.folder / "points").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.folder}: cannot be made ({error.strerror}); choose another folder."
            ) from None

    def is_done(self, name: str) -> bool:
        """Return whether a point's file opens and the spec inside hashes to its name."""
        import h5py

        try:
            with h5py.File(self.path(name), "r") as file:
                return spec_hash(str(file.attrs["spec"])) == name
        except (OSError, KeyError, RuntimeError):
            return False

    def write(self, name: str, task: str, dataset: xr.Dataset, fingerprint: str) -> None:
        """Commit a point: its Dataset with spec, schema version, fingerprint and a hash of the data."""
        variables = {str(key): (tuple(map(str, v.dims)), v.values) for key, v in dataset.variables.items()}
        attributes = {
            **{str(key): value for key, value in dataset.attrs.items()},
            "schema_version": SCHEMA_VERSION,
            "spec": task,
            "hash": name,
            "fingerprint": fingerprint,
            "layout": json.dumps({key: dims for key, (dims, _) in variables.items()}, sort_keys=True),
            "data_hash": data_hash({key: values for key, (_, values) in variables.items()}),
        }
        commit(self.path(name), lambda path: write_netcdf(path, variables, attributes))

    def read(self, name: str) -> Stored:
        """Return a point, checked to the last bit.

        Raises
        ------
        StoreError
            When the file is missing, damaged, of another point or written by a newer version.
        """
        import h5py

        path = self.path(name)
        try:
            with h5py.File(path, "r") as file:
                attributes = dict(file.attrs)
                if attributes.get("schema_version", 0) > SCHEMA_VERSION:
                    raise StoreError(f"{path.name}: was written by a newer giantstep; upgrade to read it.")
                layout = json.loads(attributes["layout"])
                values = {key: _values(file[key]) for key in layout}
                spec, promised = str(attributes["spec"]), attributes["data_hash"]
        except FileNotFoundError:
            raise StoreError(f"{path.name}: is not there; run the study to compute it.") from None
        # A flipped bit can turn a dataset into a group, or a name into bytes: h5py then raises anything.
        except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(f"{path.name}: cannot be read ({error}); delete it and run again.") from None
        if spec_hash(spec) != name:
            raise StoreError(f"{path.name}: holds another point than its name says; delete it and run again.")
        if data_hash(values) != promised:
            raise StoreError(f"{path.name}: its data were changed after writing; delete it and run again.")
        return Stored({key: (tuple(layout[key]), values[key]) for key in layout}, attributes)

    def note(self, name: str, record: dict[str, Any]) -> None:
        """Commit how a point was computed, or why it failed."""
        text = json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n"
        commit(self.record_path(name), lambda path: path.write_text(text, encoding="utf-8"))

    def record(self, name: str) -> dict[str, Any]:
        """Return how a point was computed; empty when nobody noted it."""
        try:
            found: dict[str, Any] = json.loads(self.record_path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found


def commit(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file so that it is there whole or not at all, whatever interrupts.

    Temporary name, fsync, atomic rename, fsync of the folder.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def data_hash(values: dict[str, Any]) -> str:
    """Return the SHA-256 over names, types, shapes and bits of arrays; texts count as texts."""
    digest = hashlib.sha256()
    for name in sorted(values):
        array = np.asarray(values[name])
        if array.dtype.kind in "OUST":
            digest.update(f"{name} text {array.shape} {json.dumps([str(x) for x in array.ravel()])}".encode())
        else:
            little = array.astype(array.dtype.newbyteorder("<"))
            digest.update(f"{name} {little.dtype.str} {array.shape} ".encode() + little.tobytes())
    return digest.hexdigest()


def _values(item: Any) -> Any:
    import h5py

    return item.asstr()[...] if h5py.check_string_dtype(item.dtype) else item[...]


def _sync_folder(folder: Path) -> None:
    # Windows has no handle of a folder to synchronise.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
