"""Rows of a user's own data: features and labels from an .npz or .csv file, without pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from giantstep.errors import SpecError, StoreError

MOST_BYTES = 2**33


def read_rows(text: str) -> tuple[Any, Any]:
    """Return (features, labels) of a file, or of scikit-learn's digits for the word ``digits``.

    An .npz file holds arrays ``features`` (rows, p) and ``labels`` (rows,), as ``numpy.savez`` writes them; a
    .csv file holds numbers, one row a sample, the label in the last column; a first line of names is skipped.

    Raises
    ------
    StoreError
        When the file is missing or broken.
    SpecError
        When it holds something else.
    """
    if text == "digits":
        from giantstep.studies.digits import digits_rows

        return digits_rows()
    path = Path(text)
    if not path.is_file():
        raise StoreError(f"data: {text}: no such file; expected an .npz or .csv file, or digits.")
    if path.stat().st_size > MOST_BYTES:
        raise StoreError(f"data: {text}: above 8 GiB; take fewer rows.")
    if path.suffix == ".npz":
        return _npz(path)
    if path.suffix == ".csv":
        return _csv(path)
    raise SpecError(f"data: found a file named {path.name!r}, expected .npz or .csv.")


def _npz(path: Path) -> tuple[Any, Any]:
    import zipfile

    import numpy as np

    # NumPy takes what is no archive for a pickle, and says so.
    if not zipfile.is_zipfile(path):
        raise StoreError(f"data: {path.name}: is no .npz file or broken. Write it with numpy.savez.")
    try:
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in ("features", "labels") if name not in file.files]
            if missing:
                raise SpecError(
                    f"data: {path.name} holds {', '.join(file.files) or 'nothing'}, expected arrays "
                    "'features' and 'labels'; write it with numpy.savez(file, features=.., labels=..)."
                )
            return file["features"], file["labels"]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, SpecError):
            raise
        why = "it holds Python objects" if "pickle" in str(error) else "it is broken"
        raise StoreError(f"data: {path.name}: cannot be read, {why}. Save plain arrays of numbers.") from None


def _csv(path: Path) -> tuple[Any, Any]:
    import numpy as np

    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise StoreError(f"data: {path.name}: is not text in UTF-8.") from None
    first = 1 if lines and not _is_row(lines[0]) else 0
    rows: list[list[float]] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        try:
            rows.append([float(cell) for cell in line.split(",")])
        except ValueError:
            raise SpecError(
                f"data: {path.name}, line {number}: found {line[:40]!r}, expected numbers between commas."
            ) from None
        if len(rows[-1]) != len(rows[0]) or len(rows[-1]) < 2:
            raise SpecError(
                f"data: {path.name}, line {number}: found {len(rows[-1])} columns, expected "
                f"{max(2, len(rows[0]))}: features, then the label."
            )
    if not rows:
        raise SpecError(f"data: {path.name}: found no row, expected features and a label in each.")
    table = np.array(rows)
    return table[:, :-1], table[:, -1]


def _is_row(line: str) -> bool:
    try:
        return bool([float(cell) for cell in line.split(",")])
    except ValueError:
        return False
