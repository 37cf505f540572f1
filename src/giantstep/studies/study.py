"""A study: what a file describes, expanded into points."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import ValidationError

from giantstep.errors import GiantStepError, SpecError, nearest
from giantstep.studies.canonical import SCHEMA_VERSION, canonical, spec_hash
from giantstep.studies.grid import Axis, Cell, expand, read_axes
from giantstep.studies.kinds import KINDS, Draws, Kind
from giantstep.studies.spec import StudyWords, explain, read_toml, whole_numbers
from giantstep.studies.words import Spell, hint
from giantstep.targets import catalog

GRID = ("product", "zip", "points")


@dataclass(frozen=True, slots=True)
class Point:
    """One file of the store: a spec, its hash, and where it stands in the grid.

    Attributes
    ----------
    task : str
        The canonical JSON that the hash is taken of; all a worker needs.
    hash : str
        SHA-256 of the task, 64 hexadecimal digits; names the file.
    kind : str
        A name of `giantstep.studies.kinds.KINDS`.
    sweep : str
        Name of the sweep it belongs to.
    labels : dict
        Axis -> label of this point, such as {"target": "stair2", "dimension": 1000, "replicate": 0}.
    """

    task: str
    hash: str
    kind: str
    sweep: str
    labels: dict[str, Any] = field(compare=False)

    @property
    def title(self) -> str:
        """The labels in one line, for people."""
        return ", ".join([self.kind, *(f"{name} {value}" for name, value in self.labels.items())])


@dataclass(frozen=True, slots=True)
class Plan:
    """One cell of a sweep: where it stands and which files answer for it.

    Attributes
    ----------
    index : tuple of int
        Position along each axis of the sweep.
    hashes : tuple of str
        Files of the replicates (one for what has none).
    theory : str or None
        File of the theory beside a simulation.
    """

    index: tuple[int, ...]
    hashes: tuple[str, ...]
    theory: str | None = None


@dataclass(frozen=True, slots=True)
class Sweep:
    """One grid of a study.

    Attributes
    ----------
    name, kind : str
    axes : tuple of (name, labels)
        Dimensions of the collected Dataset, replicate apart.
    plans : tuple of Plan
        Every cell of the grid.
    """

    name: str
    kind: str
    axes: tuple[tuple[str, tuple[Any, ...]], ...]
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What one run may take: seconds on the wall, bytes of all points under way. None: no limit."""

    seconds: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """A study file, read and expanded.

    Attributes
    ----------
    name, title : str
        What it is called, and what it answers in a line.
    text : str
        The TOML it was read from; kept beside the results.
    figure : str or None
        Kind of figure its results are drawn as.
    sweeps : tuple of Sweep
    points : tuple of Point
        Every file it needs, once; what has no replicates first.
    budget : Budget
        What one run may take; it stops in order when the time is spent, and the next one goes on.
    """

    name: str
    title: str
    text: str
    figure: str | None
    sweeps: tuple[Sweep, ...]
    points: tuple[Point, ...]
    budget: Budget = Budget()

    @classmethod
    def parse(cls, text: str, *, name: str = "study") -> Study:
        """Read a study from the text of its file.

        Raises
        ------
        SpecError
            One line: the field as the file spells it, what was found, what is allowed.

        Examples
        --------
        >>> study = Study.parse('''
        ... [[sweep]]
        ... kind = "simulation"
        ... target = "z1 + z1*z2"
        ... network = {width = 4}
        ... protocol = {steps = 2, batch = "2d", learning_rate = 1}
        ... seeds = 3
        ... product.dimension = [100, 1000]
        ... ''')
        >>> len(study.points), study.points[0].labels
        (6, {'dimension': 100, 'replicate': 0})
        """
        try:
            table = whole_numbers(read_toml(text, name))
            _check_version(table)
            words = StudyWords.model_validate(table)
        except ValidationError as error:
            raise explain(error, str) from None
        sweeps: list[Sweep] = []
        points: dict[str, Point] = {}
        for number, table in enumerate(words.sweep):
            sweep, own = _read_sweep(table, f"sweep[{number}]", words)
            if any(sweep.name == other.name for other in sweeps):
                raise SpecError(
                    f"sweep[{number}].name: {sweep.name!r} is taken; give each sweep its own name."
                )
            sweeps.append(sweep)
            points |= {point.hash: points.get(point.hash, point) for point in own}
        ordered = sorted(points.values(), key=lambda point: KINDS[point.kind].has_replicates)
        budget = Budget(**words.budget.model_dump())
        return cls(name, words.title or name, text, words.figure, tuple(sweeps), tuple(ordered), budget)


def _check_version(table: dict[str, Any]) -> None:
    """Refuse what is for a newer giantstep before its unknown keys are called mistakes."""
    version = table.get("schema_version")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise SpecError(
            f"schema_version: found {version}, expected {SCHEMA_VERSION}; the file is for a newer giantstep, "
            "upgrade to run it."
        )


