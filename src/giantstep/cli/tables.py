"""A study's own tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from giantstep.numerals import cell

if TYPE_CHECKING:
    from giantstep.studies.judgement import Judgement
    from giantstep.studies.reports import Table


def print_tables(tables: Iterable[Table], judgement: Judgement | None = None) -> None:
    """Print each table with its title above and its note below, and the verdict on them all."""
    from rich.text import Text

    from giantstep.cli.console import empty_table, stdout
    from giantstep.cli.verdicts import STYLE

    console = stdout()
    for table in tables:
        grid = empty_table()
        for heading in table.columns.values():
            grid.add_column(heading)
        for row in table.rows:
            grid.add_row(*(Text(cell(row.get(key))) for key in table.columns))
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(grid)
        if table.note:
            console.print(Text(f" {table.note}"))
    if judgement is not None:
        console.print()
        verdict = (judgement.verdict, STYLE[judgement.verdict])
        console.print(
            Text.assemble("Theory and simulation: ", verdict, f" ({judgement.reason}).", style="bold")
        )
