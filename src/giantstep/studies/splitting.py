"""One point too big for one worker: the chunks of its steps, shared over the executor, with the same bits.

The point's own program runs here; where a step sums over chunks, workers run the same program up to that sum
and compute a range of its chunks. Sums before it come from a file, and chunks are added here in the order of
their index, so nothing depends on who computed what. Sums, also unfinished ones with the number of chunks in
them, lie in ``parts/`` until the point is done.
"""

from __future__ import annotations

import io
import json
import shutil
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import StoreError, WriteError
from giantstep.studies.canonical import canonical, spec_hash
from giantstep.studies.kinds import KINDS
from giantstep.studies.store import commit
from giantstep.studies.tasks import perform
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

PIECE_SECONDS, PIECE_BYTES = 2.0, 2**26
"""A piece is about as long, and its results at most as large."""
SAVE_SECONDS = 30.0
"""At most so much of a sum is lost to a sudden death."""


class Stopped(Exception):
    """The run is to stop; pieces that are finished stay for the next one."""


class _Trouble(BaseException):
    """Carries what is wrong with the workers, not with the point, past those who would make a row of it."""

    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


class _Found(BaseException):
    """Carries the chunks of a piece out of the program that stops there."""

    def __init__(self, results: list[tuple[Any, ...]]) -> None:
        super().__init__()
        self.results = results


def perform_shared(
    task: str, folder: str, pool: Executor, slots: int, stopping: Callable[[], bool] = lambda: False
) -> str:
    """Compute one point like `tasks.perform`, its chunks shared by the workers of a pool.

    Raises
    ------
    Stopped
        When ``stopping()`` asks for it.
    WriteError, BrokenExecutor
        When the folder takes nothing more, or a worker died; what is finished stays for the next try.
    """
    share = _Share(task, folder, pool, slots, stopping)
    try:
        name = perform(task, folder, partial(_compute, share))
    except _Trouble as trouble:
        raise trouble.cause from None
    with suppress(OSError):
        shutil.rmtree(_parts(folder, name))
        _parts(folder, name).parent.rmdir()
    return name


def perform_piece(piece: str, folder: str) -> str:
    """Compute a range of the chunks of one sum of a point, commit them, and return the piece's hash.

    >>> json.loads(canonical({"point": "..", "sum": 0, "first": 64, "last": 128}))["last"]
    128
    """
    name, words = spec_hash(piece), json.loads(piece)
    parts = _parts(folder, spec_hash(words["point"]))
    if _load(parts / name) is not None:
        return name
    calls = iter(range(10**9))

    def chunk_map(function: Callable[[Any], Any], items: Iterable[Any], threads: int) -> Iterator[Any]:
        number = next(calls)
        if number == words["sum"]:
            raise _Found([function(item) for item in islice(items, words["first"], words["last"])])
        yield _expected(parts / _sum(number))[0][1:]

    spec = json.loads(words["point"])
    try:
        with one_blas_thread():
            KINDS[spec["kind"]].compute(spec, chunk_map=chunk_map)
    except _Found as found:
        _save(parts / name, found.results)
    return name


@dataclass(slots=True)
class _Share:
    """The `ChunkMap` of the program that runs here."""

    task: str
    folder: str
    pool: Executor
    slots: int
    stopping: Callable[[], bool]
    calls: int = 0

    def __call__(self, function: Callable[[Any], Any], items: Iterable[Any], threads: int) -> Iterator[Any]:
        number, self.calls = self.calls, self.calls + 1
        path, items = _parts(self.folder, spec_hash(self.task)) / _sum(number), list(items)
        done, *total = (_load(path) or [(0,)])[0]
        if done:
            yield tuple(total)
        saved = time.monotonic()
        try:
            for result in self._results(number, function, items, done):
                total, done = _added(total, result), done + 1
                yield result
                if time.monotonic() - saved > SAVE_SECONDS:
                    _save(path, [(done, *total)])
                    saved = time.monotonic()
        except BaseException:
            with suppress(StoreError):
                _save(path, [(done, *total)])
            raise
        _save(path, [(done, *total)])

    def _results(
        self, number: int, function: Callable[[Any], Any], items: list[Any], done: int
    ) -> Iterator[Any]:
        """Yield the chunks that are left; the first one, computed here, says how large pieces should be."""
        if done == len(items):
            return
        began = time.perf_counter()
        result = function(items[done])
        seconds = max(time.perf_counter() - began, 1e-6)
        size = sum(np.asarray(part).nbytes for part in result)
        yield result
        left = len(items) - done - 1
        length = max(1, int(min(PIECE_SECONDS / seconds, PIECE_BYTES / size, left / self.slots)))
        starts = deque(range(done + 1, len(items), length))
        waiting: deque[tuple[Future[str], Path]] = deque()
        try:
            while starts or waiting:
                if self.stopping():
                    raise _Trouble(Stopped())
                while starts and len(waiting) < 2 * self.slots:
                    first = starts.popleft()
                    waiting.append(self._submit(number, first, min(first + length, len(items))))
                future, path = waiting.popleft()
                try:
                    future.result()
                except (BrokenExecutor, CancelledError, WriteError) as error:
                    raise _Trouble(error) from None
                yield from _expected(path)
                path.unlink(missing_ok=True)
        finally:
            for future, _ in waiting:
                future.cancel()

    def _submit(self, number: int, first: int, last: int) -> tuple[Future[str], Path]:
        piece = canonical({"point": self.task, "sum": number, "first": first, "last": last})
        path = _parts(self.folder, spec_hash(self.task)) / spec_hash(piece)
        return self.pool.submit(perform_piece, piece, self.folder), path


def _compute(share: _Share, task: str) -> xr.Dataset:
    spec = json.loads(task)
    return KINDS[spec["kind"]].compute(spec, chunk_map=share)


def _expected(path: Path) -> list[tuple[Any, ...]]:
    found = _load(path)
    if found is None:
        raise StoreError(f"{path}: is not there; workers must see the results folder under the same path.")
    return found


def _parts(folder: str, name: str) -> Path:
    return Path(folder) / "parts" / name


def _sum(number: int) -> str:
    return f"sum-{number}"


def _added(total: list[Any], result: tuple[Any, ...]) -> list[Any]:
    """Add in float64, in order, as the engines do from zero."""
    with np.errstate(over="ignore", invalid="ignore"):
        if not total:
            total = [0 if isinstance(part, int) else np.zeros(np.shape(part))[()] for part in result]
        return [whole + part for whole, part in zip(total, result, strict=True)]


def _save(path: Path, results: list[tuple[Any, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [np.stack([np.asarray(value) for value in column]) for column in zip(*results, strict=True)]
    memory = io.BytesIO()
    np.savez(memory, *columns)
    commit(path, lambda temporary: temporary.write_bytes(memory.getvalue()))


def _load(path: Path) -> list[tuple[Any, ...]] | None:
    """Return the results of a file; None where there is none, or its checksums do not fit."""
    try:
        with np.load(path, allow_pickle=False) as file:
            columns = [file[f"arr_{place}"] for place in range(len(file.files))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return [tuple(v.item() if v.ndim == 0 else v for v in row) for row in zip(*columns, strict=True)]
