"""The study beyond the kernel: test error against samples after 0, 1, 2, .. giant steps, and its bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import CapabilityError, StoreError
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.significance import mean_and_error
from giantstep.sizes import Size
from giantstep.studies.collecting import open_folder
from giantstep.studies.judgement import Judgement
from giantstep.studies.kinds.kind import read_target
from giantstep.studies.reports import Table
from giantstep.studies.store import Store
from giantstep.verdict import AGREES, DISAGREES, NOT_RESOLVED

if TYPE_CHECKING:
    import xarray as xr

_SURE = 3.0
"""Standard errors of the test sample by which a run must fall below a bound to count as below it."""


@dataclass(slots=True)
class _Cell:
    """The runs of one target, number of steps and sample size."""

    learned: int
    bound: float
    kernel_bound: float
    best: float
    errors: list[float] = field(default_factory=list)
    sampling: list[float] = field(default_factory=list)


def summary(folder: str | Path) -> xr.Dataset:
    """Return test errors of every sweep with a refitted readout, beside what theory says about them.

    The layer without a step is assessed in every run on the same samples; it is taken from the runs of the
    fewest steps. Label noise is subtracted: errors are those of predicting g.

    Returns
    -------
    xarray.Dataset
        Over (target, steps, samples): ``test_error`` with ``test_error_se`` over replicates, ``lowest_error``
        and ``lowest_margin`` of a run over the bound, ``runs``, ``below_bound`` (runs below it by three
        sampling errors). Over (target, steps): ``learned_dimension`` of U_t, ``bound`` B(U_t, k),
        ``best_function`` E Var(g | z_U), ``kernel_bound`` B(0, k).
    """
    import xarray as xr

    cells = _cells(folder)
    axes: list[list[Any]] = [list(dict.fromkeys(key[axis] for key in cells)) for axis in range(3)]
    axes[1:] = [sorted(axis) for axis in axes[1:]]
    shape = [len(axis) for axis in axes]
    names = ("test_error", "test_error_se", "lowest_error", "lowest_margin", "runs", "below_bound")
    theory = ("learned_dimension", "bound", "best_function", "kernel_bound")
    found = {name: np.full(shape, np.nan) for name in names}
    known = {name: np.full(shape[:2], np.nan) for name in theory}
    for key, cell in cells.items():
        place = tuple(axis.index(value) for axis, value in zip(axes, key, strict=True))
        values = (cell.learned, cell.bound, cell.best, cell.kernel_bound)
        for name, value in zip(theory, values, strict=True):
            known[name][place[:2]] = value
        errors, sampling = np.array(cell.errors), np.array(cell.sampling)
        finite = np.isfinite(errors)
        found["runs"][place] = finite.sum()
        if not finite.any():
            continue
        found["test_error"][place], found["test_error_se"][place] = mean_and_error(errors)
        found["lowest_error"][place] = errors[finite].min()
        found["lowest_margin"][place] = (errors[finite] - cell.bound).min()
        found["below_bound"][place] = (errors + _SURE * sampling < cell.bound)[finite].sum()
    study = open_folder(folder)
    return xr.Dataset(
        {name: (("target", "steps", "samples"), values) for name, values in found.items()}
        | {name: (("target", "steps"), values) for name, values in known.items()},
        {"target": axes[0], "steps": axes[1], "samples": axes[2]},
        {"title": study.title, "dimension": _dimension(study)},
    )


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return the separation at the largest batch, and how every run stands to its bound."""
    ends, runs = [], []
    d = float(dataset.attrs["dimension"]) or math.nan
    for target in dataset["target"].values:
        for steps in dataset["steps"].values:
            at = dataset.sel(target=target, steps=steps)
            measured = np.flatnonzero(np.isfinite(at["test_error"].values))
            if not len(measured):
                continue
            last = at.isel(samples=int(measured[-1]))
            row = {"target": str(target), "steps": float(steps)}
            bound, error = float(at["bound"]), float(last["test_error"])
            row |= {
                "learned": float(at["learned_dimension"]),
                "bound": bound,
                "n": float(last["samples"]) / d,
            }
            row |= {"error": (error, float(last["test_error_se"])), "best": float(at["best_function"])}
            ends.append(row | {"above": error - bound, "kernel": float(at["kernel_bound"])})
            low = at.isel(samples=int(np.nanargmin(at["lowest_margin"].values)))
            row = {"target": str(target), "steps": float(steps), "runs": float(at["runs"].sum())}
            row |= {"margin": float(low["lowest_margin"]), "n": float(low["samples"]) / d, "bound": bound}
            runs.append(row | {"below": float(at["below_bound"].sum())})
    heads = {"target": "target", "steps": "steps", "learned": "dim U_t", "n": "n/d", "error": "test error"}
    heads |= {"bound": "B(U_t, k)", "above": "above it", "kernel": "kernel's B(0, k)", "best": "best f(z_U)"}
    note = "Test error without label noise; no readout of p, n = O(d) goes below B(U_t, k) as d grows, "
    note += "k = 1 here, and no function of the learned directions alone below the last column."
    first = Table("Errors at the largest batch", heads, ends, note)
    heads = {"target": "target", "steps": "steps", "runs": "runs", "bound": "bound"}
    heads |= {"margin": "lowest error - bound", "n": "at n/d", "below": "runs below"}
    note = f"A run is below its bound where its error is by {_SURE:.0f} sampling errors of its test sample."
    return (first, Table("Bounds, run by run", heads, runs, note))


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether any run is below the bound that theory puts under it."""
    runs, below = int(dataset["runs"].sum()), int(dataset["below_bound"].sum())
    if not runs:
        return Judgement(NOT_RESOLVED, "no run is finished")
    margin = float(np.nanmin(dataset["lowest_margin"].values))
    reason = f"{below} of {runs} runs are below their bound, smallest distance {margin:.3g}"
    return Judgement(DISAGREES if below else AGREES, reason, entries=runs)


def _dimension(study: Any) -> int:
    found = {json.loads(point.task).get("dimension", 0) for point in study.points}
    return int(found.pop()) if len(found) == 1 else 0


def _cells(folder: str | Path) -> dict[tuple[str, int, int], _Cell]:
    theory = _Theory()
    cells: dict[tuple[str, int, int], _Cell] = {}
    runs = list(_runs(folder))
    fewest = min((len(spec["protocol"]) for _, spec, _ in runs), default=0)
    for name, spec, values in runs:
        steps = len(spec["protocol"])
        samples = Size.parse(spec["ridge_batch"], name="ridge_batch")
        n = samples.count(dimension=spec["dimension"], width=spec["network"]["width"])
        for count, error in ((0, "test_error_no_step"), (steps, "test_error"))[steps == 0 :]:
            # Every run knows the error of no step; one number of steps is enough to count it once.
            if count == 0 and steps != max(fewest, 1):
                continue
            cell = cells.setdefault((name, count, n), theory.cell(spec, count))
            cell.errors.append(float(values[error]) - spec["target"]["noise"])
            cell.sampling.append(float(values[f"{error}_se"]))
    return cells


def _runs(folder: str | Path) -> Iterator[tuple[str, dict[str, Any], dict[str, float]]]:
    """Yield (name of the target, spec, scalars) of every finished run with a refitted readout."""
    store = Store(Path(folder))
    wanted = ("test_error", "test_error_se", "test_error_no_step", "test_error_no_step_se")
    for point in open_folder(folder).points:
        spec = json.loads(point.task)
        if point.kind != "simulation" or "ridge" not in spec or "ridge_batch" not in spec:
            continue
        try:
            stored = store.read(point.hash)
        except StoreError:
            continue
        name = str(point.labels.get("target", spec["target"]["expression"]))
        yield name, spec, {key: float(np.ravel(stored.variables[key][1])[0]) for key in wanted}


class _Theory:
    """Chains and bounds, each computed once."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[int, float, float, float]] = {}

    def cell(self, spec: dict[str, Any], steps: int) -> _Cell:
        key = json.dumps([spec["target"], spec["network"], spec["protocol"][:1], steps])
        if key not in self.known:
            self.known[key] = self._compute(spec, steps)
        return _Cell(*self.known[key])

    def _compute(self, spec: dict[str, Any], steps: int) -> tuple[int, float, float, float]:
        from giantstep.asymptotics import bounds
        from giantstep.staircase import analyze
        from giantstep.training.best_function import best_function_error

        target, network = read_target(spec["target"]), Network(**spec["network"])
        protocol = Protocol.from_spec(spec["protocol"])
        basis = analyze(target, network, protocol, dimension=spec["dimension"]).subspace_at(steps)
        best = best_function_error(target, basis).test_error_clean
        try:
            table = bounds(target, [basis], order=_order(spec))
        except CapabilityError:
            return len(basis), math.nan, math.nan, best
        return len(basis), float(table["bound"][0]), float(table["kernel_bound"]), best


def _order(spec: dict[str, Any]) -> int:
    from giantstep.asymptotics.lower_bounds import readout_order

    samples = Size.parse(spec["ridge_batch"], name="ridge_batch")
    return readout_order(samples, width=spec["network"]["width"], dimension=spec["dimension"])
