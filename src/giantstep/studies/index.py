"""The index of a results folder: which files were read and found sound. A cache; delete it freely."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from giantstep.errors import StoreError
from giantstep.studies.store import PointError, State, Store, Stored, commit

INDEX_FILE = "index.json"
SCHEMA = 2

Stamp = tuple[int, int, int]


@dataclass(slots=True)
class Index:
    """What is known of the files of a store, without opening them.

    Attributes
    ----------
    store : Store
    sound : dict
        Point -> (size, modified, changed in nanoseconds) of the file that was read and found sound.
    diverged : set
        Those of them whose status says that the finite numbers were left.
    """

    store: Store
    sound: dict[str, Stamp] = field(default_factory=dict)
    diverged: set[str] = field(default_factory=set)
    changed: bool = False

    @classmethod
    def open(cls, store: Store) -> Index:
        """Return the index of a store; empty where there is none that can be read."""
        try:
            table = json.loads((store.folder / INDEX_FILE).read_text(encoding="utf-8"))
            sound = {str(name): (int(a), int(b), int(c)) for name, (a, b, c) in table["sound"].items()}
            diverged = {str(name) for name in table["diverged"]}
            return cls(store, sound, diverged) if table["schema"] == SCHEMA else cls(store)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            return cls(store)

    def state(self, name: str) -> tuple[State, str]:
        """Return how a point stands and why: from the index, else by reading its file to the last bit."""
        if self._known(name):
            return State.DONE, ""
        try:
            self.read(name)
        except PointError as error:
            return error.state, str(error)
        return State.DONE, ""

    def read(self, name: str) -> Stored:
        """Return a point as `Store.read` does, and remember that it was sound."""
        stamp = _stamp(self.store.path(name))
        try:
            stored = self.store.read(name)
        except PointError:
            self.changed |= self.sound.pop(name, None) is not None
            self.diverged.discard(name)
            raise
        if stamp is not None and self.sound.get(name) != stamp:
            self.sound[name], self.changed = stamp, True
            (self.diverged.add if stored.diverged else self.diverged.discard)(name)
        return stored

    def left(self, names: Iterable[str]) -> dict[str, tuple[State, str]]:
        """Return the points that are not done, each with its state and the reason."""
        states = {name: self.state(name) for name in names}
        self.save()
        return {name: found for name, found in states.items() if found[0] is not State.DONE}

    def save(self) -> None:
        """Keep the index for next time; where the folder cannot be written it is simply not kept."""
        if self.changed and self.store.folder.is_dir():
            text = json.dumps({"schema": SCHEMA, "sound": self.sound, "diverged": sorted(self.diverged)})
            with suppress(StoreError):
                commit(self.store.folder / INDEX_FILE, lambda path: path.write_text(text, encoding="utf-8"))
            self.changed = False

    def _known(self, name: str) -> bool:
        stamp = self.sound.get(name)
        return stamp is not None and stamp == _stamp(self.store.path(name))


def _stamp(path: Path) -> Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
