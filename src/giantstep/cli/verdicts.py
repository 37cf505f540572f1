"""The tables of a study: one a target, prediction beside measurement."""

from __future__ import annotations

from typing import Any

_STYLE = {"agrees": "green", "disagrees": "bold red", "not resolved": "yellow"}


def print_verdicts(title: str, table: dict[str, Any]) -> None:
    """Print one table a row of the verdicts, and the count of each verdict at the end."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from giantstep.cli.console import count, measured, stdout

    console = stdout()
    console.print(Text(title, style="bold"))
    for row in table["rows"]:
        console.print()
        name = ", ".join(str(value) for value in row["labels"].values())
        verdict = Text(row["verdict"], style=_STYLE.get(row["verdict"], ""))
        dimension = f"   d = {count(row['dimension'])}" if row.get("dimension") else ""
        console.print(Text.assemble((name, "bold"), f"   {row['expression']}{dimension}   ", verdict))
        steps = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))
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
    counts = ", ".join(f"{number} {verdict}" for verdict, number in table["counts"].items() if number)
    console.print()
    console.print(Text(f"Theory and simulation: {counts or 'nothing to judge yet'}.", style="bold"))
    if table["counts"].get("disagrees"):
        wrong = [
            str(next(iter(row["labels"].values()))) for row in table["rows"] if row["verdict"] == "disagrees"
        ]
        console.print(Text(f"DISAGREEMENT: {', '.join(wrong)}.", style="bold red"))
