"""The study of deep features: measured and predicted errors of drawn and of trained networks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError
from giantstep.numerals import plural
from giantstep.protocol import Protocol
from giantstep.significance import rms
from giantstep.studies.collecting import open_folder
from giantstep.studies.judgement import Judgement, of_scores
from giantstep.studies.paired_scores import paired_score, stacked
from giantstep.studies.reports import Table
from giantstep.studies.store import Store, Stored

if TYPE_CHECKING:
    import xarray as xr

Runs = dict[str, Any]


def summary(folder: str | Path) -> xr.Dataset:
    """Return every point of the study as one row, and the predicted lines.

    Returns
    -------
    xarray.Dataset
        Over entry (a setting at a number of samples): ``family`` (deep or trained), ``rows``, ``layers``,
        ``penalty``, ``step`` (eta = learning rate / sqrt p), ``sample_ratio`` n/p, ``test_error``,
        ``test_error_se`` over ``runs`` replicates, ``predicted`` (from the weights; trained: plug-in),
        ``linearised``, ``z`` and ``z_linearised`` (each replicate against its own theory). Over (curve,
        line): ``line_ratio``, ``line_error``; over curve ``line_rows``, ``line_layers``, ``line_penalty``.
    """
    import xarray as xr

    entries: list[dict[str, Any]] = []
    curves: list[dict[str, Any]] = []
    sizes: list[dict[str, Any]] = []
    for spec, runs in _settings(folder):
        if spec["kind"] == "deep-covariance":
            sizes.append(_size(spec, runs))
        elif spec["kind"] == "deep-features":
            entries += _deep(spec, runs)
            curves.append(_line(spec, runs))
        else:
            entries += _trained(spec, runs)
    if not entries:
        raise SpecError("deep-features: found no finished point of kind deep-features or trained-features.")
    variables: dict[str, Any] = {name: ("entry", [row[name] for row in entries]) for name in entries[0]}
    if curves:
        for name in curves[0]:
            values = np.array([curve[name] for curve in curves])
            variables[name] = (("curve", "line")[: values.ndim], values)
    for name in sizes[0] if sizes else ():
        variables[name] = ("size", [size[name] for size in sizes])
    return xr.Dataset(variables, attrs={"title": open_folder(folder).title})


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether errors follow the theory of each network's weights, or the plug-in after a step."""
    linearised, bias = dataset["z_linearised"].values, ""
    if np.isfinite(linearised).any():
        bias = f"linearised after a step: {of_scores(linearised).reason.split(' over')[0]}"
    return of_scores(dataset["z"].values, bias=bias)


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return measured errors beside the theories, with z-scores."""
    found = []
    for family, title in (
        ("deep", "Deep networks: test error, and the theory of their weights"),
        ("trained", "One giant step: test error, plug-in and linearised theory"),
    ):
        rows = []
        here = dataset.isel(entry=np.flatnonzero(dataset["family"].values == family))
        for place in range(here.sizes["entry"]):
            at = here.isel(entry=place)
            layers = plural(int(at.layers), "layer")
            row: dict[str, Any] = {
                "setting": f"{layers}, {at.rows.item()}, penalty {float(at.penalty):g}"
                if family == "deep"
                else f"eta {float(at.step):g}, spike {float(at.spike):.2g}",
                "ratio": float(at.sample_ratio),
                "error": (float(at.test_error), float(at.test_error_se)),
                "theory": float(at.predicted),
                "z": float(at.z),
            }
            if family == "trained":
                row |= {"linearised": float(at.linearised), "z_linearised": float(at.z_linearised)}
            rows.append(row)
        if not rows:
            continue
        heads = {"setting": "setting", "ratio": "n/p", "error": "test error", "theory": "theory", "z": "z"}
        if family == "trained":
            heads |= {"theory": "plug-in", "linearised": "linearised", "z_linearised": "z linearised"}
        size = rms([row["z"] for row in rows])
        note = f"rms z {size:.2g}; each network against the theory of its own weights."
        found.append(Table(title, heads, rows, note))
    return tuple(found)


def _settings(folder: str | Path) -> Iterator[tuple[dict[str, Any], list[Stored]]]:
    """Yield (spec, finished replicates) of every setting."""
    store = Store(Path(folder))
    groups: dict[str, tuple[dict[str, Any], list[Stored]]] = {}
    for point in open_folder(folder).points:
        if point.kind not in ("deep-features", "trained-features", "deep-covariance"):
            continue
        spec = json.loads(point.task)
        key = json.dumps({name: value for name, value in spec.items() if name != "replicate"}, sort_keys=True)
        try:
            groups.setdefault(key, (spec, []))[1].append(store.read(point.hash))
        except StoreError:
            continue
    yield from (group for group in groups.values() if group[1])


def _entry(runs: list[Stored], place: int, predicted: str) -> dict[str, Any]:
    score = paired_score(stacked(runs, "test_error")[:, place], stacked(runs, predicted)[:, place])
    return {
        "test_error": float(score.mean),
        "test_error_se": float(score.error),
        "predicted": float(score.theory),
        "z": float(score.z),
        "runs": float(len(runs)),
    }


def _deep(spec: dict[str, Any], runs: list[Stored]) -> list[dict[str, Any]]:
    width = spec["widths"][-1]
    label = {
        "family": "deep",
        "rows": spec.get("rows", "iid"),
        "layers": len(spec["widths"]),
        "penalty": float(spec["penalty"]),
        "step": math.nan,
        "spike": math.nan,
        "linearised": math.nan,
        "z_linearised": math.nan,
    }
    return [
        label | {"sample_ratio": n / width} | _entry(runs, place, "predicted_test_error")
        for place, n in enumerate(spec["samples"])
    ]


def _line(spec: dict[str, Any], runs: list[Stored]) -> dict[str, Any]:
    return {
        "line_rows": spec.get("rows", "iid"),
        "line_layers": len(spec["widths"]),
        "line_penalty": float(spec["penalty"]),
        "line_ratio": stacked(runs, "line_samples")[0] / spec["widths"][-1],
        "line_error": stacked(runs, "line_test_error").mean(0),
    }


def _size(spec: dict[str, Any], runs: list[Stored]) -> dict[str, Any]:
    """Return Frobenius errors of the linearised covariance of one layer, over the dim size."""
    names = ("layer_error", "row_error", "norm")
    found: dict[str, Any] = {name: float(stacked(runs, name).mean()) for name in names}
    return found | {"size_width": int(spec["dimension"]), "size_rows": spec.get("rows", "iid")}


def _trained(spec: dict[str, Any], runs: list[Stored]) -> list[dict[str, Any]]:
    width, d = spec["network"]["width"], spec["dimension"]
    steps = Protocol.from_spec(spec["protocol"]).learning_rates(d, width)
    label = {
        "family": "trained",
        "rows": "trained",
        "layers": 1,
        "penalty": float(spec["penalty"]),
        "step": (steps[0] if steps else 0.0) / math.sqrt(width),
        "spike": float(stacked(runs, "spike").mean()),
    }
    found = []
    for place, n in enumerate(spec["samples"]):
        second = _entry(runs, place, "linearised")
        more = {"linearised": second["predicted"], "z_linearised": second["z"], "sample_ratio": n / width}
        found.append(label | more | _entry(runs, place, "plug_in"))
    return found
