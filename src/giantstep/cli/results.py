"""`giantstep show` and `giantstep figure`: what a results folder says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from giantstep.cli.options import Optional, Text

_ABSENT = "no such folder"


def show(folder: Text, /, *, json: bool = False) -> int:
    """Print the verdicts of a results folder, and how much of its study is done.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    json
        Print one JSON document.
    """
    from giantstep.cli.console import print_json
    from giantstep.cli.tables import print_tables
    from giantstep.cli.verdicts import print_verdicts
    from giantstep.studies import estimate, load
    from giantstep.studies.judgement import of_summary
    from giantstep.studies.judging import judge_folder
    from giantstep.studies.reports import summary_of, tables_of

    place = results_folder(folder)
    study = load(place / "study.toml")
    progress = estimate(study, place)
    summary = summary_of(place, study.figure)
    table, tables = judge_folder(place), tables_of(place, study.figure, summary)
    judgement = of_summary(study.figure, summary)
    if json:
        document = {"folder": str(place), "points": progress.points, "done": progress.done}
        document |= {"verdicts": table, "tables": [one.to_dict() for one in tables]}
        print_json(document | {"judgement": judgement and judgement.to_dict()})
        return 0
    print_verdicts(study.title, table)
    print_tables(tables, judgement)
    print(f"\n{progress.done} of {progress.points} points are done.")
    for file in sorted(place.glob("*.html")) + sorted(place.glob("*.svg")) + sorted(place.glob("*.png")):
        print(f"figure   {file}")
    return 0


def figure(
    folder: Text,
    kind: Text,
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], metavar="FILE")],
    target: Optional = None,
) -> int:
    """Draw a results folder as a figure, offline.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    kind
        Such as stairway or overlap-plane.
    output
        Where to: .html, .svg, .png or .pdf.
    target
        One target of the study, for stairway and overlap-plane.
    """
    from giantstep.figures import check_kind, draw
    from giantstep.figures.export import save
    from giantstep.studies import drawable

    place = results_folder(folder)
    check_kind(kind)
    options = {} if target is None else {"target": target}
    print(save(draw(kind, drawable(place, kind), **options), Path(output)))
    return 0


def results_folder(text: str) -> Path:
    """Return the path of a results folder.

    Raises
    ------
    StoreError
        When it is not there, or no study ran in it.
    """
    from giantstep.errors import StoreError

    folder = Path(text)
    if not (folder / "study.toml").is_file():
        found = "no study.toml in it" if folder.is_dir() else "is no folder" if folder.exists() else _ABSENT
        raise StoreError(f"{text}: {found}; expected a results folder made by 'giantstep run'.")
    return folder
