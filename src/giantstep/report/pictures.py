"""The figures of a report: pictures that hold themselves, with words for those who do not see them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from giantstep.errors import GiantStepError
from giantstep.studies.reports import drawable, home_of
from giantstep.studies.study import Study

COMPANIONS = {"stairway": ("overlap-plane",), "learning-curves": ("spike-map",)}
"""Kind of a study's figure -> what else the same results are drawn as."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure of the report, or the reason why it is not there.

    Attributes
    ----------
    kind : str
    source : str
        The SVG as a data address: an image cannot run anything or ask for anything, whatever a name in it
        says. Empty where the figure cannot be drawn.
    words : str
        What it shows: its title and legend.
    trouble : str
    """

    kind: str
    source: str
    words: str
    trouble: str = ""


def pictures(study: Study, folder: Path, summary: Any = None) -> tuple[Picture, ...]:
    """Return the study's own figure and its companions; from its summary, where that is at hand."""
    if study.figure is None:
        return ()
    kinds = (study.figure, *COMPANIONS.get(study.figure, ()))
    read: dict[str, Any] = {} if summary is None else {home_of(study.figure): summary}
    return tuple(_picture(kind, folder, read, own=kind == study.figure) for kind in kinds)


def _picture(kind: str, folder: Path, read: dict[str, Any], *, own: bool) -> Picture:
    from giantstep.figures import draw
    from giantstep.figures.export import svg, words_of

    try:
        # What one summary holds is read once for all figures of it.
        if (home := home_of(kind)) not in read:
            read[home] = drawable(folder, kind)
        chart = draw(kind, read[home])
    except GiantStepError as error:
        # A companion that these results cannot give was not asked for.
        return Picture(kind, "", "", str(error) if own else "")
    content = base64.b64encode(svg(chart).encode()).decode()
    return Picture(kind, f"data:image/svg+xml;base64,{content}", words_of(chart))
