"""A study: what a file describes, expanded into points."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import ValidationError

from giantstep.errors import GiantStepError, SpecError, nearest
from giantstep.studies.canonical import SCHEMA_VERSION, canonical, spec_hash
from giantstep.studies.grid import Axis, Cell, expand, read_axes
from giantstep.studies.spec import (
    KINDS,
    POINT,
    CertificateWords,
    ScanWords,
    StudyWords,
    certificate_spec,
    explain,
    nouns,
    run_spec,
    whole_numbers,
)
from giantstep.targets import catalog

GRID = ("product", "zip", "points")
HEAD = ("kind", "name", "theory")
THEORIES = ("certificate",)


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
        ``simulation``, ``scan`` or ``certificate``.
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
        Files of the replicates (one for a certificate).
    theory : str or None
        File of the certificate beside a simulation.
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
        Every file it needs, once; certificates first.
    """

    name: str
    title: str
    text: str
    figure: str | None
    sweeps: tuple[Sweep, ...]
    points: tuple[Point, ...]

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
            words = StudyWords.model_validate(whole_numbers(tomllib.loads(text)))
        except tomllib.TOMLDecodeError as error:
            raise SpecError(f"{name}: is not TOML: {error}.") from None
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
        ordered = sorted(points.values(), key=lambda point: point.kind != "certificate")
        return cls(name, words.title or name, text, words.figure, tuple(sweeps), tuple(ordered))


def _read_sweep(table: dict[str, Any], path: str, study: StudyWords) -> tuple[Sweep, list[Point]]:
    kind, theory = table.get("kind"), table.get("theory")
    if kind not in KINDS:
        hint = nearest(str(kind), KINDS)
        raise SpecError(f"{path}.kind: found {kind!r}, expected {' or '.join(KINDS)}{hint}.")
    if theory is not None and (theory not in THEORIES or kind == "certificate"):
        raise SpecError(
            f"{path}.theory: found {theory!r}, expected {', '.join(THEORIES)}, beside a simulation or scan."
        )
    base = {key: value for key, value in table.items() if key not in (*GRID, "name", "theory")}
    for key in base:
        allowed = [*KINDS[kind].model_fields, *GRID, *HEAD]
        if key not in allowed:
            raise SpecError(
                f"{path}.{key}: unknown key{nearest(key, allowed)}; allowed are {', '.join(allowed)}."
            )
    axes = read_axes(_whole_catalog(table), path)
    reader = _CellReader(study, path, axes, table.get("name", kind), theory is not None)
    plans: list[Plan] = []
    points: list[Point] = []
    for cell in expand(base, axes, path):
        plan, own = reader.read(cell)
        plans.append(plan)
        points += own
    labels = tuple((axis.name, reader.labels(position)) for position, axis in enumerate(axes))
    return Sweep(table.get("name", kind), kind, labels, tuple(plans)), points


def _whole_catalog(table: dict[str, Any]) -> dict[str, Any]:
    """Return the sweep with ``product.target = "catalog"`` written out."""
    product = table.get("product")
    if isinstance(product, dict) and product.get("target") == "catalog":
        return table | {"product": product | {"target": list(catalog.names())}}
    return table


class _CellReader:
    """Reads cells into plans and points, and learns the labels of the axes on the way."""

    def __init__(self, study: StudyWords, path: str, axes: tuple[Axis, ...], name: str, theory: bool) -> None:
        self.study, self.path, self.axes, self.name, self.theory = study, path, axes, name, theory
        self.found: list[dict[int, Any]] = [{} for _ in axes]

    def labels(self, position: int) -> tuple[Any, ...]:
        return tuple(self.found[position][row] for row in range(len(self.axes[position].rows)))

    def read(self, cell: Cell) -> tuple[Plan, list[Point]]:
        spell = partial(_spelled, cell.origins, self.path)
        try:
            words = POINT.validate_python(cell.fields)
        except ValidationError as error:
            raise explain(error, spell) from None
        labels = {}
        for position, (axis, row) in enumerate(zip(self.axes, cell.index, strict=True)):
            label = self.found[position].setdefault(row, _label(axis, row, words))
            labels[axis.name] = label
        try:
            return self._plan(cell, words, labels, spell)
        except GiantStepError as error:
            # A noun's own message begins with the field; the cell says where in the file.
            raise error if str(error).startswith(self.path) else SpecError(f"{self.path}: {error}") from None

    def _plan(
        self, cell: Cell, words: Any, labels: dict[str, Any], spell: Callable[[str], str]
    ) -> tuple[Plan, list[Point]]:
        name = self.name
        target, network, protocol = nouns(words, spell)
        certificate = None
        points: list[Point] = []
        if self.theory or isinstance(words, CertificateWords):
            task = canonical(certificate_spec(target, network, protocol, words.dimension))
            certificate = spec_hash(task)
            points.append(Point(task, certificate, "certificate", name, labels))
        if isinstance(words, CertificateWords):
            return Plan(cell.index, (points[0].hash,)), points
        assert network is not None
        assert protocol is not None
        _check(words, target.rank, network, protocol, spell)
        spec = run_spec(words, target, network, protocol, self.study.seed, self.study.independent)
        # One canonical text with a hole is much quicker than one for each replicate.
        for replicate, task in enumerate(_replicates(spec, words.seeds)):
            own = labels | {"replicate": replicate}
            points.append(Point(task, spec_hash(task), words.kind, name, own))
        hashes = tuple(point.hash for point in points if point.kind == words.kind)
        return Plan(cell.index, hashes, certificate), points


def _replicates(spec: dict[str, Any], seeds: int) -> Iterator[str]:
    """Yield the canonical text of every replicate."""
    for replicate in range(seeds):
        yield canonical(spec | {"replicate": replicate})


def _check(words: Any, rank: int, network: Any, protocol: Any, spell: Callable[[str], str]) -> None:
    """Raise here, with the field's name, for what would otherwise fail at every replicate of the run."""
    from giantstep.sizes import Size
    from giantstep.training.batch_scan import check_scan
    from giantstep.training.choice import ENGINES
    from giantstep.training.retraining import Retraining
    from giantstep.training.simulation import check_dimension

    try:
        check_dimension(words.dimension, rank)
        protocol.batches(words.dimension, network.width)
        protocol.learning_rates(words.dimension, network.width)
        network.check_dimension(words.dimension, rank)
        if isinstance(words, ScanWords):
            smallest = Size.parse(words.smallest_batch, name="smallest_batch")
            check_scan(protocol, smallest, words.per_octave, dimension=words.dimension, width=network.width)
            return
        Retraining.parse(words.ridge, words.ridge_batch, dimension=words.dimension, width=network.width)
    except GiantStepError as error:
        raise SpecError(f"{spell('dimension')}: {error}") from None
    if words.engine not in ENGINES:
        hint = nearest(words.engine, ENGINES)
        raise SpecError(f"{spell('engine')}: found {words.engine!r}, expected {', '.join(ENGINES)}{hint}.")


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
    if fields == ["target"] or axis.name == "target":
        return words.target_label
    value = axis.rows[row][fields[0]] if fields else row
    if isinstance(value, bool):
        return f"{'with' if value else 'without'} {axis.name}"
    return value if isinstance(value, str | int | float) else json.dumps(value)


__all__ = ["SCHEMA_VERSION", "Plan", "Point", "Study", "Sweep"]
