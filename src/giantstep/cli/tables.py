"""A study's own tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from giantstep.numerals import cell

if TYPE_CHECKING:
    from giantstep.studies.reports import Table


def print_tables(tables: Iterable[Table]) -> None:
    """Print each table with its title above and its note below."""
    from rich.text import Text

    from giantstep.cli.console import empty_table, stdout

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
