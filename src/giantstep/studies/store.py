"""One immutable file a point and replicate; a rename is the commit."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import StoreError, WriteError
from giantstep.studies.canonical import SCHEMA_VERSION, spec_hash
from giantstep.studies.netcdf import netcdf_image, read_netcdf
from giantstep.studies.seal import contents, read_contents, sealed, unseal

if TYPE_CHECKING:
    import xarray as xr


class State(StrEnum):
    """How a point's file stands."""

    DONE = "done"
    MISSING = "missing"
    DAMAGED = "damaged"
    """Truncated, empty, or not the bits that were written."""
    FOREIGN = "foreign"
    """A sound file, but of another point or another program."""
    NEWER = "newer"
    """Written by a newer giantstep; never touched."""


class PointError(StoreError):
    """A point's file is not what its name promises; ``state`` says how."""

    def __init__(self, state: State, message: str) -> None:
        super().__init__(message)
        self.state = state


_UNREADABLE = (
    OSError,
    KeyError,
    RuntimeError,
    ValueError,
    TypeError,
    MemoryError,
    OverflowError,
    AttributeError,
)
"""What HDF5 raises over bits that are not its own."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a point's file holds: arrays with the names of their dimensions, and attributes."""

    variables: dict[str, tuple[tuple[str, ...], Any]]
    attributes: dict[str, Any]

    @property
    def diverged(self) -> bool:
        """Whether a status, attribute or variable, says that the finite numbers were left."""
        _, statuses = self.variables.get("status", ((), ()))
        return NONFINITE in (self.attributes.get("status"), *map(str, np.ravel(statuses)))


NONFINITE = "nonfinite"
_AGAIN = "run the study again: it is set aside and computed anew"


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
        """Return whether a point's file is there, of this point, and sound to the last bit."""
        try:
            content = self.path(name).read_bytes()
        except OSError:
            return False
        if (end := unseal(content)) is not None:
            return end.name == name
        try:
            self.read(name)
        except PointError:
            return False
        return True

    def write(self, name: str, task: str, dataset: xr.Dataset, fingerprint: str) -> None:
        """Commit a point: its Dataset with spec, schema version, fingerprint and a hash of the data.

        Raises
        ------
        WriteError
            When the disk does not take it; earlier results are intact.
        """
        variables = {str(key): (tuple(map(str, v.dims)), v.values) for key, v in dataset.variables.items()}
        attributes: dict[str, Any] = {
            **{str(key): value for key, value in dataset.attrs.items()},
            "schema_version": SCHEMA_VERSION,
            "spec": task,
            "hash": name,
            "fingerprint": fingerprint,
            "layout": json.dumps({key: dims for key, (dims, _) in variables.items()}, sort_keys=True),
            "data_hash": data_hash({key: values for key, (_, values) in variables.items()}),
            "sealed": 1,
        }
        image, offsets = netcdf_image(variables, attributes)
        content = sealed(image, name, contents(variables, attributes, offsets))
        commit(self.path(name), lambda path: path.write_bytes(content))

    def read(self, name: str) -> Stored:
        """Return a point, checked to the last bit.

        Raises
        ------
        PointError
            When the file is missing, damaged, of another point or written by a newer version.
        """
        path, content = self.path(name), None

        def broken(state: State, what: str, remedy: str = _AGAIN) -> PointError:
            return PointError(state, f"{path.name}: {what}; {remedy}.")

        try:
            content = path.read_bytes()
            if (end := unseal(content)) is not None:
                if not end.name:
                    raise broken(State.DAMAGED, "its data were changed after writing")
                if end.name != name:
                    raise broken(State.FOREIGN, "holds another point than its name says")
                return Stored(*read_contents(content, end.table))
            values, attributes = read_netcdf(content)
            version = int(attributes.get("schema_version", 0))
            if version > SCHEMA_VERSION:
                raise broken(State.NEWER, "was written by a newer giantstep", "upgrade to read it")
            if version < 1 or not {"spec", "layout", "data_hash"} <= set(attributes):
                raise broken(State.FOREIGN, "cannot be read: it is not a file of giantstep")
            layout = {key: tuple(dims) for key, dims in json.loads(attributes["layout"]).items()}
            if spec_hash(str(attributes["spec"])) != name:
                raise broken(State.FOREIGN, "holds another point than its name says")
            if "sealed" in attributes:
                raise broken(State.DAMAGED, "cannot be read (its end is missing)")
            # The first files of all have no end; they vouch for their data only.
            if data_hash(values) != attributes["data_hash"]:
                raise broken(State.DAMAGED, "its data were changed after writing")
        except PointError:
            raise
        except FileNotFoundError:
            raise broken(State.MISSING, "is not there", "run the study to compute it") from None
        except _UNREADABLE as error:
            reason = why(error) if content is None or content else "it is empty"
            raise broken(State.DAMAGED, f"cannot be read ({reason})") from None
        return Stored({key: (layout[key], values[key]) for key in layout}, attributes)

    def note(self, name: str, record: dict[str, Any]) -> None:
        """Commit how a point was computed, or why it failed."""
        text = json.dumps(record, indent=1, sort_keys=True, allow_nan=False) + "\n"
        commit(self.record_path(name), lambda path: path.write_text(text, encoding="utf-8"))

    def record(self, name: str) -> dict[str, Any]:
        """Return how a point was computed; empty when nobody noted it, or not in the words of `note`."""
        try:
            found = json.loads(self.record_path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        known = isinstance(found, dict) and all(
            isinstance(found.get(key), str) for key in ("status", "message")
        )
        return found if known else {}


def commit(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file so that it is there whole or not at all, whatever interrupts.

    Temporary name, fsync, atomic rename, fsync of the folder.

    Raises
    ------
    WriteError
        When the disk does not take it; what stood at the path stands there still.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "see to the folder"
        raise WriteError(
            f"{path.parent}: cannot be written ({reason}); {remedy} and run the same command again. "
            "What is finished is kept."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def why(error: Exception) -> str:
    """Return in one line, without the path, why something cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    return getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__


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


def _sync_folder(folder: Path) -> None:
    # Windows has no handle of a folder to synchronise.
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
