"""Run a study: what is not done yet, on this process or on several."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from giantstep.errors import StoreError
from giantstep.studies.costs import seconds_of
from giantstep.studies.store import Store, commit
from giantstep.studies.study import Point, Study
from giantstep.studies.tasks import FAILED, perform
from giantstep.threads import check_threads

STUDY_FILE = "study.toml"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a run, for progress displays.

    Attributes
    ----------
    kind : {"start", "done", "failed", "interrupted", "end"}
    point : Point or None
        None for events of the whole run.
    finished, total : int
        Points finished so far (skipped ones included) and in all.
    message : str
        The reason of a failure.
    work_done, work_total : float
        Estimated seconds of work behind and in all, for the time left.
    """

    kind: str
    point: Point | None
    finished: int
    total: int
    message: str = ""
    work_done: float = 0.0
    work_total: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; nothing raises for one bad point.

    Attributes
    ----------
    folder : Path
    done, skipped : int
        Points computed now, and found computed already.
    failures : tuple of (Point, str)
        Points that failed, each with its reason.
    interrupted : bool
        Whether Ctrl-C ended it; points already written are safe, running it again continues.
    seconds : float
    """

    folder: Path
    done: int
    skipped: int
    failures: tuple[tuple[Point, str], ...]
    interrupted: bool
    seconds: float


def run(
    study: Study,
    folder: str | Path,
    *,
    workers: int | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Outcome:
    """Compute every point of a study that the folder does not hold yet.

    Parameters
    ----------
    study : Study
        From `load`.
    folder : path
        Results folder, made where it is not there. The same study continues where it stopped.
    workers : int, optional
        Processes; all cores by default, 1 stays in this process. Files are byte-identical for any number.
    resume : bool
        Continue in a folder whose study.toml differs from this study (it is replaced, points are kept).
    on_event : callable, optional
        Told of progress.

    Raises
    ------
    SpecError
        For workers out of range.
    StoreError
        When the folder holds another study and ``resume`` is false, or cannot be written.
    """
    began = time.perf_counter()
    workers = check_threads(workers)
    store = Store(Path(folder))
    _claim(store, study, resume)
    waiting = [point for point in study.points if not store.is_done(point.hash)]
    progress = _Progress(study.points, waiting, store, on_event or (lambda event: None))
    # The longest first, so that no worker is left with a long one at the end.
    waiting.sort(key=lambda point: -seconds_of(point))
    progress.tell("start")
    try:
        if workers == 1 or len(waiting) < 2:
            for point in waiting:
                perform(point.task, str(store.folder))
                progress.finish(point)
        else:
            _share_out(deque(waiting), min(workers, len(waiting)), store, progress)
    except KeyboardInterrupt:
        progress.interrupted = True
        progress.tell("interrupted")
    progress.tell("end")
    return Outcome(
        store.folder,
        progress.done,
        len(study.points) - len(waiting),
        tuple(progress.failures),
        progress.interrupted,
        time.perf_counter() - began,
    )


class _Progress:
    """Counts what has finished and tells whoever listens."""

    def __init__(
        self,
        points: tuple[Point, ...],
        waiting: list[Point],
        store: Store,
        on_event: Callable[[Event], None],
    ) -> None:
        self.total, self.finished = len(points), len(points) - len(waiting)
        self.work_total, self.work_done = sum(map(seconds_of, waiting)), 0.0
        self.store, self.on_event = store, on_event
        self.done, self.failures, self.interrupted = 0, list[tuple[Point, str]](), False

    def tell(self, kind: str, point: Point | None = None, message: str = "") -> None:
        event = Event(kind, point, self.finished, self.total, message, self.work_done, self.work_total)
        self.on_event(event)

    def finish(self, point: Point, reason: str | None = None) -> None:
        """Count a point; without a reason from outside, its record says whether it failed."""
        if reason is None:
            record = self.store.record(point.hash)
            reason = str(record["message"]) if record.get("status") == FAILED else None
        self.finished += 1
        self.work_done += seconds_of(point)
        if reason is None:
            self.done += 1
            self.tell("done", point)
        else:
            self.failures.append((point, reason))
            self.tell("failed", point, reason)


def _claim(store: Store, study: Study, resume: bool) -> None:
    """Put the study's text into the folder, or refuse a folder that is another study's."""
    path = store.folder / STUDY_FILE
    if path.exists() and not resume and path.read_text(encoding="utf-8") != study.text:
        raise StoreError(
            f"{store.folder}: holds the results of another study; choose another folder, "
            "or continue there with resume (--resume)."
        )
    store.prepare()
    try:
        commit(path, lambda temporary: temporary.write_text(study.text, encoding="utf-8"))
    except OSError as error:
        raise StoreError(f"{store.folder}: cannot be written ({error.strerror}).") from None


def _share_out(waiting: deque[Point], workers: int, store: Store, progress: _Progress) -> None:
    """Work through the points on processes; a pool whose worker dies is replaced.

    Few tasks are in flight, so that an interrupt has few to wait for.
    """
    while waiting:
        running: dict[Future[str], Point] = {}
        with _pool(workers) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < workers + 2:
                        point = waiting.popleft()
                        running[pool.submit(perform, point.task, str(store.folder))] = point
                    finished, _ = wait(running, return_when=FIRST_COMPLETED)
                    broken = _take(finished, running, progress)
                    if broken:
                        for point in running.values():
                            progress.finish(point, "a worker process died while this point was in flight")
                        break
            except KeyboardInterrupt:
                progress.interrupted = True
                for future in running:
                    future.cancel()
                # Those under way finish writing; a second interrupt ends the wait.
                _take({f for f in wait(running)[0] if not f.cancelled()}, running, progress)
                raise


def _take(finished: set[Future[str]], running: dict[Future[str], Point], progress: _Progress) -> bool:
    """Count finished futures; return whether the pool broke."""
    broken = False
    for future in finished:
        point = running.pop(future)
        error = future.exception()
        broken |= isinstance(error, BrokenProcessPool)
        if error is None:
            progress.finish(point)
        elif isinstance(error, BrokenProcessPool):
            progress.finish(point, "a worker process died while this point was in flight")
        else:
            progress.finish(point, " ".join(f"{type(error).__name__}: {error}".split()))
    return broken


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    # spawn: a forked child would inherit the threads' locks of BLAS and HDF5.
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_ignore_interrupts
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    """A terminal sends Ctrl-C to the whole group; only the parent acts on it, workers finish writing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
