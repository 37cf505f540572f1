"""The tables of a study: one a target, prediction beside measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

STYLE = {"agrees": "green", "disagrees": "bold red", "not resolved": "yellow"}


def print_verdicts(title: str, table: dict[str, Any]) -> None:
    """Print one table a row of the verdicts, and the count of each verdict at the end."""
    from rich.text import Text

    from giantstep.cli.console import count, empty_table, measured, stdout

    console = stdout()
    console.print(Text(title, style="bold"))
    for row in table["rows"]:
        console.print()
        verdict = Text(row["verdict"], style=STYLE.get(row["verdict"], ""))
        dimension = f"   d = {count(row['dimension'])}" if row.get("dimension") else ""
        console.print(Text.assemble((_name(row), "bold"), f"   {row['expression']}{dimension}   ", verdict))
        steps = empty_table()
        for heading in ("step", "predicted U_t", "dim", "alignment with U_t"):
            steps.add_column(heading, justify="right" if heading in {"step", "dim"} else "left")
        for number, step in enumerate(row["steps"]):
            dim = step["predicted_dimension"]
            steps.add_row(
                str(step.get("step", number)),
                Text(str(step["predicted"])),
                "-" if dim is None else str(dim),
                measured(step["alignment"], step["alignment_se"]),
            )
        console.print(steps)
        if row.get("reason"):
            console.print(Text(f" {row['reason']}"))
    console.print()
    if len(table["rows"]) > 1:
        console.print(_summary(table["rows"]))
        console.print()
    if not table["rows"]:
        return
    counts = ", ".join(f"{number} {verdict}" for verdict, number in table["counts"].items() if number)
    console.print(Text(f"Theory and simulation: {counts or 'nothing to judge yet'}.", style="bold"))
    if table["counts"].get("disagrees"):
        wrong = ", ".join(_name(row) for row in table["rows"] if row["verdict"] == "disagrees")
        console.print(Text(f"DISAGREEMENT: {wrong}.", style="bold red"))


def _summary(rows: list[dict[str, Any]]) -> Table:
    """One line a target: how the predicted dimension climbs, what the last step measured, the verdict."""
    from rich.text import Text

    from giantstep.cli.console import empty_table, measured

    table = empty_table()
    for heading in ("target", "dim U_t", "alignment at the end", "verdict"):
        table.add_column(heading)
    for row in rows:
        climb = " ".join(
            "-" if step["predicted_dimension"] is None else str(step["predicted_dimension"])
            for step in row["steps"]
        )
        last = row["steps"][-1] if row["steps"] else {"alignment": None, "alignment_se": None}
        verdict = Text(row["verdict"], style=STYLE.get(row["verdict"], ""))
        table.add_row(Text(_name(row)), climb, measured(last["alignment"], last["alignment_se"]), verdict)
    return table


def _name(row: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in row["labels"].values())
