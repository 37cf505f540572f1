"""Write the page: contents in, one file out that needs nothing else."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from giantstep import __version__
from giantstep.citations import own_bibtex
from giantstep.errors import SpecError
from giantstep.figures.export import deliver
from giantstep.numerals import cell, count, measured
from giantstep.report.contents import Certified, Contents, read

_STYLES = {"agrees": "agrees", "disagrees": "disagrees"}


def write(folder: str | Path, path: str | Path) -> Path:
    """Write a results folder as one HTML page; nothing in it is fetched, and no script runs.

    Parameters
    ----------
    folder : path
        Results folder of `giantstep.studies.run`.
    path : path
        The page, ending in ``.html``.

    Raises
    ------
    SpecError
        For another suffix.
    StoreError
        When the folder holds no results, or the page cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".html":
        raise SpecError(f"report: found the suffix {path.suffix!r}, expected .html.")
    return deliver("report", path, render(read(folder)).encode(errors="backslashreplace"))


def render(contents: Contents) -> str:
    """Return the page. Every name, title and expression is escaped; the template alone holds markup."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    from giantstep.figures.page import policy

    files = resources.files("giantstep.report")
    page, style = (files.joinpath(name).read_text(encoding="utf-8") for name in ("page.html", "page.css"))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(page).render(
        contents=contents,
        policy=policy(),
        style=Markup(style),
        version=__version__,
        answer=_answer(contents),
        sections=_sections(contents),
        verdict_rows=[_verdict(row) for row in contents.verdicts["rows"]],
        certificates=[_certificate(one) for one in contents.certified],
        manifest=_manifest(contents),
        bibtex="\n\n".join([own_bibtex(), *(paper.bibtex() for paper in contents.papers)]),
        cell=cell,
    )


def _answer(contents: Contents) -> str:
    """Return the verdict on the figure and the verdicts counted; empty where there is nothing to judge."""
    counts = [f"{number} {verdict}" for verdict, number in contents.verdicts["counts"].items() if number]
    said = [f"{found.verdict} ({found.reason})"] if (found := contents.judgement) is not None else []
    said += [", ".join(counts)] if counts else []
    if not said:
        return ""
    wrong = [_name(row) for row in contents.verdicts["rows"] if row["verdict"] == "disagrees"]
    named = f" DISAGREEMENT: {', '.join(wrong)}." if wrong else ""
    return f"Theory and simulation: {'; by direction '.join(said)}.{named}"


def _sections(contents: Contents) -> list[tuple[str, str]]:
    there = (
        ("figures", "Figures", contents.pictures),
        ("verdicts", "Verdicts", contents.verdicts["rows"]),
        ("tables", "Tables", contents.tables),
        ("certificates", "Theory", contents.certified),
        ("reproduce", "How to make it again", True),
        ("manifest", "Manifest", True),
        ("papers", "Papers", True),
    )
    return [(name, words) for name, words, shown in there if shown]


def _name(row: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in row["labels"].values()) or str(row["expression"])


def _verdict(row: dict[str, Any]) -> dict[str, Any]:
    """Return one target's rows of the table of verdicts; a target without any direction keeps one."""
    from giantstep.studies.judging import direction_text

    lines = [
        {
            "direction": direction_text(one["vector"]),
            "predicted": "not learnt" if one["predicted_step"] is None else f"step {one['predicted_step']}",
            "level": cell(one["level"]),
            "level_z": cell(one["level_z"]),
            "slope": measured(one["slope"], one["slope_se"]),
            "slope_z": cell(one["slope_z"]),
            "verdict": one["verdict"],
            "style": _STYLES.get(one["verdict"], "unresolved"),
        }
        for one in row["directions"]
    ]
    blank = dict.fromkeys(("direction", "predicted", "level", "level_z", "slope", "slope_z", "verdict"), "-")
    return {
        "name": _name(row),
        "expression": row["expression"],
        "verdict": row["verdict"],
        "reason": row["reason"],
        "style": _STYLES.get(row["verdict"], "unresolved"),
        "lines": lines or [blank | {"style": ""}],
    }


def _certificate(one: Certified) -> dict[str, Any]:
    """Return a certificate in the words of `giantstep analyze`."""
    from giantstep.staircase.words import (
        conclusions,
        exponents_in_words,
        gained_in_words,
        setting_in_words,
    )

    certificate = one.certificate
    steps = []
    known = 0
    for step in certificate.steps:
        gained = gained_in_words(certificate, step.step) if step.dimension > known else ""
        known = step.dimension
        words = f"learns {gained}" if gained else "adds nothing"
        steps.append(
            {
                "number": step.step,
                "words": f"Step {step.step} {words}, with {step.samples} samples.",
                "reasons": [reason.removeprefix(f"step {step.step}: ") for reason in step.reasons],
            }
        )
    return {
        "names": ", ".join(name for name in one.names if name != certificate.target),
        "target": certificate.target,
        "setting": setting_in_words(certificate),
        "steps": steps,
        # The option of the command line means nothing on a page.
        "conclusions": [sentence.replace(" (--reuse)", "") for sentence in conclusions(certificate)],
        "exponents": exponents_in_words(certificate),
    }


def _manifest(contents: Contents) -> list[tuple[str, str]]:
    found = contents.manifest
    rows = [
        ("study", f"{contents.name}, SHA-256 {found.study_hash}"),
        ("results", f"{contents.done} points, SHA-256 over their specs and data {found.results_hash}"),
        ("seed", ", ".join(found.seeds) or "none drawn"),
        ("stream fingerprint", ", ".join(found.fingerprints) or "none"),
        *found.made_with,
        ("finished", found.finished or "unknown"),
        ("processor time", f"{count(round(found.cpu_seconds))} s"),
        ("report written by", f"giantstep {__version__}"),
    ]
    return rows
