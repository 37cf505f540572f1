"""`giantstep run`: compute a study, print its verdicts, draw its figure, say where everything is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from giantstep.cli.console import ended_in_order
from giantstep.cli.options import Optional, OptionalCount, Text, whole
from giantstep.errors import SpecError

if TYPE_CHECKING:
    from xarray import Dataset

    from giantstep.studies import Estimate, Event, Outcome, Study

_FIGURE_FORMATS = ("html", "svg", "png")
_ROWS = 40
"""Settings that a dry run prints."""


@ended_in_order()
def run(
    study: Text,
    /,
    *,
    out: Optional = None,
    workers: OptionalCount = None,
    scheduler: Optional = None,
    full: bool = False,
    quick: bool = False,
    resume: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
) -> int:
    """Run a study: a built-in name such as stairway, a file STUDY.toml, or a paper such as 2305.18270.

    What is finished stays finished: the same command again goes on where it stopped.

    Parameters
    ----------
    study
        A name listed by "giantstep studies", the path of a .toml file, or an arXiv number listed by
        "giantstep studies --paper": all its figures, a verdict each, and a manifest.
    out
        Results folder. [default: results/<name of the study>]
    workers
        Processes; all cores by default. Results do not depend on it.
    scheduler
        Address of a Dask scheduler, such as tcp://node1:8786, whose workers see the results folder.
    full
        Run the longer twin of a built-in study.
    quick
        Run the shorter twin: the same figures, coarser.
    resume
        Go on in a folder that was begun with another version of the study.
    dry_run
        Say what would be computed and what it would cost, and stop.
    yes
        Go ahead although it will take more than ten minutes.
    json
        Print one JSON document.
    """
    from giantstep.cli.console import afford, print_json, tell
    from giantstep.figures import check_kind
    from giantstep.studies import estimate, load
    from giantstep.studies import run as compute
    from giantstep.studies.papers import is_paper

    if full and quick:
        raise SpecError("--full and --quick: found both, expected one of them.")
    variant = "full" if full else "quick" if quick else None
    if is_paper(study):
        from giantstep.cli.papers import run_paper

        words = (study, out, variant, workers, scheduler)
        return run_paper(*words, resume=resume, dry_run=dry_run, yes=yes, json=json)
    loaded = load(study, variant=variant)
    if loaded.figure is not None:
        check_kind(loaded.figure)
    folder = Path(out) if out else Path("results") / loaded.name
    processes = None if workers is None else whole(workers, "workers")
    expected = estimate(loaded, folder, workers=processes)
    if dry_run:
        _plan(loaded, folder, expected, json=json)
        return 0
    afford(expected.seconds, expected.memory, yes=yes, what=f"run {loaded.name}")
    with study_progress(loaded.name) as on_event:
        outcome = compute(
            loaded, folder, workers=processes, scheduler=scheduler, resume=resume, on_event=on_event
        )
    for point, reason in outcome.failures:
        if reason != outcome.stopped:
            tell(f"giantstep: {point.title}: {reason}")
    if outcome.interrupted:
        raise KeyboardInterrupt("; what is finished is kept, the same command goes on from there.")
    if outcome.stopped:
        tell(f"giantstep: stopped: {outcome.stopped}")
        if json:
            print_json(_document(loaded, outcome) | {"stopped": outcome.stopped})
        return 1
    return _report(loaded, outcome, json=json)


def _plan(study: Study, folder: Path, expected: Estimate, *, json: bool) -> None:
    """Print what would be computed and what it would cost."""
    from dataclasses import asdict

    from giantstep.cli.console import duration, plural, print_json, size
    from giantstep.studies import settings_of

    rows = settings_of(study, folder)
    if json:
        plan: dict[str, Any] = {"study": study.name, "folder": str(folder), "points": expected.points}
        plan |= {"done": expected.done, "seconds": expected.seconds, "memory": expected.memory}
        plan["budget"] = asdict(study.budget)
        print_json(plan | {"settings": [asdict(row) for row in rows]})
        return
    print(f"{study.name}: {study.title}")
    for row in rows[:_ROWS]:
        labels = ", ".join(f"{name} {value}" for name, value in row.labels.items()) or row.sweep
        cost = f"{duration(row.seconds)}, {size(row.memory)} each"
        print(f"  {row.kind}: {labels}: {plural(row.points, 'point')}, {row.done} done, {cost}")
    if len(rows) > _ROWS:
        print(f"  .. and {plural(len(rows) - _ROWS, 'setting')} more; --json lists all")
    print(f"{plural(expected.points, 'point')}, {expected.done} done already in {folder}")
    print(f"the rest: about {duration(expected.seconds)}, {size(expected.memory)} of memory")
    limits = [duration(study.budget.seconds)] if study.budget.seconds else []
    limits += [size(study.budget.memory)] if study.budget.memory else []
    if limits:
        print(f"budget of one run: {', '.join(limits)}; it stops in order, the next one goes on")


def _document(study: Study, outcome: Outcome) -> dict[str, Any]:
    """Return what is said of every run in JSON."""
    document: dict[str, Any] = {"study": study.name, "folder": str(outcome.folder)}
    document |= {"done": outcome.done, "skipped": outcome.skipped, "seconds": round(outcome.seconds, 3)}
    document["diverged"] = outcome.diverged
    document["failures"] = [{"point": point.title, "reason": reason} for point, reason in outcome.failures]
    return document


def _report(study: Study, outcome: Outcome, *, json: bool) -> int:
    """Print the verdicts, write the figure, say where things are."""
    from giantstep.cli.console import plural, print_json, tell
    from giantstep.cli.tables import print_tables
    from giantstep.cli.verdicts import print_verdicts
    from giantstep.studies import report, verdicts
    from giantstep.studies.judgement import of_summary
    from giantstep.studies.reports import summary_of

    summary = summary_of(outcome.folder, study.figure)
    table, tables = verdicts(outcome.folder), report(outcome.folder, study.figure, summary)
    judgement = of_summary(study.figure, summary)
    if not json:
        print_verdicts(study.title, table)
        print_tables(tables, judgement)
        computed = plural(outcome.done, "point")
        print(f"\n{computed} computed in {outcome.seconds:.0f} s, {outcome.skipped} found done.")
        print(f"results  {outcome.folder}", flush=True)
    tell_diverged(outcome)
    try:
        files = [str(file) for file in draw_study(study, outcome.folder, summary)]
    except SpecError as error:
        # Too little was computed for a figure; what there is has been printed and kept.
        tell(f"giantstep: no figure: {error}")
        files = []
    if json:
        document = _document(study, outcome) | {"figures": files}
        document |= {"verdicts": table, "tables": [one.to_dict() for one in tables]}
        print_json(document | {"judgement": judgement and judgement.to_dict()})
    else:
        for file in files:
            print(f"figure   {file}")
        tell(f"Look again at any time with: giantstep show {outcome.folder}")
    return 1 if outcome.failures or outcome.diverged else 0


def tell_diverged(outcome: Outcome) -> None:
    """Say on stderr how many points diverged, if any."""
    if outcome.diverged:
        from giantstep.cli.console import plural, tell

        number = plural(outcome.diverged, "point")
        tell(f"giantstep: {number} diverged; kept with what came before, lower the learning rate there.")


def draw_study(study: Study, folder: Path, summary: Dataset | None = None) -> list[Path]:
    """Write the study's own figure in every format; from its summary, where that is at hand."""
    if study.figure is None:
        return []
    from giantstep.figures import draw
    from giantstep.figures.export import save
    from giantstep.studies import drawable

    chart = draw(study.figure, drawable(folder, study.figure) if summary is None else summary)
    return [save(chart, folder / f"{study.figure}.{suffix}") for suffix in _FIGURE_FORMATS]


@contextmanager
def study_progress(name: str, studies: int = 1) -> Iterator[Callable[[Event], None]]:
    """Yield a listener for the events of one study, or several in turn: a bar of estimated work, or lines."""
    from giantstep.cli.console import duration, progress, tell

    with progress(name, float(studies)) as advance:
        behind = 0.0

        def listen(event: Event) -> None:
            nonlocal behind
            if event.kind == "start":
                behind = 0.0
            elif event.kind == "aside":
                tell(f"giantstep: {event.message} It is kept in quarantine.")
            elif event.kind == "stopping":
                tell("giantstep: stopping when what is under way is written; once more stops at once.")
            share = event.work_done / event.work_total if event.work_total else 0.0
            left = "" if event.seconds_left is None else f", {duration(event.seconds_left)} left"
            note = f"{event.finished} of {event.total} points, {event.rate:.2g} points/s{left}"
            advance(max(0.0, share - behind), note)
            behind = max(behind, share)

        yield listen
