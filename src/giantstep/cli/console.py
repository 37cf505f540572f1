"""What every command says the same way: tables on stdout, messages, estimates and progress on stderr."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from giantstep.errors import CapabilityError
from giantstep.numerals import count as count
from giantstep.numerals import measured as measured
from giantstep.numerals import plural as plural
from giantstep.numerals import written as written

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

CONSENT_SECONDS = 600.0
"""Above this estimate a command wants --yes."""

_WORTH_SAYING_SECONDS = 3.0
_PLAIN_WIDTH = 110
_PLAIN_EVERY_SECONDS = 10.0


def stdout() -> Console:
    """Return the console for results; as wide as the terminal, 110 columns into a file or pipe."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else _PLAIN_WIDTH)


def tell(text: str) -> None:
    """Print a message on stderr; nothing that is computed ends because nobody can read it."""
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM end what is inside as Ctrl-C does: one line, exit code 130."""

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def print_json(document: Any) -> None:
    """Print the one JSON document of this command; NaN and infinity are a bug here, not a value."""
    print(json.dumps(document, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> float | None:
    """Return a float for JSON: None where it is not finite."""
    converted = float(value)
    return converted if math.isfinite(converted) else None


def afford(seconds: float, memory: float, *, yes: bool, what: str) -> None:
    """Say what a command will cost, and stop where it is much and nobody agreed to it.

    Raises
    ------
    CapabilityError
        Above ten minutes without ``--yes``.
    """
    price = f"about {duration(seconds)} and {size(memory)} of memory"
    if seconds > CONSENT_SECONDS and not yes:
        raise CapabilityError(f"{what}: would take {price}. Add --yes to go ahead, or ask for less.")
    if seconds > _WORTH_SAYING_SECONDS:
        tell(f"{what}: {price}")


def duration(seconds: float) -> str:
    """Return a time in the unit one would say.

    >>> duration(0.2), duration(42), duration(5400), duration(4e6)
    ('under a second', '42 s', '1.5 h', '46 days')
    """
    if seconds < 1:
        return "under a second"
    for limit, unit, name in ((120, 1, "s"), (7200 / 2, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.2g} {name}" if seconds / unit < 10 else f"{seconds / unit:.0f} {name}"
    days = seconds / 86400
    return f"{days:.0f} days" if days < 1000 else f"{days / 365.25:.2g} years"


def size(memory: float) -> str:
    """Return bytes in MiB or GiB.

    >>> size(7e7), size(5e9)
    ('67 MiB', '4.7 GiB')
    """
    return f"{memory / 2**20:.0f} MiB" if memory < 2**30 else f"{memory / 2**30:.1f} GiB"


@contextmanager
def progress(what: str, total: float) -> Iterator[Callable[..., None]]:
    """Yield a function to call with the amount just done, and a note on it if there is one.

    A bar on a terminal, else a line now and then.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(
            *columns, TextColumn("{task.fields[note]}"), console=Console(file=sys.stderr), transient=True
        ) as bars:
            bar = bars.add_task(what, total=total, note="")
            yield lambda amount, note="": bars.update(bar, advance=amount, note=note)
        return
    done, told = 0.0, time.monotonic()

    def advance(amount: float, note: str = "") -> None:
        nonlocal done, told
        done += amount
        if time.monotonic() - told > _PLAIN_EVERY_SECONDS:
            told = time.monotonic()
            tell(f"{what}: {100 * done / max(total, 1e-300):.0f} % done{f', {note}' if note else ''}")

    yield advance


def empty_table() -> Table:
    """Return a table without columns yet, of the look of all: a rule below the headings, none around."""
    from rich import box
    from rich.table import Table

    return Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))


def listing(rows: list[dict[str, str]]) -> None:
    """Print records as an aligned list, the first field standing out."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for row in rows:
        first, *others = row.values()
        table.add_row(Text(first, style="bold"), *map(Text, others))
    stdout().print(table)
