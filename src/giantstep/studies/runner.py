"""Run a study: what is not done yet, on this process or on several."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from giantstep.studies.study import Point, Study


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
    raise NotImplementedError