def _read_sweep(table: dict[str, Any], path: str, study: StudyWords) -> tuple[Sweep, list[Point]]:
    name = table.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        near = nearest(str(name), KINDS)
        raise SpecError(f"{path}.kind: found {name!r}, expected {' or '.join(KINDS)}{near}.")
    kind = KINDS[name]
    head = ("name",) if "theory" in kind.words.model_fields else ("name", "theory")
    theory = table.get("theory") if "theory" in head else None
    if theory is not None and (not isinstance(theory, str) or theory not in kind.beside):
        allowed = ", ".join(kind.beside) or f"none beside kind {name!r}"
        raise SpecError(f"{path}.theory: found {theory!r}, expected {allowed}.")
    base = {key: value for key, value in table.items() if key not in (*GRID, *head)}
    allowed_keys = dict.fromkeys([*kind.words.model_fields, *GRID, *head])
    for key in base:
        if key not in allowed_keys:
            raise SpecError(
                f"{path}.{key}: unknown key{hint(key, allowed_keys)}; allowed are {', '.join(allowed_keys)}."
            )
    called = table.get("name", name)
    if not isinstance(called, str) or not called:
        raise SpecError(f"{path}.name: found {called!r}, expected text.")
    axes = read_axes(_whole_catalog(table), path)
    reader = _CellReader(study, path, axes, called, kind, theory)
    plans: list[Plan] = []
    points: list[Point] = []
    for cell in expand(base, axes, path):
        plan, own = reader.read(cell)
        plans.append(plan)
        points += own
    labels = tuple((axis.name, reader.labels(position)) for position, axis in enumerate(axes))
    return Sweep(reader.name, name, labels, tuple(plans)), points


def _whole_catalog(table: dict[str, Any]) -> dict[str, Any]:
    """Return the sweep with ``product.target = "catalog"`` written out."""
    product = table.get("product")
    if isinstance(product, dict) and product.get("target") == "catalog":
        return table | {"product": product | {"target": list(catalog.names())}}
    return table


@dataclass(slots=True)
class _CellReader:
    """Reads cells into plans and points, and learns the labels of the axes on the way."""

    study: StudyWords
    path: str
    axes: tuple[Axis, ...]
    name: str
    kind: Kind
    theory: str | None
    found: dict[tuple[int, int], Any] = field(default_factory=dict)

    def labels(self, position: int) -> tuple[Any, ...]:
        return tuple(self.found[position, row] for row in range(len(self.axes[position].rows)))

    def read(self, cell: Cell) -> tuple[Plan, list[Point]]:
        spell = partial(_spelled, cell.origins, self.path)
        try:
            words = self.kind.words.model_validate(cell.fields)
        except ValidationError as error:
            raise explain(error, spell) from None
        labels = {}
        for position, (axis, row) in enumerate(zip(self.axes, cell.index, strict=True)):
            labels[axis.name] = self.found.setdefault((position, row), _label(axis, row, words))
        try:
            return self._plan(cell, words, labels, spell)
        except GiantStepError as error:
            # A noun's own message begins with the field; the cell says where in the file.
            raise error if str(error).startswith(self.path) else SpecError(f"{self.path}: {error}") from None

    def _plan(self, cell: Cell, words: Any, labels: dict[str, Any], spell: Spell) -> tuple[Plan, list[Point]]:
        points: list[Point] = []
        theory = None
        if self.theory is not None:
            spec = self._complete(KINDS[self.theory], self.kind.beside[self.theory](words, spell))
            points.append(self._point(canonical(spec), self.theory, labels))
            theory = points[0].hash
        spec = self._complete(self.kind, self.kind.spec(words, spell))
        own = [
            self._point(task, self.kind.name, labels | more)
            for task, more in _replicates(spec, words, self.kind)
        ]
        return Plan(cell.index, tuple(point.hash for point in own), theory), points + own

    def _point(self, task: str, kind: str, labels: dict[str, Any]) -> Point:
        return Point(task, spec_hash(task), kind, self.name, labels)

    def _complete(self, kind: Kind, spec: dict[str, Any]) -> dict[str, Any]:
        """Return the spec with what stands in every one, and the study's own words that the kind heeds."""
        found = {"schema_version": SCHEMA_VERSION, "kind": kind.name} | spec
        if kind.draws is not Draws.NOTHING:
            found["seed"] = self.study.seed
        if kind.has_replicates and self.study.independent:
            found["independent"] = True
        return found


def _replicates(spec: dict[str, Any], words: Any, kind: Kind) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the canonical text of every replicate, and the label that tells it from the others."""
    if not kind.has_replicates:
        yield canonical(spec), {}
        return
    for replicate in range(words.seeds):
        yield canonical(spec | {"replicate": replicate}), {"replicate": replicate}


def _spelled(origins: dict[str, str], path: str, location: str) -> str:
    """Return where a field stands in the user's file: in the grid, or in the sweep itself."""
    for grid_field, origin in origins.items():
        if location == grid_field or location.startswith((grid_field + ".", grid_field + "[")):
            return origin + location[len(grid_field) :]
    return f"{path}.{location}" if location else path


def _label(axis: Axis, row: int, words: Any) -> Any:
    """Return what a position on an axis is called."""
    fields = [name for name in axis.rows[row] if name != "seeds"]
    if axis.name == "point":
        return row
    if axis.name == "target":
        return words.target_label
    value = axis.rows[row][fields[0]] if fields else row
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {axis.name}"
    return value if isinstance(value, str | int | float) else json.dumps(value)


__all__ = ["SCHEMA_VERSION", "Plan", "Point", "Study", "Sweep"]
