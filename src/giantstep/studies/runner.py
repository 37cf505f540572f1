"""Run a study: what is not done yet, on this process, on several, or on a cluster."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from giantstep.errors import GiantStepError, SpecError, StoreError, WriteError
from giantstep.studies.checking import set_aside
from giantstep.studies.costs import cost_of, seconds_of
from giantstep.studies.events import Event, Outcome
from giantstep.studies.executors import Crew, crew
from giantstep.studies.index import Index
from giantstep.studies.interrupts import Interrupts
from giantstep.studies.kinds import KINDS
from giantstep.studies.splitting import Stopped, perform_shared
from giantstep.studies.store import State, Store, commit, why
from giantstep.studies.study import Point, Study
from giantstep.studies.tasks import FAILED, give_up, perform

STUDY_FILE = "study.toml"
SPLIT_SECONDS = 60.0
"""Points shorter than this are never shared by several workers."""
_TRIES = 3
_DIED = "a worker process died while computing it; it may need more memory than there is"
_UNSEEN = "the worker wrote nothing here; workers must see the results folder under the same path"


def run(
    study: Study,
    folder: str | Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    executor: Any = None,
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
    scheduler : str, optional
        Address of a Dask scheduler whose workers see the folder under the same path.
    executor : concurrent.futures.Executor, distributed.Client or a Dask cluster, optional
        Workers of your own; ``workers`` then says how many points they take at once. It is not shut down.
    resume : bool
        Continue in a folder whose study.toml asks for other points (it is replaced, points are kept).
    on_event : callable, optional
        Told of progress.

    Raises
    ------
    SpecError
        For what is no study, and workers out of range.
    CapabilityError
        When a scheduler is not there.
    StoreError
        When the folder holds another study and ``resume`` is false, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from giantstep.studies import Study
    >>> study = Study.parse('[[sweep]]\\nkind = "certificate"\\nproduct.target = ["z1", "z1*z2"]')
    >>> run(study, tempfile.mkdtemp(), workers=1).done
    2
    """
    if not isinstance(study, Study):
        raise SpecError(f"study: found {study!r}, expected a Study; read one with giantstep.studies.load.")
    team = crew(workers, scheduler, executor)
    try:
        return _run(study, Path(folder), team, resume, on_event or (lambda event: None))
    finally:
        team.close()


def _run(study: Study, folder: Path, team: Crew, resume: bool, on_event: Callable[[Event], None]) -> Outcome:
    began = time.perf_counter()
    try:
        store = Store(folder.resolve())
    except (OSError, RuntimeError) as error:
        raise StoreError(f"{folder}: cannot be found ({why(error)}); choose another folder.") from None
    _claim(store, study, resume)
    index = Index.open(store)
    left = index.left(point.hash for point in study.points)
    waiting = [point for point in study.points if point.hash in left]
    progress = _Progress(study, waiting, store, index, on_event, began)
    progress.tell("start")
    waiting = [point for point in waiting if _make_room(point, *left[point.hash], progress)]
    # The longest first, so that no worker is left with a long one at the end.
    waiting.sort(key=lambda point: -seconds_of(point))
    try:
        with Interrupts(lambda: progress.tell("stopping")) as signals:
            progress.signals = signals
            _share_out(deque(waiting), team, progress)
        progress.interrupted = signals.asked
    except KeyboardInterrupt:
        progress.interrupted = True
    if progress.interrupted:
        progress.tell("interrupted")
    index.save()
    progress.tell("end", message=progress.stopped)
    return Outcome(
        folder,
        progress.done,
        len(study.points) - len(left),
        tuple(progress.failures),
        progress.interrupted,
        time.perf_counter() - began,
        progress.stopped,
        sum(point.hash in index.diverged for point in study.points),
    )


@dataclass(slots=True)
class _Progress:
    """Counts what has finished, tells whoever listens, and knows when to stop."""

    study: Study
    waiting: list[Point]
    store: Store
    index: Index
    on_event: Callable[[Event], None]
    began: float
    finished: int = 0
    work_total: float = 0.0
    work_done: float = 0.0
    done: int = 0
    failures: list[tuple[Point, str]] = field(default_factory=list)
    interrupted: bool = False
    stopped: str = ""
    signals: Interrupts = field(default_factory=Interrupts)

    def __post_init__(self) -> None:
        self.finished = len(self.study.points) - len(self.waiting)
        self.work_total = sum(map(seconds_of, self.waiting))

    @property
    def stopping(self) -> bool:
        """Whether nothing more is to be begun."""
        budget, spent = self.study.budget.seconds, time.perf_counter() - self.began
        if budget is not None and spent > budget and not self.stopped:
            self.stopped = (
                f"the budget of {budget:g} s is spent. What is finished is kept, the same command goes on."
            )
        return self.signals.asked or bool(self.stopped)

    def tell(self, kind: str, point: Point | None = None, message: str = "") -> None:
        total, seconds = len(self.study.points), time.perf_counter() - self.began
        computed = self.done + len(self.failures)
        work = (self.work_done, self.work_total)
        self.on_event(Event(kind, point, self.finished, total, message, *work, seconds, computed))

    def give_up(self, point: Point, reason: str) -> None:
        """Count a point that no worker could compute, and leave the reason in the folder."""
        give_up(self.store, point.hash, reason)
        self.finish(point, reason)

    def finish(self, point: Point, reason: str | None = None) -> None:
        """Count a point; without a reason from outside, the folder says whether it failed."""
        if reason is None and self.index.state(point.hash)[0] is not State.DONE:
            record = self.store.record(point.hash)
            reason = str(record["message"]) if record.get("status") == FAILED else _UNSEEN
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
    text = _text_of(path)
    if text is not None and not resume and not _same_points(text, study):
        raise StoreError(
            f"{store.folder}: holds the results of another study; choose another folder, "
            "or continue there with resume (--resume)."
        )
    if text == study.text and (store.folder / "points").is_dir():
        return
    store.prepare()
    commit(path, lambda temporary: temporary.write_text(study.text, encoding="utf-8"))


