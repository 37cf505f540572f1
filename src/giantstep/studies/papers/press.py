"""Make a paper's figures: run its studies, judge each, and write down with what it was all made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from giantstep.errors import SpecError, WriteError
from giantstep.streams import fingerprint
from giantstep.studies.canonical import spec_hash
from giantstep.studies.costs import Estimate, estimate
from giantstep.studies.events import Event, Outcome
from giantstep.studies.judgement import Judgement, judge
from giantstep.studies.library import load
from giantstep.studies.papers.papers import Paper, PaperFigure
from giantstep.studies.provenance import provenance
from giantstep.studies.reports import report, summary_of
from giantstep.studies.runner import run
from giantstep.studies.store import commit
from giantstep.studies.study import Study

MANIFEST = "manifest.json"
Draw = Callable[[Study, Path], list[Path]]


@dataclass(frozen=True, slots=True)
class Printed:
    """One figure of a paper, made.

    Attributes
    ----------
    figure : PaperFigure
    study : Study
    outcome : Outcome
    files : tuple of Path
        The drawings; empty where too little was computed (the judgement says so).
    judgement : Judgement
    """

    figure: PaperFigure
    study: Study
    outcome: Outcome
    files: tuple[Path, ...]
    judgement: Judgement


def studies_of(paper: Paper, variant: str | None = None) -> tuple[tuple[PaperFigure, Study], ...]:
    """Return the studies behind a paper's figures; ``"quick"`` or ``"full"`` takes their twins."""
    return tuple((figure, load(figure.study, variant=variant)) for figure in paper.figures)


def estimate_paper(
    paper: Paper, folder: Path, variant: str | None = None, *, workers: int | None = None
) -> tuple[Estimate, ...]:
    """Return what each figure would cost."""
    return tuple(
        estimate(study, folder / figure.study, workers=workers)
        for figure, study in studies_of(paper, variant)
    )


def print_paper(
    paper: Paper,
    folder: Path,
    draw: Draw,
    *,
    variant: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> tuple[Printed, ...]:
    """Compute, judge and draw every figure of a paper, and write the manifest.

    Parameters
    ----------
    paper : Paper
    folder : path
        Holds one results folder a study, and ``manifest.json``: versions, linear algebra, processor, stream
        fingerprint; for each figure its study, seed, the hash of all its specs, files and verdict.
    draw : callable
        Writes a study's figure into its folder and returns the files; figures are a room above this one.
    variant : {"quick", "full"}, optional
        The shorter or longer twins of the studies.
    workers, scheduler, resume, on_event
        As for `giantstep.studies.run`.

    Returns
    -------
    tuple of Printed
        Those finished; an interrupt ends it early, and the same call goes on from there.

    Raises
    ------
    WriteError
        When the disk is full, or a study's budget is spent; what is finished is kept.
    """
    made: list[Printed] = []
    for figure, study in studies_of(paper, variant):
        place = folder / figure.study
        outcome = run(study, place, workers=workers, scheduler=scheduler, resume=resume, on_event=on_event)
        if outcome.stopped:
            raise WriteError(f"{figure.study}: stopped: {outcome.stopped}")
        if outcome.interrupted:
            break
        try:
            summary = summary_of(place, study.figure)
            report(place, study.figure, summary)
            found, files = judge(place, study.figure, summary), tuple(draw(study, place))
        except SpecError as error:
            found, files = Judgement("not resolved", f"no figure: {error}"), ()
        made.append(Printed(figure, study, outcome, files, found))
        _write_manifest(paper, folder, made, variant)
    return tuple(made)


def _write_manifest(paper: Paper, folder: Path, made: list[Printed], variant: str | None) -> None:
    document: dict[str, Any] = {
        "arxiv": paper.arxiv,
        "title": paper.title,
        "variant": variant,
        "fingerprint": fingerprint(),
        "made_with": provenance(),
        "figures": [_entry(folder, one) for one in made],
    }
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    commit(folder / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))


def _entry(folder: Path, one: Printed) -> dict[str, Any]:
    return {
        "study": one.study.name,
        "shows": one.figure.shows,
        "seeds": sorted({json.loads(point.task).get("seed", 0) for point in one.study.points}),
        "points": len(one.study.points),
        "failed": len(one.outcome.failures),
        "spec_hash": spec_hash("\n".join(sorted(point.hash for point in one.study.points))),
        "files": [str(file.relative_to(folder)) for file in one.files],
        "judgement": one.judgement.to_dict(),
    }
