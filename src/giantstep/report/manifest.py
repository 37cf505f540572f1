"""The manifest: with what the numbers of a results folder were made."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from giantstep.studies.store import Store
from giantstep.studies.study import Study


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything needed to ask for the same bits again.

    Attributes
    ----------
    study_hash : str
        SHA-256 of the study file.
    results_hash : str
        SHA-256 over the spec hash and the hash of the data of every finished point, sorted.
    seeds : tuple of str
        Root seeds of the points that draw random numbers.
    fingerprints : tuple of str
        Of the random streams; equal ones promise equal bits on an equal BLAS kernel.
    made_with : tuple of (str, str)
        (what, which): versions, BLAS and its kernel, processor, commit. More than one where runs differ.
    finished : str
        When the last point ended.
    cpu_seconds : float
        All points together.
    failures : tuple of (str, str)
        Points that failed, with the reason.
    """

    study_hash: str
    results_hash: str
    seeds: tuple[str, ...]
    fingerprints: tuple[str, ...]
    made_with: tuple[tuple[str, str], ...]
    finished: str
    cpu_seconds: float
    failures: tuple[tuple[str, str], ...]


def manifest_of(study: Study, folder: Path) -> Manifest:
    """Return the manifest of a results folder; names of machines are left out."""
    store = Store(folder)
    data, records, failures = [], [], []
    fingerprints: dict[str, None] = {}
    seeds: dict[str, None] = {}
    for point in study.points:
        record = store.record(point.hash)
        if record.get("status") == "failed":
            failures.append((point.title, str(record.get("message", ""))))
        attributes = _attributes(store, point.hash)
        if attributes is None:
            continue
        records.append(record)
        data.append(f"{point.hash} {attributes.get('data_hash', '')}")
        fingerprints[str(attributes.get("fingerprint", ""))] = None
        seed = json.loads(point.task).get("seed")
        if seed is not None:
            seeds[str(seed)] = None
    return Manifest(
        hashlib.sha256(study.text.encode()).hexdigest(),
        hashlib.sha256("\n".join(sorted(data)).encode()).hexdigest(),
        tuple(seeds),
        tuple(filter(None, fingerprints)),
        _made_with(records),
        max((str(record.get("finished", "")) for record in records), default=""),
        sum(float(record.get("cpu_seconds", 0.0)) for record in records),
        tuple(failures),
    )


def _attributes(store: Store, name: str) -> dict[str, Any] | None:
    """Return a point's attributes without its data; None where it is not there."""
    import h5py

    try:
        with h5py.File(store.path(name), "r") as file:
            return dict(file.attrs)
    except (OSError, KeyError, RuntimeError):
        return None


def _made_with(records: Iterable[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    counts: dict[str, Counter[str]] = {}

    def note(what: str, which: Any) -> None:
        if which:
            counts.setdefault(what, Counter())[str(which)] += 1

    for record in records:
        note("giantstep", record.get("giantstep"))
        note("commit", record.get("commit"))
        note("Python", record.get("python"))
        for name, version in sorted(record.get("packages", {}).items()):
            note(name, version)
        for library in record.get("blas", ()):
            kernel = library.get("architecture") or "kernel unknown"
            note("BLAS", f"{library.get('internal_api')} {library.get('version')}, {kernel}")
        note("processor", record.get("processor"))
        note("platform", record.get("platform"))
    return tuple((what, ", ".join(found)) for what, found in counts.items())
