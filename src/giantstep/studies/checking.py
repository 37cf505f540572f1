"""Look after a results folder: what stands in it, what is broken, and setting that aside."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from giantstep.errors import StoreError, WriteError
from giantstep.studies.collecting import open_folder
from giantstep.studies.index import Index
from giantstep.studies.store import State, Store
from giantstep.studies.tasks import FAILED

QUARANTINE = "quarantine"
LEFTOVER, STRAY = "leftover", "stray"
_POINT = re.compile(r"([0-9a-f]{64})\.nc")
_RECORD = re.compile(r"[0-9a-f]{64}\.run\.json")
_TEMPORARY = re.compile(r"\..*\.tmp")
_OLD_SECONDS = 3600.0
"""A temporary file younger than this may belong to a process that is writing it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One file that is not as it should be.

    Attributes
    ----------
    file : Path
    state : str
        ``damaged``, ``foreign``, ``newer``, ``leftover`` (of an interrupted write) or ``stray``.
    reason : str
        In words, with the remedy.
    point : str
        What the study calls it; empty for what is none of its points.
    moved : Path or None
        Where `repair` put it.
    """

    file: Path
    state: str
    reason: str
    point: str = ""
    moved: Path | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What a folder holds of its study.

    Attributes
    ----------
    points, done, failed : int
        Points of the study; those whose file is sound to the last bit; those that failed when last tried.
    others : int
        Sound points that this study does not name (an earlier version of it did).
    findings : tuple of Finding
    """

    points: int
    done: int
    failed: int
    others: int
    findings: tuple[Finding, ...]


def check(folder: str | Path) -> Health:
    """Read every file of a results folder to the last bit and return what is wrong with it.

    Parameters
    ----------
    folder : path
        Results folder of `run`.

    Returns
    -------
    Health

    Raises
    ------
    StoreError
        When the folder holds no study.
    """
    study, store = open_folder(folder), Store(Path(folder))
    titles = {point.hash: point.title for point in study.points}
    index = Index(store)
    findings: list[Finding] = []
    done = others = 0
    for path in sorted(_files(store)):
        match = _POINT.fullmatch(path.name)
        if match is None:
            finding = _odd(path)
            findings += [finding] if finding else []
            continue
        state, reason = index.state(match[1])
        if state is not State.DONE:
            findings.append(Finding(path, str(state), reason, titles.get(match[1], "")))
        elif match[1] in titles:
            done += 1
        else:
            others += 1
    index.changed = True
    index.save()
    broken = {finding.file.stem for finding in findings}
    failed = sum(
        store.record(name).get("status") == FAILED
        for name in titles
        if name not in index.sound and name not in broken
    )
    return Health(len(titles), done, failed, others, tuple(findings))


def repair(folder: str | Path) -> Health:
    """Move what is damaged, foreign or left over into ``quarantine/``; nothing is deleted.

    Points so set aside are computed by the next run. Files of a newer giantstep, and temporary files younger
    than an hour, stay where they are.

    Parameters
    ----------
    folder : path
        Results folder of `run`.

    Returns
    -------
    Health
        Its findings say where each file was moved.

    Raises
    ------
    StoreError
        When the folder holds no study, or a file cannot be moved.
    """
    health = check(folder)
    found = []
    for finding in health.findings:
        if finding.state in (State.DAMAGED, State.FOREIGN, LEFTOVER):
            moved = set_aside(Store(Path(folder)), finding.file)
            found.append(Finding(finding.file, finding.state, finding.reason, finding.point, moved))
        else:
            found.append(finding)
    return Health(health.points, health.done, health.failed, health.others, tuple(found))


def set_aside(store: Store, path: Path) -> Path:
    """Move a file into the folder's ``quarantine``, under a name of its own, and return where it is.

    Raises
    ------
    WriteError
        When it cannot be moved.
    """
    place = store.folder / QUARANTINE
    try:
        place.mkdir(exist_ok=True)
        number = 0
        while (goal := place / f"{path.name}.{number}").exists():
            number += 1
        os.replace(path, goal)
    except OSError as error:
        raise WriteError(f"{path}: cannot be set aside ({error.strerror}); see to the folder.") from None
    return goal


def listing(folder: str | Path) -> list[dict[str, Any]]:
    """Return one row a point of the study: labels, state and file.

    Parameters
    ----------
    folder : path
        Results folder of `run`.

    Returns
    -------
    list of dict
        ``sweep``, ``kind``, ``labels``, ``state`` (done, failed, missing, damaged, foreign, newer),
        ``message``, ``hash``, ``bytes``.
    """
    study, store = open_folder(folder), Store(Path(folder))
    index = Index.open(store)
    present = {path.name: path for path in _files(store)}
    rows = []
    for point in study.points:
        state, message, size = str(State.MISSING), "", 0
        path = present.get(f"{point.hash}.nc")
        if path is not None:
            size = path.lstat().st_size
            state, message = (State.DONE, "") if store.is_done(point.hash) else index.state(point.hash)
        elif f"{point.hash}.run.json" in present:
            record = store.record(point.hash)
            state = FAILED if record.get("status") == FAILED else state
            message = str(record.get("message", ""))
        rows.append(
            {
                "sweep": point.sweep,
                "kind": point.kind,
                "labels": point.labels,
                "state": str(state),
                "message": message,
                "hash": point.hash,
                "bytes": size,
            }
        )
    return rows


def _files(store: Store) -> list[Path]:
    try:
        return list((store.folder / "points").iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{store.folder}: cannot be read ({error.strerror}).") from None


def _odd(path: Path) -> Finding | None:
    if _RECORD.fullmatch(path.name):
        return None
    if not _TEMPORARY.fullmatch(path.name):
        return Finding(path, STRAY, f"{path.name}: is none of this folder's files; move it away")
    try:
        # A clock may have been set back: a file of tomorrow is as little being written as one of yesterday.
        age = abs(time.time() - path.stat().st_mtime)
    except FileNotFoundError:
        return None
    if age < _OLD_SECONDS:
        return Finding(path, STRAY, f"{path.name}: is being written, or its writer died within the hour")
    return Finding(path, LEFTOVER, f"{path.name}: was left by a process that died while writing it")
