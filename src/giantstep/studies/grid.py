"""Grids: products, zipped rows and explicit points over the fields of a point."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from giantstep.errors import SpecError

MAX_POINTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a grid: rows of fields that vary together.

    Attributes
    ----------
    name : str
        The dimension it becomes in the collected Dataset.
    rows : tuple of dict
        Field path such as ``network.width`` -> value, one dict a position.
    origins : tuple of str
        Where each row stands in the user's file; with ``{field}`` in place of the field.
    """

    name: str
    rows: tuple[dict[str, Any], ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One position of a grid.

    Attributes
    ----------
    index : tuple of int
        Position along each axis.
    fields : dict
        Nested fields of the point, the sweep's own included.
    origins : dict
        Field path -> where it stands in the user's file.
    """

    index: tuple[int, ...]
    fields: dict[str, Any]
    origins: dict[str, str]


def read_axes(sweep: Mapping[str, Any], path: str) -> tuple[Axis, ...]:
    """Return the axes of a sweep, from its tables ``product``, ``zip`` and ``points``.

    Raises
    ------
    SpecError
        For tables that are not grids, empty axes, zipped lists of different lengths.
    """
    axes = [
        Axis(
            _name([field]),
            tuple({field: value} for value in values),
            _origins(f"{path}.product", len(values)),
        )
        for field, values in _lists(sweep.get("product", {}), f"{path}.product").items()
    ]
    zipped = _lists(sweep.get("zip", {}), f"{path}.zip")
    if zipped:
        lengths = {field: len(values) for field, values in zipped.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{field} has {length}" for field, length in lengths.items())
            raise SpecError(f"{path}.zip: {found}; give all zipped lists the same length.")
        rows = tuple(dict(zip(zipped, row, strict=True)) for row in zip(*zipped.values(), strict=True))
        axes.append(Axis(_name(list(zipped)), rows, _origins(f"{path}.zip", len(rows))))
    points = sweep.get("points", [])
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise SpecError(f"{path}.points: expected a list of tables, such as [[sweep.points]].")
    if points:
        rows = tuple(_flat(point) for point in points)
        fields = list(dict.fromkeys(field for row in rows for field in row))
        origins = tuple(f"{path}.points[{i}].{{field}}" for i in range(len(rows)))
        axes.append(Axis(_name(fields), rows, origins))
    for axis in axes:
        _check_distinct(axis)
    seen: dict[str, str] = {}
    for axis in axes:
        for field in dict.fromkeys(field for row in axis.rows for field in row):
            if field in seen:
                raise SpecError(f"{path}: {field} varies in two places; keep one of them.")
            seen[field] = axis.name
            # Explicit points may differ from the sweep's own value; in a list for all it would never be used.
            if field in sweep and all(f"{path}.points" not in origin for origin in axis.origins):
                raise SpecError(f"{path}.{field}: is given here and in the grid; keep one of them.")
    if len({axis.name for axis in axes}) < len(axes):
        names = ", ".join(axis.name for axis in axes)
        raise SpecError(
            f"{path}: two axes would have the same name ({names}); put both fields in zip or points."
        )
    return tuple(axes)


def expand(base: Mapping[str, Any], axes: tuple[Axis, ...], path: str) -> Iterator[Cell]:
    """Yield every cell of a grid, last axis fastest."""
    seeds = base.get("seeds")
    total = seeds if isinstance(seeds, int) and seeds > 0 else 1
    for axis in axes:
        total *= len(axis.rows)
    if total > MAX_POINTS:
        raise SpecError(f"{path}: the grid has {total} points, expected at most {MAX_POINTS}.")
    for index in itertools.product(*(range(len(axis.rows)) for axis in axes)):
        fields, origins = _copy(base), {}
        for axis, position in zip(axes, index, strict=True):
            for field, value in axis.rows[position].items():
                _put(fields, field, value, path)
                origins[field] = axis.origins[position].format(field=field)
        yield Cell(index, fields, origins)


def _check_distinct(axis: Axis) -> None:
    """Refuse a value that stands twice: the results would have two places of one name."""
    seen: dict[str, int] = {}
    for position, row in enumerate(axis.rows):
        first = seen.setdefault(json.dumps(row, sort_keys=True, default=str), position)
        if first < position:
            where = axis.origins[position].format(field=next(iter(row), ""))
            raise SpecError(f"{where}: is the same as entry {first}; keep one of them.")


def _origins(path: str, count: int) -> tuple[str, ...]:
    return tuple(f"{path}.{{field}}[{position}]" for position in range(count))


def _name(fields: list[str]) -> str:
    """An axis is called after its one field (seeds belong to replicates), else ``point``."""
    varying = [field for field in fields if field != "seeds"]
    return varying[0].rsplit(".", 1)[-1] if len(varying) == 1 else "point"


def _lists(table: Any, path: str) -> dict[str, list[Any]]:
    if not isinstance(table, dict):
        raise SpecError(
            f"{path}: found {table!r}, expected a table of lists such as dimension = [1000, 10000]."
        )
    flat = _flat(table)
    for field, values in flat.items():
        if not isinstance(values, list) or not values:
            raise SpecError(f"{path}.{field}: found {values!r}, expected a list with at least one entry.")
    return flat


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return field path -> value; nested tables such as ``network.width = [..]`` become paths.

    A target written as a table is one value, not a path.
    """
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict) and f"{prefix}{key}" != "target":
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _copy(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in table.items()}


def _put(fields: dict[str, Any], field: str, value: Any, path: str) -> None:
    *parents, last = field.split(".")
    for name in parents:
        fields = fields.setdefault(name, {})
        if not isinstance(fields, dict):
            raise SpecError(
                f"{path}.{name}: is not a table, so the grid cannot vary {field}; write it as one."
            )
    fields[last] = value
