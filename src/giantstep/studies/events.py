"""What a run tells while it goes on, and when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from giantstep.studies.study import Point


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a run, for progress displays.

    Attributes
    ----------
    kind : {"start", "aside", "done", "failed", "stopping", "interrupted", "end"}
        ``aside``: a file that was not what it should be went to quarantine. ``stopping``: what is under way
        is finished, then the run ends.
    point : Point or None
        None for events of the whole run.
    finished, total : int
        Points finished so far (skipped ones included) and in all.
    message : str
        The reason of a failure.
    work_done, work_total : float
        Estimated seconds of work behind and in all.
    seconds, computed : float, int
        Since the start, and points finished since then.
    """

    kind: str
    point: Point | None
    finished: int
    total: int
    message: str = ""
    work_done: float = 0.0
    work_total: float = 0.0
    seconds: float = 0.0
    computed: int = 0

    @property
    def rate(self) -> float:
        """Points a second."""
        return self.computed / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Expected time to the end, by the work behind; None before there is any."""
        if not self.work_done:
            return None
        return self.seconds * max(self.work_total - self.work_done, 0.0) / self.work_done


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
        Whether Ctrl-C or SIGTERM ended it; points already written are safe, running it again continues.
    seconds : float
    stopped : str
        Why it ended before its last point otherwise: a full disk, a spent budget.
    diverged : int
        Points of the study, computed now or before, whose weights left the finite numbers; they are results.
    """

    folder: Path
    done: int
    skipped: int
    failures: tuple[tuple[Point, str], ...]
    interrupted: bool
    seconds: float
    stopped: str = ""
    diverged: int = 0
