"""The study of multi-task pretraining: alignment and conditioning beside their law, accuracy downstream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError
from giantstep.significance import rms
from giantstep.studies.collecting import open_folder
from giantstep.studies.judgement import Judgement, of_scores
from giantstep.studies.kinds.multi_task import read_settings, read_tasks
from giantstep.studies.paired_scores import paired_score, stacked
from giantstep.studies.reports import Table
from giantstep.studies.store import Store, Stored

if TYPE_CHECKING:
    import xarray as xr


def summary(folder: str | Path) -> xr.Dataset:
    """Return every pretraining, and every downstream accuracy, of the study.

    Returns
    -------
    xarray.Dataset
        Over entry (a setting at a number of samples): ``sweep``, ``rank``, ``tasks`` (infinite: inf),
        ``balanced``, ``centred``, ``dimension``, ``samples``, ``sample_ratio`` n/d; ``alignment`` and
        ``conditioning`` with ``*_se`` and ``*_law``, ``*_z``, ``runs``. Over trial (a setting, a
        representation and a number of downstream samples): ``trial_dimension``, ``representation``,
        ``downstream``, ``accuracy``, ``accuracy_se``.
    """
    import xarray as xr

    entries: list[dict[str, Any]] = []
    trials: list[dict[str, Any]] = []
    for sweep, spec, runs in _settings(folder):
        entries += _entries(sweep, spec, runs)
        if "accuracy" in runs[0].variables:
            trials += _trials(spec, runs)
    if not entries:
        raise SpecError("multi-task: found no finished point of kind multi-task.")
    variables: dict[str, Any] = {name: ("entry", [row[name] for row in entries]) for name in entries[0]}
    if trials:
        variables |= {name: ("trial", [row[name] for row in trials]) for name in trials[0]}
    return xr.Dataset(variables, attrs={"title": open_folder(folder).title})


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether alignments follow the closed law of their own tasks."""
    return of_scores(dataset["alignment_z"].values)


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return alignments beside their law with z-scores, and downstream accuracies."""
    rows: list[dict[str, Any]] = []
    for place in range(dataset.sizes["entry"]):
        at = dataset.isel(entry=place)
        kind = "balanced" if bool(at.balanced) else "centred" if bool(at.centred) else "unbalanced"
        tasks = _count(float(at.tasks))
        rows.append(
            {
                "setting": f"{tasks} {kind}, r = {int(at['rank'])}, d = {int(at.dimension)}",
                "samples": float(at.samples),
                "alignment": (float(at.alignment), float(at.alignment_se)),
                "law": float(at.alignment_law),
                "z": float(at.alignment_z),
                "conditioning": (float(at.conditioning), float(at.conditioning_se)),
                "conditioning_law": float(at.conditioning_law),
                "conditioning_z": float(at.conditioning_z),
            }
        )
    heads = {
        "setting": "tasks",
        "samples": "samples",
        "alignment": "alignment",
        "law": "law",
        "z": "z",
        "conditioning": "conditioning",
        "conditioning_law": "its law",
        "conditioning_z": "its z",
    }
    sizes = [rms([row[name] for row in rows]) for name in ("z", "conditioning_z")]
    note = (
        f"rms z {sizes[0]:.2g}, of the conditioning {sizes[1]:.2g}; each draw of tasks against its own laws."
    )
    found = [Table("Alignment with the shared bits", heads, rows, note)]
    if "trial" in dataset.sizes:
        found.append(_downstream(dataset))
    return tuple(found)


def _downstream(dataset: xr.Dataset) -> Table:
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for place in range(dataset.sizes["trial"]):
        at = dataset.isel(trial=place)
        key = int(at.trial_dimension), str(at.representation.values)
        row = rows.setdefault(key, {"dimension": float(key[0]), "features": key[1]})
        row[f"n{int(at.downstream)}"] = (float(at.accuracy), float(at.accuracy_se))
    counts = sorted({int(n) for n in dataset["downstream"].values})
    heads = {"dimension": "d", "features": "features"} | {f"n{n}": f"n = {n}" for n in counts}
    note = "Mean over fresh tasks, the same at every d; standard error over pretrainings."
    return Table("Downstream accuracy of a new head", heads, list(rows.values()), note)


def _settings(folder: str | Path) -> Iterator[tuple[str, dict[str, Any], list[Stored]]]:
    store = Store(Path(folder))
    groups: dict[str, tuple[str, dict[str, Any], list[Stored]]] = {}
    for point in open_folder(folder).points:
        if point.kind != "multi-task":
            continue
        spec = json.loads(point.task)
        plain = {name: value for name, value in spec.items() if name != "replicate"}
        key = point.sweep + json.dumps(plain, sort_keys=True)
        group = groups.setdefault(key, (point.sweep, spec, []))
        try:
            group[2].append(store.read(point.hash))
        except StoreError:
            continue
    yield from (group for group in groups.values() if group[2])


def _entries(sweep: str, spec: dict[str, Any], runs: list[Stored]) -> list[dict[str, Any]]:
    tasks = read_tasks(spec)
    scores = {
        name: paired_score(stacked(runs, name), stacked(runs, f"{name}_law"))
        for name in ("alignment", "conditioning")
    }
    found = []
    for place, setting in enumerate(read_settings(spec)):
        row: dict[str, Any] = {
            "sweep": sweep,
            "rank": tasks.rank,
            "tasks": np.inf if tasks.count is None else float(tasks.count),
            "balanced": tasks.balanced,
            "centred": tasks.centred,
            "dimension": setting.dimension,
            "samples": setting.head_samples,
            "sample_ratio": setting.head_samples / setting.dimension,
            "runs": float(len(runs)),
        }
        for name, score in scores.items():
            row |= {name: float(score.mean[place]), f"{name}_se": float(score.error[place])}
            row |= {f"{name}_law": float(score.theory[place]), f"{name}_z": float(score.z[place])}
        found.append(row)
    return found


def _trials(spec: dict[str, Any], runs: list[Stored]) -> list[dict[str, Any]]:
    from giantstep.training.multi_task.downstream import REPRESENTATIONS

    score = paired_score(stacked(runs, "accuracy"), 0.0)
    return [
        {
            "trial_dimension": int(spec["dimension"]),
            "representation": kind,
            "downstream": int(n),
            "accuracy": float(score.mean[row, column]),
            "accuracy_se": float(score.error[row, column]),
        }
        for row, kind in enumerate(REPRESENTATIONS)
        for column, n in enumerate(spec["downstream"])
    ]


def _count(tasks: float) -> str:
    return "infinitely many" if np.isinf(tasks) else f"{tasks:g}"
