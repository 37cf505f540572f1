"""One verdict for a whole figure: does the simulation in it follow the theory in it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.comparison import LARGEST_RMS_Z
from giantstep.significance import plain
from giantstep.studies.judging import verdicts
from giantstep.studies.reports import home, summary_of
from giantstep.verdict import AGREES, DISAGREES, NOT_RESOLVED

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a figure says about theory and simulation.

    Attributes
    ----------
    verdict : {"agrees", "disagrees", "not resolved"}
    reason : str
        One sentence with the numbers it stands on.
    rms_z : float or None
        Root mean square of its z-scores, where it has some.
    entries : int
        How many comparisons it stands on.
    """

    verdict: str
    reason: str
    rms_z: float | None = None
    entries: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return asdict(self) | {"rms_z": plain(self.rms_z)}


def judge(folder: str | Path, kind: str | None, summary: xr.Dataset | None = None) -> Judgement:
    """Return the verdict on a results folder's figure of a kind.

    A kind with a summary of its own is judged by the ``judge(dataset)`` of its file, from ``summary`` where
    that is at hand; the stairway by its rows of verdicts.
    """
    own = of_summary(kind, summary_of(folder, kind) if summary is None else summary)
    return of_verdicts(row["verdict"] for row in verdicts(folder)["rows"]) if own is None else own


def of_summary(kind: str | None, summary: xr.Dataset | None) -> Judgement | None:
    """Return the verdict on a figure whose kind has a summary, from that summary; None for the others.

    The others say it row by row, in `giantstep.studies.verdicts`.
    """
    if summary is None:
        return None
    found: Judgement = home(kind).judge(summary)
    return found


def of_verdicts(found: Iterable[str], noun: str = "settings") -> Judgement:
    """Return the verdict on many: one disagreement is enough to disagree, one doubt to doubt.

    >>> of_verdicts(["agrees", "agrees", "not resolved"])
    Judgement(verdict='not resolved', reason='2 of 3 settings agree, 1 not resolved', rms_z=None, entries=3)
    >>> of_verdicts([]).verdict
    'not resolved'
    """
    counts = Counter(found)
    total = counts.total()
    if not total:
        return Judgement(NOT_RESOLVED, "nothing in it has both a theory and a simulation")
    others = [f"{counts[name]} {words}" for name, words in _WORDS.items() if counts[name]]
    reason = ", ".join([f"{counts[AGREES]} of {total} {noun} agree", *others])
    worst = next((name for name in (DISAGREES, NOT_RESOLVED) if counts[name]), AGREES)
    return Judgement(worst, reason, entries=total)


_WORDS = {DISAGREES: "disagree", NOT_RESOLVED: "not resolved"}


def of_scores(z: Any, *, bias: str = "") -> Judgement:
    """Return the verdict on z-scores: they agree with rms below 2 (design: acceptance in standard errors).

    >>> of_scores([0.5, -1.2, 0.9]).reason
    'rms z 0.91 over 3 points, largest 1.2'
    >>> of_scores([9.0, 8.0]).verdict
    'disagrees'
    """
    known = np.asarray(z, dtype=float)
    known = known[np.isfinite(known)]
    if not known.size:
        return Judgement(NOT_RESOLVED, "no point has a standard error: give it more than one seed")
    rms = float(np.sqrt((known**2).mean()))
    reason = f"rms z {rms:.2f} over {known.size} points, largest {np.abs(known).max():.1f}"
    verdict = AGREES if rms < LARGEST_RMS_Z else DISAGREES
    return Judgement(verdict, f"{reason}{'; ' + bias if bias else ''}", rms, known.size)
