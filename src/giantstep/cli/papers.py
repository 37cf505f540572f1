"""`giantstep run 2305.18270`: all figures of a paper, with a verdict each and a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from giantstep.cli.options import whole
from giantstep.cli.run import draw_study, study_progress, tell_diverged

if TYPE_CHECKING:
    from giantstep.studies.papers import Paper, Printed


def run_paper(
    number: str,
    out: str | None,
    variant: str | None,
    workers: str | None,
    scheduler: str | None,
    *,
    resume: bool,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> int:
    """Compute, judge and draw every figure of a paper, or with ``dry_run`` say what that takes."""
    from giantstep.cli.console import afford, print_json, tell
    from giantstep.studies.papers import estimate_paper, paper, print_paper

    found = paper(number)
    folder = Path(out) if out else Path("results") / f"{found.arxiv}{'.' + variant if variant else ''}"
    processes = None if workers is None else whole(workers, "workers")
    expected = estimate_paper(found, folder, variant, workers=processes)
    seconds, memory = sum(one.seconds for one in expected), max(one.memory for one in expected)
    if dry_run:
        return _plan(found, folder, expected, json=json)
    afford(seconds, memory, yes=yes, what=f"run {found.arxiv}")
    with study_progress(found.arxiv, len(found.figures)) as on_event:
        made = print_paper(
            found,
            folder,
            draw_study,
            variant=variant,
            workers=processes,
            scheduler=scheduler,
            resume=resume,
            on_event=on_event,
        )
    for one in made:
        for point, reason in one.outcome.failures:
            tell(f"giantstep: {one.figure.study}: {point.title}: {reason}")
        tell_diverged(one.outcome)
    if len(made) < len(found.figures):
        raise KeyboardInterrupt("; what is finished is kept, the same command goes on from there.")
    if json:
        print_json(_document(found, folder, made))
    else:
        _print(found, folder, made)
    return 1 if any(one.outcome.failures or one.outcome.diverged for one in made) else 0


def _plan(found: Paper, folder: Path, expected: tuple[Any, ...], *, json: bool) -> int:
    from giantstep.cli.console import duration, print_json, size

    rows = [
        {"study": figure.study, "points": one.points, "done": one.done, "seconds": one.seconds}
        | {"memory": one.memory}
        for figure, one in zip(found.figures, expected, strict=True)
    ]
    if json:
        print_json({"arxiv": found.arxiv, "title": found.title, "folder": str(folder), "figures": rows})
        return 0
    print(f"arXiv:{found.arxiv}  {found.title}")
    for row in rows:
        cost = f"the rest about {duration(row['seconds'])}, {size(row['memory'])}"
        print(f"{row['study']}: {row['points']} points, {row['done']} done already; {cost}")
    return 0


def _document(found: Paper, folder: Path, made: tuple[Printed, ...]) -> dict[str, Any]:
    figures = [
        {
            "study": one.figure.study,
            "shows": one.figure.shows,
            "files": [str(file) for file in one.files],
            "failed": len(one.outcome.failures),
            "judgement": one.judgement.to_dict(),
        }
        for one in made
    ]
    manifest = str(folder / "manifest.json")
    return {"arxiv": found.arxiv, "title": found.title, "manifest": manifest, "figures": figures}


def _print(found: Paper, folder: Path, made: tuple[Printed, ...]) -> None:
    from rich.text import Text

    from giantstep.cli.console import empty_table, stdout, tell
    from giantstep.cli.verdicts import STYLE

    console = stdout()
    console.print(Text.assemble((f"arXiv:{found.arxiv}  ", "bold"), found.title))
    table = empty_table()
    for heading in ("figure", "theory and simulation", "because"):
        table.add_column(heading)
    for one in made:
        verdict = one.judgement.verdict
        table.add_row(
            Text(one.figure.study, style="bold"), Text(verdict, style=STYLE[verdict]), one.judgement.reason
        )
    console.print(table)
    for one in made:
        for file in one.files:
            print(f"figure   {file}")
    print(f"manifest {folder / 'manifest.json'}", flush=True)
    tell(f"Tables of a figure: giantstep show {folder / made[0].figure.study}")
