"""A collected study as tables for other tools: Parquet or CSV, one table for each set of dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import CapabilityError, SpecError
from giantstep.studies.store import commit

if TYPE_CHECKING:
    import xarray as xr

FORMATS = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Written:
    """One table that was written: its file, its dimensions, rows and columns."""

    file: Path
    dimensions: tuple[str, ...]
    rows: int
    columns: tuple[str, ...]


def export(dataset: xr.Dataset, path: str | Path) -> tuple[Written, ...]:
    """Write a Dataset as tidy tables, one for each set of dimensions that its variables have.

    ``results.csv`` holds what has no dimensions beyond those that all tables share, the axes of the sweep;
    ``results.step-neuron-direction.csv`` what has these besides. The first columns are the dimensions, so
    that tables join on them. Rows that are padding (nothing in any column) are left out.

    Parameters
    ----------
    dataset : xarray.Dataset
        Such as `collect` returns.
    path : path
        Ends in ``.csv`` or ``.parquet``; the other tables stand beside it.

    Returns
    -------
    tuple of Written

    Raises
    ------
    SpecError
        For another ending.
    CapabilityError
        For Parquet without pyarrow.
    WriteError
        When a file cannot be written.

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> variables = {"error": ("d", [1.0, 2.0]), "overlap": (("d", "step"), [[0.0, 1.0], [0.0, np.nan]])}
    >>> data = xr.Dataset(variables, {"d": [10, 20], "step": [0, 1]})
    >>> [(table.file.name, table.rows) for table in export(data, Path(tempfile.mkdtemp(), "out.csv"))]
    [('out.csv', 2), ('out.step.csv', 3)]
    """
    goal = Path(path)
    if goal.suffix not in FORMATS:
        raise SpecError(f"{goal.name}: found the ending {goal.suffix!r}, expected {' or '.join(FORMATS)}.")
    if goal.suffix == ".parquet":
        _need_pyarrow()
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, variable in dataset.data_vars.items():
        groups.setdefault(tuple(map(str, variable.dims)), []).append(str(name))
    shortest = min(groups, key=len, default=())
    shared = [dim for dim in shortest if all(dim in dims for dims in groups)]
    written = []
    for dims, names in sorted(groups.items()):
        own = "-".join(dim for dim in dims if dim not in shared)
        file = goal.with_name(f"{goal.stem}.{own}{goal.suffix}") if own else goal
        table = _table(dataset, dims, names)
        commit(file, partial(_write, table, goal.suffix))
        written.append(Written(file, dims, len(table), tuple(map(str, table.columns))))
    return tuple(written)


def _table(dataset: xr.Dataset, dims: tuple[str, ...], names: list[str]) -> Any:
    import pandas as pd  # type: ignore[import-untyped]

    columns: dict[str, Any] = {}
    shape = tuple(dataset.sizes[dim] for dim in dims)
    for place, dim in enumerate(dims):
        labels = dataset[dim].values if dim in dataset.coords else np.arange(shape[place])
        along = [1] * len(shape)
        along[place] = -1
        columns[dim] = np.broadcast_to(labels.reshape(along), shape).ravel()
    present = np.zeros(int(np.prod(shape)), bool)
    for name in names:
        values = dataset[name].values.ravel()
        columns[name] = values
        present |= values != "" if values.dtype.kind in "OUS" else np.isfinite(values)
    return pd.DataFrame(columns)[present]


def _write(table: Any, suffix: str, path: Path) -> None:
    if suffix == ".parquet":
        table.to_parquet(path, engine="pyarrow", index=False)
    else:
        table.to_csv(path, index=False)


def _need_pyarrow() -> None:
    if find_spec("pyarrow") is None:
        raise CapabilityError(
            "export: Parquet needs pyarrow, which is not installed. Install giantstep[export], or write .csv."
        )
