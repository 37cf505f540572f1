"""`giantstep store`: look after a results folder, and take its results elsewhere."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from giantstep.cli.options import Optional, Text
from giantstep.errors import SpecError, nearest

if TYPE_CHECKING:
    from giantstep.studies import Health

_STATES = ("done", "failed", "missing", "damaged", "foreign", "newer")


def check(folder: Text, /, *, json: bool = False) -> int:
    """Read every file of a results folder to the last bit and name what is broken.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    json
        Print one JSON document.
    """
    from giantstep.cli.results import results_folder
    from giantstep.studies import check as examine

    health = examine(results_folder(folder))
    _print(health, folder, json=json)
    return 1 if health.findings else 0


def repair(folder: Text, /, *, json: bool = False) -> int:
    """Move what is damaged, foreign or left over into the folder's quarantine; nothing is deleted.

    What was set aside is computed by the next run.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    json
        Print one JSON document.
    """
    from giantstep.cli.results import results_folder
    from giantstep.studies import repair as mend

    health = mend(results_folder(folder))
    _print(health, folder, json=json)
    return 1 if any(finding.moved is None for finding in health.findings) else 0


def show_list(folder: Text, /, *, state: Optional = None, json: bool = False) -> int:
    """List the points of a results folder: their labels, whether they are done, their files.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    state
        Only these: done, failed, missing, damaged, foreign or newer.
    json
        Print one JSON document.
    """
    from giantstep.cli.console import print_json, stdout
    from giantstep.cli.results import results_folder
    from giantstep.studies import listing

    if state is not None and state not in _STATES:
        raise SpecError(f"--state: found {state!r}, expected {', '.join(_STATES)}{nearest(state, _STATES)}.")
    rows = [row for row in listing(results_folder(folder)) if state in (None, row["state"])]
    if json:
        print_json({"folder": folder, "points": rows})
        return 0
    console = stdout()
    for row in rows:
        labels = ", ".join(f"{name} {value}" for name, value in row["labels"].items())
        said = f"  {row['message']}" if row["message"] else ""
        line = f"{row['hash'][:12]}  {row['state']:8s} {row['kind']}: {labels}{said}"
        console.print(line, markup=False, soft_wrap=True)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + 1
    print(", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "no points")
    return 0


def export(
    folder: Text,
    /,
    *,
    to: Annotated[str, Parameter(name=["--to", "-o"], metavar="FILE")],
    sweep: Optional = None,
    json: bool = False,
) -> int:
    """Write a sweep's results as tables for other tools.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    to
        Where to: .csv or .parquet; tables with more dimensions stand beside it.
    sweep
        Which sweep. [default: the study's first]
    json
        Print one JSON document.
    """
    from giantstep.cli.console import plural, print_json
    from giantstep.cli.results import results_folder
    from giantstep.studies import collect
    from giantstep.studies import export as write

    tables = write(collect(results_folder(folder), sweep=sweep), to)
    if json:
        print_json({"tables": [asdict(table) | {"file": str(table.file)} for table in tables]})
        return 0
    for table in tables:
        print(f"{table.file}  {plural(table.rows, 'row')}: {', '.join(table.columns)}")
    return 0


def _print(health: Health, folder: str, *, json: bool) -> None:
    from giantstep.cli.console import plural, print_json, tell

    if json:
        document: dict[str, Any] = {"folder": folder, "points": health.points, "done": health.done}
        document |= {"failed": health.failed, "others": health.others}
        document["findings"] = [
            {
                "file": str(finding.file),
                "state": finding.state,
                "reason": finding.reason,
                "point": finding.point,
                "moved": None if finding.moved is None else str(finding.moved),
            }
            for finding in health.findings
        ]
        print_json(document)
        return
    for finding in health.findings:
        point = f"{finding.point}: " if finding.point else ""
        moved = f" -> {finding.moved}" if finding.moved else ""
        print(f"{finding.state}  {point}{finding.reason}{moved}")
    rest = [f"{health.done} of {plural(health.points, 'point')} done and sound"]
    rest += [f"{health.failed} failed"] * bool(health.failed)
    rest += [f"{health.others} of another version of the study"] * bool(health.others)
    rest += [f"{len(health.findings)} to look at"] * bool(health.findings)
    print(", ".join(rest) + ".")
    if any(finding.moved for finding in health.findings):
        tell(f"Compute what was set aside with: giantstep run {folder}/study.toml --out {folder}")
