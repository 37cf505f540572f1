"""How numbers are written: with their standard error, in powers of ten, with their noun."""

from __future__ import annotations

import math
from typing import Any


def measured(mean: float | None, error: float | None, *, short: bool = False) -> str:
    """Return a number with its standard error; short is the error of the last digit in brackets.

    >>> measured(0.123456, 0.0021), measured(0.5, None), measured(None, None)
    ('0.1235 ± 0.0021', '0.5000', '-')
    >>> measured(0.123456, 0.0021, short=True)
    '0.123(2)'
    """
    if mean is None:
        return "-"
    if error is None:
        return f"{mean:.4f}" if 1e-3 <= abs(mean) < 1e3 or mean == 0 else f"{mean:.3g}"
    if error == 0:
        return f"{mean:.4g} ± 0"
    digits = (0 if short else 1) - math.floor(math.log10(error))
    if 0 <= digits <= 9 and short:
        return f"{mean:.{digits}f}({round(error * 10**digits)})"
    if not 0 <= digits <= 9:
        return f"{mean:.3g} ± {error:.2g}"
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


def written(value: float | None, form: str = ".4g") -> str:
    """Return a number in a format, a dash for what is missing.

    >>> written(0.123456), written(0.123456, ".1f"), written(None)
    ('0.1235', '0.1', '-')
    """
    return "-" if value is None else format(value, form)


def count(value: float) -> str:
    """Return a number as one says it.

    >>> count(10**6), count(300000), count(4096), count(1.25)
    ('10^6', '300,000', '4,096', '1.25')
    """
    whole = int(value)
    if whole != value:
        return f"{value:.3g}"
    text = str(whole)
    if whole >= 1000 and text.rstrip("0") == "1":
        return f"10^{len(text) - 1}"
    return f"{whole:,}"


def plural(number: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "seed"), plural(5, "seed")
    ('1 seed', '5 seeds')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def cell(value: Any) -> str:
    """Return what stands in a cell: numbers with their error, a dash for what is missing.

    >>> cell((0.51234, 0.0123)), cell(float("nan")), cell(1e5), cell("z1"), cell(0.25)
    ('0.512 ± 0.012', '-', '10^5', 'z1', '0.25')
    """
    if isinstance(value, str):
        return value
    number, error = value if isinstance(value, tuple) else (value, None)
    if number is None or not math.isfinite(number):
        return "-"
    if error is not None and math.isfinite(error):
        return measured(number, error)
    return count(number) if number == int(number) else f"{number:.3g}"