def _text_of(path: Path) -> str | None:
    """Return the study that a folder was begun with; None where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        return ""
    except OSError as error:
        raise StoreError(f"{path}: cannot be read ({why(error)}); choose another folder.") from None


def _same_points(text: str, study: Study) -> bool:
    """Whether an earlier text of a study asks for the same points: its title or budget may have changed."""
    if text == study.text:
        return True
    try:
        earlier = Study.parse(text)
    except GiantStepError:
        return False
    return {point.hash for point in earlier.points} == {point.hash for point in study.points}


def _make_room(point: Point, state: State, reason: str, progress: _Progress) -> bool:
    """Return whether a point can be computed; what stands in its place is set aside, never overwritten."""
    memory, budget = cost_of(point).memory, progress.study.budget.memory
    if state is State.NEWER:
        progress.finish(point, reason)
    elif budget is not None and memory > budget:
        need = f"{memory / 2**20:.0f} MiB, more than the budget of {budget / 2**20:.0f} MiB"
        progress.give_up(point, f"needs about {need}")
    else:
        if state is not State.MISSING:
            set_aside(progress.store, progress.store.path(point.hash))
            progress.tell("aside", point, reason)
        return True
    return False


def _share_out(waiting: deque[Point], team: Crew, progress: _Progress) -> None:
    """Work through the points; a pool whose worker dies is replaced, and its points are tried alone."""
    while waiting and _too_big(waiting[0], team, progress) and not progress.stopping:
        _share_chunks(waiting.popleft(), team, progress)
    suspects: deque[Point] = deque()
    while (waiting or suspects) and not progress.stopping:
        if suspects and team.alone is not None:
            # One at a time: whoever is under way when the worker dies is the one.
            for point in _work(suspects, team.alone(), progress):
                progress.give_up(point, _DIED)
            continue
        lost = _work(waiting, team, progress)
        if team.alone is not None:
            suspects.extend(lost)
        elif lost:
            for point in [*lost, *waiting]:
                progress.give_up(point, _DIED)
            return


def _too_big(point: Point, team: Crew, progress: _Progress) -> bool:
    """Whether a point would keep one worker busy long after the others have nothing left to do."""
    seconds, slots = seconds_of(point), team.slots()
    return (
        KINDS[point.kind].splits and slots > 1 and seconds > max(SPLIT_SECONDS, progress.work_total / slots)
    )


def _share_chunks(point: Point, team: Crew, progress: _Progress) -> None:
    """Compute one point with all workers; where one dies the pieces that are finished stay."""
    for _ in range(_TRIES):
        try:
            with team.open() as pool:
                folder, slots = str(progress.store.folder), team.slots()
                perform_shared(point.task, folder, pool, slots, lambda: progress.stopping)
            progress.finish(point)
        except BrokenExecutor:
            continue
        except Stopped:
            pass
        except WriteError as error:
            progress.stopped = str(error)
            progress.finish(point, progress.stopped)
        except CancelledError:
            progress.finish(point, "the executor lost it; its scheduler may be gone")
        return
    progress.give_up(point, _DIED)


def _work(waiting: deque[Point], team: Crew, progress: _Progress) -> list[Point]:
    """Hand out points until none is left or the pool breaks; return those that were under way then."""
    running: dict[Future[str], Point] = {}
    with team.open() as pool:
        while waiting or running:
            if progress.stopping:
                for future in running:
                    future.cancel()
                waiting.clear()
            while waiting and _room(waiting[0], running, team, progress):
                if (lost := _submit(pool, waiting.popleft(), running, progress)) is not None:
                    return lost
                if progress.stopping:
                    break
            if running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                if lost := _take(finished, running, progress):
                    return lost
    return []


def _submit(
    pool: Executor, point: Point, running: dict[Future[str], Point], progress: _Progress
) -> list[Point] | None:
    """Begin a point; return what was under way if the pool turns out to be broken."""
    try:
        running[pool.submit(perform, point.task, str(progress.store.folder))] = point
    except BrokenExecutor:
        return [*running.values(), point]
    return None


def _room(point: Point, running: dict[Future[str], Point], team: Crew, progress: _Progress) -> bool:
    """Whether a point may begin: a worker will soon be free, and the memory of all fits the budget."""
    if len(running) >= team.slots() + team.ahead:
        return False
    budget = progress.study.budget.memory
    if budget is None or not running:
        return True
    return sum(cost_of(other).memory for other in [*running.values(), point]) <= budget


def _take(finished: set[Future[str]], running: dict[Future[str], Point], progress: _Progress) -> list[Point]:
    """Count finished futures; return the points under way when the pool broke."""
    lost: list[Point] = []
    for future in finished:
        point = running.pop(future)
        if future.cancelled():
            if not progress.stopping:
                progress.finish(point, "the executor cancelled it; its scheduler may be gone")
            continue
        error = future.exception()
        if isinstance(error, WriteError):
            progress.stopped = str(error)
        if isinstance(error, BrokenExecutor):
            lost.append(point)
        elif isinstance(error, CancelledError):
            progress.finish(point, "the executor lost it; its scheduler may be gone")
        elif error is None:
            progress.finish(point)
        else:
            reason = " ".join(str(error).split()) or type(error).__name__
            count = progress.finish if isinstance(error, WriteError) else progress.give_up
            count(point, reason)
    return lost + list(running.values()) if lost else []
