"""The study of learning curves: errors after one step against samples, beside both theories."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.significance import mean_and_error
from giantstep.studies.collecting import open_folder
from giantstep.studies.first_step_spike import SPIKE, measured_spike
from giantstep.studies.judgement import Judgement, of_scores
from giantstep.studies.kinds.kind import read_target
from giantstep.studies.learning_walk import CurveSetting
from giantstep.studies.reports import Table
from giantstep.studies.store import Store

if TYPE_CHECKING:
    import xarray as xr

THEORIES = ("isotropic", "structured")
ERRORS = {"test_error": "test_error", "train_error": "training_error", "no_step_error": "test_error_no_step"}
"""Name here -> name of the stored variable."""

_LINE = 25
_MAP = np.geomspace(0.25, 32.0, 43)
_OPTIMA = 7


@dataclass(slots=True)
class _Curve:
    """The runs of one setting: sample ratio -> error -> one value a run; and each replicate's spike."""

    label: str
    setting: CurveSetting
    runs: dict[float, dict[str, list[float]]] = field(default_factory=dict)
    spikes: dict[int, tuple[float, ...]] = field(default_factory=dict)


def summary(folder: str | Path) -> xr.Dataset:
    """Return measured and predicted learning curves of every one-step setting of a study.

    Returns
    -------
    xarray.Dataset
        Over (setting, sample_ratio): ``test_error``, ``train_error`` and ``no_step_error`` with ``*_se`` over
        replicates, ``runs``; with a leading axis theory also ``predicted_<error>`` and ``z_<error>``. Over
        (theory, setting, line): ``line_error`` at ``line_ratio``; ``line_no_step`` without a step. Over
        (setting, first_batch_ratio): ``spike_strength``, ``spike_alignment``, ``bulk_scale``; measured on the
        runs of the setting, at ``own_first_batch_ratio``: ``measured_<...>`` with ``*_se``. Over (setting,
        optimum): ``best_step`` and ``best_error`` at ``optimum_ratio``, at the setting's ridge.
    """
    import xarray as xr

    curves = _curves(folder)
    if not curves:
        raise SpecError(
            "learning-curves: found no run of one step from readout 'constant', readout_scale '1/sqrt(p)', "
            "with a ridge and a ridge_batch; run such a study first."
        )
    ratios = sorted({ratio for curve in curves for ratio in curve.runs})
    line = np.geomspace(ratios[0], ratios[-1], _LINE) if len(ratios) > 1 else np.array(ratios)
    optima = np.geomspace(ratios[0], ratios[-1], _OPTIMA) if len(ratios) > 1 else np.array(ratios)
    columns = [_one(curve, ratios, line, optima) for curve in curves]
    dims = {name: value[0] for name, value in columns[0].items()}
    variables = {
        name: (
            ("theory", "setting", *dims[name][1:])
            if dims[name][:1] == ("theory",)
            else ("setting", *dims[name]),
            np.stack([column[name][1] for column in columns], axis=int(dims[name][:1] == ("theory",))),
        )
        for name in dims
    }
    study = open_folder(folder)
    return xr.Dataset(
        variables
        | {"line_ratio": ("line", line), "optimum_ratio": ("optimum", optima)}
        | {
            part: ("setting", [_parts(curve.setting)[part] for curve in curves])
            for part in _parts(curves[0].setting)
        },
        {
            "theory": list(THEORIES),
            "setting": [curve.label for curve in curves],
            "sample_ratio": ratios,
            "first_batch_ratio": _MAP,
        },
        {"title": study.title},
    )


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return measured test errors beside both theories, with z-scores."""
    rows = []
    for setting in dataset["setting"].values:
        for ratio in dataset["sample_ratio"].values:
            at = dataset.sel(setting=setting, sample_ratio=ratio)
            if not np.isfinite(at["test_error"]):
                continue
            row: dict[str, Any] = {"setting": str(setting), "ratio": float(ratio)}
            row["error"] = (float(at["test_error"]), float(at["test_error_se"]))
            for theory in THEORIES:
                row[theory] = float(at["predicted_test_error"].sel(theory=theory))
                row[f"z_{theory}"] = float(at["z_test_error"].sel(theory=theory))
            rows.append(row | {"runs": float(at["runs"])})
    heads = {"setting": "setting", "ratio": "n/d", "error": "test error", "runs": "runs"}
    for theory in THEORIES:
        heads |= {theory: theory, f"z_{theory}": f"z {theory}"}
    note = "z = (mean over runs - theory) / standard error; few runs have heavy tails."
    return (Table("Test error after one step, and both theories", heads, rows, note),)


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether the simulated test errors follow the structured theory, the published one beside it."""
    z = {name: dataset["z_test_error"].sel(theory=name).values for name in THEORIES}
    published = of_scores(z["isotropic"])
    beside = f"published isotropic theory: {published.reason.split(' over')[0]}"
    return of_scores(z["structured"], bias=beside)


