"""Verdicts of a study: what theory predicts beside what was measured, one row a setting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.comparison import compare
from giantstep.significance import mean_and_error, plain
from giantstep.studies.collecting import collect, open_folder, settings
from giantstep.studies.store import commit

if TYPE_CHECKING:
    import xarray as xr


def verdicts(folder: str | Path) -> dict[str, Any]:
    """Return the tables of verdicts, JSON-ready (no NaN), and write them to ``verdicts.json``.

    Parameters
    ----------
    folder : path
        Results folder of `run`.

    Returns
    -------
    dict
        ``{"study", "title", "counts": {verdict: number}, "rows": [...]}``; a row has ``labels`` (such as
        target), ``expression``, ``verdict`` (agrees, disagrees, not resolved), ``reason``,
        ``resolving_batch``, ``dimension`` (the largest measured), ``directions`` and ``steps``: for each step
        ``predicted_dimension``, ``predicted`` (U_t in words), and at the largest dimension ``alignment`` of
        the neurons with U_t and ``outside``, their alignment with the rest of the target space, each with
        ``_se`` over seeds.

    Raises
    ------
    StoreError
        When the folder holds no study, or cannot be written.
    """
    table = judge_folder(folder)
    text = json.dumps(table, indent=1, allow_nan=False) + "\n"
    commit(Path(folder) / "verdicts.json", lambda path: path.write_text(text, encoding="utf-8"))
    return table


def judge_folder(folder: str | Path) -> dict[str, Any]:
    """Return what `verdicts` does and write nothing, for those who only look."""
    study = open_folder(folder)
    rows = []
    for sweep in study.sweeps:
        if sweep.kind != "simulation" or not any(plan.theory for plan in sweep.plans):
            continue
        dataset = collect(folder, sweep=sweep.name)
        rows += [
            {"sweep": sweep.name, "labels": labels, **judge_setting(one)} for labels, one in settings(dataset)
        ]
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["verdict"]] = counts.get(row["verdict"], 0) + 1
    return {"study": study.name, "title": study.title, "counts": counts, "rows": rows}


def judge_setting(one: xr.Dataset) -> dict[str, Any]:
    """Return the verdict on one setting (all dimensions and replicates), and its steps at the largest d."""
    if "dimension" not in one.dims:
        one = one.expand_dims(dimension=[int(one.attrs.get("dimension", 0))])
    if "dimension" in one["learned_subspace"].dims:
        theory = one["learned_subspace"].isel(dimension=-1)
        predicted = one["predicted_dimension"].isel(dimension=-1)
    else:
        theory, predicted = one["learned_subspace"], one["predicted_dimension"]
    expression = one["expression"].values.ravel()[-1]
    head: dict[str, Any] = {"expression": str(expression)}
    if "overlaps" not in one or not np.isfinite(theory.values).all():
        reason = "the simulation is missing" if "overlaps" not in one else "the certificate is missing"
        return head | {"verdict": "not resolved", "reason": reason, "directions": [], "steps": []}
    answer = compare(theory.to_dataset(name="learned_subspace"), one)
    measured = one["alignment"].notnull().any(["replicate", "step"]).values
    largest = int(np.flatnonzero(measured)[-1]) if measured.any() else -1
    at = one.isel(dimension=largest)
    steps = [
        _step(at, number, theory.values, int(predicted.values[number])) for number in range(one.sizes["step"])
    ]
    return head | {
        "verdict": answer.verdict,
        "reason": answer.reason,
        "resolving_batch": plain(answer.resolving_batch),
        "dimension": int(one["dimension"].values[largest]),
        "directions": [direction.to_dict() for direction in answer.directions],
        "steps": steps,
    }


def _step(at: xr.Dataset, number: int, chain: Any, dimension: int) -> dict[str, Any]:
    inside = at["predicted_alignment"].isel(step=number).values
    outside = at["alignment"].isel(step=number).values - inside
    row: dict[str, Any] = {
        "step": number,
        "predicted_dimension": dimension,
        "predicted": subspace_text(chain[number]),
    }
    for name, values in (("alignment", inside), ("outside", outside)):
        row[name], row[f"{name}_se"] = map(plain, mean_and_error(values))
    return row


def subspace_text(projector: Any) -> str:
    """Return a subspace in words: ``0``, ``z1, z2`` for coordinates, else a basis.

    >>> subspace_text(np.diag([1.0, 0.0, 1.0]))
    'z1, z3'
    >>> subspace_text(np.full((2, 2), 0.5))
    '(z1 + z2)/sqrt 2'
    """
    from giantstep.climb import adapted_basis

    rows, _ = adapted_basis(np.asarray(projector)[None])
    count = round(float(np.trace(projector)))
    return ", ".join(direction_text(row) for row in rows[:count]) or "0"


def direction_text(vector: Any) -> str:
    """Return a unit vector in words.

    >>> direction_text([0.9701425, 0.2425356])
    '(4 z1 + z2)/sqrt 17'
    >>> direction_text([0.6, -0.8])
    '(3 z1 - 4 z2)/5'
    >>> direction_text([0.123, 0.9924])
    '0.123 z1 + 0.992 z2'
    """
    v = np.asarray(vector, dtype=float)
    v = np.where(np.abs(v) < 1e-9, 0.0, v)
    v = v * np.sign(v[np.flatnonzero(v)[0]])
    smallest = np.abs(v[v != 0]).min()
    for multiple in range(1, 10):
        whole = v / smallest * multiple
        if np.abs(whole - np.round(whole)).max() < 1e-4 and np.abs(whole).max() < 100:
            square = int(np.round((np.round(whole) ** 2).sum()))
            root = round(square**0.5)
            size = str(root) if root * root == square else f"sqrt {square}"
            terms = _sum([(float(x), f"{abs(x):g}") for x in np.round(whole)])
            return terms if square == 1 else f"({terms})/{size}"
    return _sum([(float(x), f"{abs(x):.3g}") for x in v])


def _sum(terms: list[tuple[float, str]]) -> str:
    text = ""
    for index, (value, size) in enumerate(terms, start=1):
        if value:
            sign = (" - " if value < 0 else " + ") if text else ("-" if value < 0 else "")
            text += f"{sign}{'' if size == '1' else size + ' '}z{index}"
    return text
