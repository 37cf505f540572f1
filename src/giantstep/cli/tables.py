"""A study's own tables on the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giantstep.studies.reports import Table


def print_tables(tables: Iterable[Table]) -> None:
    """Print each table with its title above and its note below."""
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    from giantstep.cli.console import stdout

    console = stdout()
    for table in tables:
        grid = Grid(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))
        for heading in table.columns.values():
            grid.add_column(heading)
        for row in table.rows:
            grid.add_row(*(Text(cell(row.get(key))) for key in table.columns))
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(grid)
        if table.note:
            console.print(Text(f" {table.note}"))


def cell(value: Any) -> str:
    """Return what stands in a cell: numbers with their error, a dash for what is missing.

    >>> cell((0.51234, 0.0123)), cell(float("nan")), cell(1e5), cell("z1"), cell(0.25)
    ('0.512 ± 0.012', '-', '10^5', 'z1', '0.25')
    """
    from giantstep.cli.console import count, measured

    if isinstance(value, str):
        return value
    number, error = value if isinstance(value, tuple) else (value, None)
    if number is None or not math.isfinite(number):
        return "-"
    if error is not None and math.isfinite(error):
        return measured(number, error)
    return count(number) if number == int(number) else f"{number:.3g}"