def _one(
    curve: _Curve, ratios: list[float], line: Any, optima: Any
) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Return everything about one setting: name -> (dims, values)."""
    from giantstep.asymptotics import best_features, features

    setting = curve.setting
    common: dict[str, Any] = {"ridge": setting.ridge, "width_ratio": setting.width_ratio}
    step: dict[str, Any] = {
        "learning_rate_ratio": setting.learning_rate_ratio,
        "first_batch_ratio": setting.first_batch_ratio,
    }
    at, sigma = setting.target, setting.activation
    found: dict[str, tuple[tuple[str, ...], Any]] = {}
    predicted = [features(at, sigma, sample_ratio=ratios, theory=name, **step, **common) for name in THEORIES]
    lines = [features(at, sigma, sample_ratio=line, theory=name, **step, **common) for name in THEORIES]
    still: dict[str, Any] = dict(step, learning_rate_ratio=0.0)
    plain = features(at, sigma, sample_ratio=ratios, theory="isotropic", **still, **common)
    theory = {
        "test_error": np.array([one.test_error.values for one in predicted]),
        "train_error": np.array([one.train_error.values for one in predicted]),
        "no_step_error": np.array([plain.test_error.values] * len(THEORIES)),
    }
    found["runs"] = (
        ("sample_ratio",),
        np.array([len(curve.runs.get(ratio, {}).get("test_error", ())) for ratio in ratios], float),
    )
    for name in ERRORS:
        pairs = [mean_and_error(curve.runs.get(ratio, {}).get(name, [])) for ratio in ratios]
        mean, error = np.array(pairs).T
        with np.errstate(invalid="ignore", divide="ignore"):
            z = (mean - theory[name]) / error
        found |= {name: (("sample_ratio",), mean), f"{name}_se": (("sample_ratio",), error)}
        found |= {f"predicted_{name}": (("theory", "sample_ratio"), theory[name])}
        found |= {f"z_{name}": (("theory", "sample_ratio"), z)}
    found["line_error"] = (("theory", "line"), np.array([one.test_error.values for one in lines]))
    plain = features(at, sigma, sample_ratio=line, theory="isotropic", **still, **common)
    found["line_no_step"] = (("line",), plain.test_error.values)
    spikes = features(
        at, sigma, sample_ratio=1.0, theory="isotropic", **(step | {"first_batch_ratio": _MAP}), **common
    )
    found["own_first_batch_ratio"] = ((), np.asarray(setting.first_batch_ratio))
    for place, name in enumerate(SPIKE):
        found[name] = (("first_batch_ratio",), spikes[name].values)
        mean, error = mean_and_error([one[place] for one in curve.spikes.values()])
        found |= {f"measured_{name}": ((), np.asarray(mean)), f"measured_{name}_se": ((), np.asarray(error))}
    best = best_features(
        at,
        sigma,
        sample_ratio=optima,
        first_batch_ratio=setting.first_batch_ratio,
        theory="isotropic",
        **common,
    )
    inside = best["status"].values == "converged"
    found["best_step"] = (("optimum",), np.where(inside, best["learning_rate_ratio"].values, np.nan))
    found["best_error"] = (("optimum",), np.where(inside, best["test_error"].values, np.nan))
    return found


def _curves(folder: str | Path) -> list[_Curve]:
    curves: dict[str, _Curve] = {}
    for label, setting, ratio, replicate, values, spike in _runs(folder):
        key = json.dumps([label, str(setting)])
        curve = curves.setdefault(key, _Curve(label, setting))
        # Regressions of several sizes stand on the same step.
        curve.spikes[replicate] = spike
        cell = curve.runs.setdefault(ratio, {name: [] for name in ERRORS})
        for name in ERRORS:
            cell[name].append(values[name])
    return list(curves.values())


def _runs(
    folder: str | Path,
) -> Iterator[tuple[str, CurveSetting, float, int, dict[str, float], tuple[float, ...]]]:
    """Yield (label, setting, sample ratio, replicate, errors, spike) of every run theory speaks of."""
    store = Store(Path(folder))
    for point in open_folder(folder).points:
        spec = json.loads(point.task)
        if point.kind != "simulation" or not isinstance(spec.get("ridge"), int | float):
            continue
        setting, ratio = _setting(spec)
        if setting is None:
            continue
        try:
            stored = store.read(point.hash)
        except StoreError:
            continue
        names = {name: float(np.ravel(stored.variables[key][1])[0]) for name, key in ERRORS.items()}
        last = [np.asarray(stored.variables[key][1])[0, -1] for key in ("overlaps", "self_overlaps")]
        spike = measured_spike(last[0][:, 0], last[1])
        yield _label(setting), setting, ratio, int(spec["replicate"]), names, spike


def _setting(spec: dict[str, Any]) -> tuple[CurveSetting | None, float]:
    network, d = Network(**spec["network"]), int(spec["dimension"])
    protocol = Protocol.from_spec(spec["protocol"])
    p = network.width
    plain = network.readout == "constant" and not network.symmetric and not network.biased
    if len(protocol.steps) != 1 or not plain or abs(network.scale(d) ** 2 * p - 1) > 1e-9:
        return None, 0.0
    from giantstep.training.retraining import Retraining

    samples = Retraining.parse(spec["ridge"], spec.get("ridge_batch"), dimension=d, width=p).samples(
        dimension=d, width=p
    )
    setting = CurveSetting(
        target=read_target(spec["target"]),
        activation=network.activation.name,
        learning_rate_ratio=protocol.learning_rates(d, p)[0] / p,
        first_batch_ratio=protocol.batches(d, p)[0] / d,
        width_ratio=p / d,
        ridge=float(spec["ridge"]),
        sample_ratios=(),
    )
    return setting, samples / d


def _parts(setting: CurveSetting) -> dict[str, str]:
    """Return the words of a setting: what settings share and where they differ."""
    noise = f", noise {setting.target.noise:g}" if setting.target.noise else ""
    return {
        "pair": f"{setting.activation} on {setting.target}",
        "step": f"step {setting.learning_rate_ratio:g}",
        "batch": f"n0/d {setting.first_batch_ratio:g}",
        "rest": f"p/d {setting.width_ratio:g}, ridge {setting.ridge:g}{noise}",
    }


def _label(setting: CurveSetting) -> str:
    parts = _parts(setting)
    return f"{parts['pair']}: {parts['step']}, {parts['batch']}, {parts['rest']}"
