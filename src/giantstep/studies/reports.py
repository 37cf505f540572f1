"""What a study comes to beyond its verdicts: a Dataset of its results and tables of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from giantstep.significance import plain
from giantstep.studies.collecting import collect
from giantstep.studies.netcdf import write_netcdf
from giantstep.studies.store import commit

if TYPE_CHECKING:
    import xarray as xr

_HOME = {
    "exponents": "giantstep.studies.exponents",
    "beyond-kernel": "giantstep.studies.beyond_kernel",
    "learning-curves": "giantstep.studies.learning_curves",
    "feature-spikes": "giantstep.studies.feature_spikes",
    "two-steps": "giantstep.studies.two_steps",
    "phase-map": "giantstep.studies.two_steps",
    "spectrum": "giantstep.studies.two_steps",
    "spike-map": "giantstep.studies.learning_curves",
    "time-scales": "giantstep.studies.time_scales",
    "minimax": "giantstep.studies.minimax",
    "deep-features": "giantstep.studies.deep_features",
    "multi-task": "giantstep.studies.multi_task",
}
"""Kind of figure -> the file with its ``summary(folder)`` and ``tables(dataset, folder)``."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table, for people and for JSON.

    Attributes
    ----------
    title : str
    columns : dict
        Key -> heading.
    rows : tuple of dict
        Key -> text, number, None, or (number, standard error).
    note : str
        How to read it.
    """

    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON-ready values: null for what is not finite."""
        return {
            "title": self.title,
            "columns": dict(self.columns),
            "rows": [{key: _plain(row.get(key)) for key in self.columns} for row in self.rows],
            "note": self.note,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str) else plain(value)


def home(kind: str | None) -> Any:
    """Return the module of a kind of figure that has a summary of its own; None for the others."""
    return import_module(_HOME[kind]) if kind in _HOME else None


def summary_of(folder: str | Path, kind: str | None) -> xr.Dataset | None:
    """Return the summary of a study whose figure is of a kind; None for kinds that have none.

    Some take a while: tables, verdict and figure may share one.

    Raises
    ------
    SpecError
        When nothing of the kind is finished yet.
    StoreError
        When the folder holds no study.
    """
    module = home(kind)
    if module is None:
        return None
    summary: xr.Dataset = module.summary(Path(folder))
    return summary


def report(folder: str | Path, kind: str | None, summary: xr.Dataset | None = None) -> tuple[Table, ...]:
    """Return the tables of a study whose figure is of a kind, and write them and their Dataset to its folder.

    ``<kind>.nc`` holds the Dataset and ``tables.json`` the tables; a kind that has none writes nothing.

    Parameters
    ----------
    folder : path
        Results folder of `run`.
    kind : str or None
        A study's ``figure``.
    summary : Dataset, optional
        What `summary_of` gave, where it is at hand.

    Raises
    ------
    SpecError
        When nothing of the kind is finished yet.
    StoreError
        When the folder holds no study, or cannot be written.
    """
    place = Path(folder)
    dataset = summary_of(place, kind) if summary is None else summary
    if dataset is None:
        return ()
    tables = tables_of(place, kind, dataset)
    variables = {str(key): (tuple(map(str, v.dims)), v.values) for key, v in dataset.variables.items()}
    commit(place / f"{kind}.nc", lambda path: write_netcdf(path, variables, dataset.attrs))
    text = json.dumps([table.to_dict() for table in tables], indent=1, allow_nan=False) + "\n"
    commit(place / "tables.json", lambda path: path.write_text(text, encoding="utf-8"))
    return tables


def tables_of(folder: str | Path, kind: str | None, summary: xr.Dataset | None = None) -> tuple[Table, ...]:
    """Return the tables that `report` does and write nothing, for those who only look."""
    dataset = summary_of(folder, kind) if summary is None else summary
    if dataset is None:
        return ()
    tables: tuple[Table, ...] = home(kind).tables(dataset, Path(folder))
    return tables


def home_of(kind: str) -> str:
    """Return the file whose summary a kind of figure draws; empty for what `collect` gives."""
    return _HOME.get(kind, "")


def drawable(folder: str | Path, kind: str) -> xr.Dataset:
    """Return the Dataset that a kind of figure draws: the study's summary where it has one.

    Parameters
    ----------
    folder : path
        Results folder of `run`.
    kind : str
        One of `giantstep.figures.kinds`.

    Raises
    ------
    SpecError
        When nothing of the kind is finished yet.
    StoreError
        When the folder holds no study.
    """
    summary = summary_of(folder, kind)
    return collect(folder) if summary is None else summary
