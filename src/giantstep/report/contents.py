"""What a report says: everything read from a results folder, before a word of HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from giantstep.citations import Paper, behind
from giantstep.errors import GiantStepError, StoreError
from giantstep.report.manifest import Manifest, manifest_of
from giantstep.report.pictures import Picture, pictures
from giantstep.staircase.certificate import Certificate
from giantstep.studies.collecting import open_folder
from giantstep.studies.costs import estimate
from giantstep.studies.judgement import Judgement, of_summary
from giantstep.studies.judging import judge_folder
from giantstep.studies.library import builtin, load
from giantstep.studies.reports import Table, summary_of, tables_of
from giantstep.studies.store import Store
from giantstep.studies.study import Study
from giantstep.studies.subjects import subjects


@dataclass(frozen=True, slots=True)
class Certified:
    """One certificate and the names of the targets it speaks of."""

    names: tuple[str, ...]
    certificate: Certificate


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything a report shows.

    Attributes
    ----------
    name, title : str
    question : tuple of str
        Paragraphs of the study file's opening comment: what it asks.
    text : str
        The study file.
    points, done : int
    certified : tuple of Certified
    pictures : tuple of Picture
        Figures, and in place of one that cannot be drawn, why.
    verdicts : dict
        From `giantstep.studies.verdicts`.
    judgement : Judgement or None
        The verdict on the whole figure, where its kind has one of its own.
    tables : tuple of Table
    manifest : Manifest
    command : str
        What makes the same results.
    papers : tuple of Paper
    trouble : tuple of str
        What could not be told, each with its reason.
    """

    name: str
    title: str
    question: tuple[str, ...]
    text: str
    points: int
    done: int
    certified: tuple[Certified, ...]
    pictures: tuple[Picture, ...]
    verdicts: Mapping[str, Any]
    judgement: Judgement | None
    tables: Sequence[Table]
    manifest: Manifest
    command: str
    papers: tuple[Paper, ...]
    trouble: tuple[str, ...]


def read(folder: str | Path) -> Contents:
    """Read a results folder.

    Raises
    ------
    StoreError
        When it holds no study, or none of its points is done.
    """
    place, study, trouble = Path(folder), open_folder(folder), []
    progress = estimate(study, place, workers=1)
    if not progress.done:
        raise StoreError(f"{folder}: no point of its study is done; run it first.")
    tables: Sequence[Table] = ()
    summary = judgement = None
    try:
        summary = summary_of(place, study.figure)
        tables = tables_of(place, study.figure, summary)
        judgement = of_summary(study.figure, summary)
    except GiantStepError as error:
        trouble.append(f"Tables and verdict: {error}")
    return Contents(
        study.name,
        study.title,
        opening_comment(study.text),
        study.text,
        progress.points,
        progress.done,
        _certified(study, place),
        pictures(study, place, summary),
        judge_folder(place),
        judgement,
        tables,
        manifest_of(study, place),
        _command(study),
        behind(subjects(study)),
        tuple(trouble),
    )


def opening_comment(text: str) -> tuple[str, ...]:
    """Return the paragraphs of the comment that a study file begins with.

    >>> opening_comment("# Which directions\\n# are learnt?\\n#\\n# And why?\\nseed = 0\\n# No more.\\n")
    ('Which directions are learnt?', 'And why?')
    """
    lines = []
    for line in text.lstrip().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    paragraphs = "\n".join(lines).split("\n\n")
    return tuple(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())


def _certified(study: Study, folder: Path) -> tuple[Certified, ...]:
    """Return each certificate once, with every name its target goes by, in the study's order."""
    store = Store(folder)
    found: dict[str, tuple[list[str], Certificate]] = {}
    for point in study.points:
        if point.kind != "certificate":
            continue
        try:
            text = str(store.read(point.hash).attributes["certificate"])
        except StoreError:
            continue
        names, _ = found.setdefault(text, ([], Certificate.from_dict(json.loads(text))))
        name = str(point.labels.get("target", ""))
        if name and name not in names:
            names.append(name)
    return tuple(Certified(tuple(names), certificate) for names, certificate in found.values())


def _command(study: Study) -> str:
    """Return the command that makes the results again: the built-in study's name where it is one."""
    for name in builtin():
        for variant, option in ((None, ""), ("full", " --full"), ("quick", " --quick")):
            try:
                if load(name, variant=variant).text == study.text:
                    return f"giantstep run {name}{option}"
            except GiantStepError:
                continue
    return "giantstep run study.toml"
