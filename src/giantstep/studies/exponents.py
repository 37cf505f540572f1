"""The study of exponents: the batch at which a step's overlap crosses a level, against the dimension."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.significance import means_and_errors
from giantstep.studies.assembling import MISSING
from giantstep.studies.collecting import collect, open_folder, settings
from giantstep.studies.crossings import bootstrap_weights, crossings, fit_power, weighted_means
from giantstep.studies.judgement import Judgement, of_verdicts
from giantstep.studies.judging import subspace_text
from giantstep.studies.reports import Table
from giantstep.studies.scan_overlaps import Gain, ScanCurves, expected_gain, scan_curves
from giantstep.verdict import AGREES, DISAGREES, NOT_RESOLVED

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

LEVEL = 0.3
"""Of the squared overlap. Low enough to be cheap at order 2, well above what chance gives: a few / d."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """One scanned step over its dimensions."""

    name: str
    expression: str
    gain: Gain
    dimensions: Array
    curves: tuple[ScanCurves, ...]


def summary(folder: str | Path) -> xr.Dataset:
    """Return crossings and fitted exponents of every scan of a results folder.

    Returns
    -------
    xarray.Dataset
        Over ``setting``: ``leap`` of the certificate, ``scanned_step``, ``direction_text``; ``exponent`` of
        n*(d), the batch where overlap^2 crosses ``level``, with ``_se``, ``_low``, ``_high`` (95 %);
        ``theory_exponent``, the same fit through S / (S + N) at the same dimensions; ``rate_exponent`` of the
        learning rate that turns the rows half way, with ``rate_leap`` = (l - 1) / 2. Over (setting, rung),
        where a rung is a dimension: ``dimension``, ``crossing``, ``crossing_low``, ``crossing_high``,
        ``theory_crossing``, ``rate_crossing``. Over (setting, rung, batch): ``scanned_batch``, ``overlap``,
        ``overlap_se``, ``theory_overlap``.
    """
    import xarray as xr

    found = list(_read(folder))
    rungs = max((len(one.dimensions) for one in found), default=1)
    batches = max((len(curve.samples) for one in found for curve in one.curves), default=1)
    columns: dict[str, Any] = {}

    def put(name: str, dims: tuple[str, ...], place: Any, value: Any) -> None:
        shape = {"setting": len(found), "rung": rungs, "batch": batches}
        if name not in columns:
            columns[name] = (dims, np.full([shape[dim] for dim in dims], np.nan))
        columns[name][1][place] = value

    for row, one in enumerate(found):
        leap = math.nan if one.gain.leap is None else float(one.gain.leap)
        put("leap", ("setting",), row, leap)
        put("rate_leap", ("setting",), row, (leap - 1) / 2)
        put("scanned_step", ("setting",), row, one.gain.step)
        for key, value in _fitted(one).items():
            if np.ndim(value):
                put(key, ("setting", "rung"), (row, slice(0, len(value))), value)
            else:
                put(key, ("setting",), row, value)
        for rung, (d, curve) in enumerate(zip(one.dimensions, one.curves, strict=True)):
            put("dimension", ("setting", "rung"), (row, rung), d)
            place = (row, rung, slice(0, len(curve.samples)))
            for key, values in _curve(curve).items():
                put(key, ("setting", "rung", "batch"), place, values)
    texts = {
        "expression": [one.expression for one in found],
        "direction_text": [subspace_text(one.gain.gained) for one in found],
    }
    variables = columns | {key: (("setting",), np.array(value, object)) for key, value in texts.items()}
    title = open_folder(folder).title
    return xr.Dataset(variables, {"setting": [one.name for one in found]}, {"level": LEVEL, "title": title})


def _read(folder: str | Path) -> Iterator[_Setting]:
    study = open_folder(folder)
    tasks = {point.hash: point.task for point in study.points}
    for sweep in study.sweeps:
        names = [name for name, _ in sweep.axes]
        theory = any(plan.theory for plan in sweep.plans)
        if sweep.kind != "scan" or "dimension" not in names or not theory:
            continue
        axis = names.index("dimension")
        specs: dict[tuple[int, ...], list[dict[str, Any]]] = {}
        for plan in sweep.plans:
            rest = plan.index[:axis] + plan.index[axis + 1 :]
            specs.setdefault(rest, []).append(json.loads(tasks[plan.hashes[0]]))
        data = collect(folder, sweep=sweep.name)
        if "gradient_overlaps" not in data:
            continue
        for own, (labels, one) in zip(specs.values(), settings(data), strict=True):
            if one["theory_status"].values.ravel()[-1] == MISSING:
                continue
            gain = expected_gain(one)
            rungs = range(one.sizes["dimension"])
            curves = tuple(scan_curves(one.isel(dimension=k), gain, own[k]) for k in rungs)
            name = ", ".join([sweep.name, *(str(value) for value in labels.values())])
            expression = str(one["expression"].values.ravel()[-1])
            yield _Setting(name, expression, gain, one["dimension"].values.astype(float), curves)


def _fitted(one: _Setting) -> dict[str, Any]:
    """Return crossings by dimension and the exponents fitted through them."""
    usable = [curve for curve in one.curves if len(curve.samples) > 1]
    replicates = min((int(np.isfinite(c.overlaps).all(1).sum()) for c in usable), default=0)
    weights = bootstrap_weights(max((len(curve.overlaps) for curve in one.curves), default=1))
    missing = np.full(len(weights), np.nan)
    places, rates, theory = [], [], []
    for curve in one.curves:
        if len(curve.samples) < 2:
            places.append(missing)
            rates.append(missing)
            theory.append(math.nan)
            continue
        places.append(crossings(curve.samples, weighted_means(curve.overlaps, weights), LEVEL))
        turned = weighted_means(curve.turned, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            rates.append(crossings(curve.rates, turned[:, :-1] / turned[:, -1:], 0.5))
        law = curve.theory
        mean = None if law is None else law[np.isfinite(law).all(1)].mean(0, keepdims=True)
        theory.append(math.nan if mean is None else float(crossings(curve.samples, mean, LEVEL)[0]))
    log_n, log_eta, log_law = np.transpose(places), np.transpose(rates), np.array(theory)
    if one.gain.step > 1:
        # A trained row's own component of the gradient grows with the rate; the law is that of a first step.
        log_eta = np.full_like(log_eta, np.nan)
    result: dict[str, Any] = {}
    for name, logs in (("exponent", log_n), ("rate_exponent", log_eta)):
        fit = fit_power(one.dimensions, logs, replicates)
        result |= {name: fit.exponent, f"{name}_se": fit.standard_error}
        result |= {
            f"{name}_low": fit.low,
            f"{name}_high": fit.high,
            f"{name}_log_prefactor": fit.log_prefactor,
        }
    result["theory_exponent"] = fit_power(one.dimensions, log_law[None], 1).exponent
    with np.errstate(invalid="ignore"):
        drawn = np.isfinite(log_n[1:]).mean(0) >= 0.99
        errors = np.where(drawn, np.nanstd(np.where(drawn, log_n[1:], 0.0), axis=0), np.nan)
    result |= {"crossing": np.exp(log_n[0]), "rate_crossing": np.exp(log_eta[0])}
    result |= {"crossing_low": np.exp(log_n[0] - 2 * errors), "crossing_high": np.exp(log_n[0] + 2 * errors)}
    return result | {"theory_crossing": np.exp(log_law), "replicates": float(replicates)}


def _curve(curve: ScanCurves) -> dict[str, Array]:
    """Return means over replicates, with standard errors, beside theory's."""
    kept = np.isfinite(curve.overlaps).all(1)
    values = curve.overlaps[kept]
    if not len(values):
        return {"scanned_batch": curve.samples}
    mean, error = means_and_errors(values)
    result = {"scanned_batch": curve.samples, "overlap": mean, "overlap_se": error}
    if curve.theory is None:
        nothing = np.full(len(curve.samples), np.nan)
        return result | {"theory_overlap": nothing, "deviation_se": nothing}
    # The same rows at the start: what their overlaps share with theory's is no error of the difference.
    differences = values - curve.theory[kept]
    _, spread = means_and_errors(differences)
    return result | {"theory_overlap": curve.theory[kept].mean(0), "deviation_se": spread}


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return the tables of a summary: exponents, learning rates, collapse, crossings, preprocessing."""
    from giantstep.studies.specialisation import specialisation

    places = range(dataset.sizes["setting"])
    rows = [_exponent_row(dataset.isel(setting=place)) for place in places]
    note = "n* is the batch at which the squared overlap in the complement of what is learnt crosses "
    note += f"{dataset.attrs['level']}. Intervals: 95 %, bootstrap over seeds, Student's t. "
    note += "S/(S+N): the same fit through theory at the same dimensions, first steps only."
    if any(row["interval"] == "-" for row in rows):
        note += (
            " No interval: some draws do not reach the level; raise the largest batch, or take more seeds."
        )
    heads = {"setting": "step", "direction": "direction", "leap": "leap", "measured": "l measured"}
    heads |= {"interval": "95 % interval", "theory": "S/(S+N)", "largest": "up to d", "verdict": "verdict"}
    found = [Table("Batch exponents, n* ~ d^l", heads, rows, note)] if rows else []
    rates = [row for row in rows if math.isfinite(row["rate"][0])]
    if rates:
        note = (
            "eta* ~ d^s turns the rows half way to where an infinite rate turns them, at the largest batch."
        )
        heads = {"setting": "step", "rate_leap": "(l - 1)/2", "rate": "s measured"}
        found.append(
            Table("Learning-rate exponents", heads | {"rate_interval": "95 % interval"}, rates, note)
        )
    collapse = [row for place in places for row in _collapse_rows(dataset.isel(setting=place))]
    if collapse:
        heads = {"setting": "step", "d": "d", "crossing": "n*/d^l", "theory": "S/(S+N)"}
        heads |= {"deviation": "largest |overlap^2 - S/(S+N)|", "z": "rms z"}
        note = "z: mean difference over its standard error, along the whole curve (correlated in n)."
        found.append(Table("Scaling collapse on n / d^l", heads, collapse, note))
    return (*found, *specialisation(folder))


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether the measured exponents are the leaps."""
    places = range(dataset.sizes["setting"])
    rows = [_exponent_row(dataset.isel(setting=place)) for place in places]
    return of_verdicts((row["verdict"] for row in rows), "exponents")


def _exponent_row(one: xr.Dataset) -> dict[str, Any]:
    leap, exponent, error = (float(one[key]) for key in ("leap", "exponent", "exponent_se"))
    low, high = float(one["exponent_low"]), float(one["exponent_high"])
    d = one["dimension"].values[np.isfinite(one["crossing"].values)]
    rate = (float(one["rate_exponent"]), float(one["rate_exponent_se"]))
    return {
        "setting": str(one["setting"].values),
        "direction": str(one["direction_text"].values),
        "leap": leap,
        "measured": (exponent, error),
        "interval": _interval(low, high),
        "theory": float(one["theory_exponent"]),
        "largest": d.max() if len(d) else math.nan,
        "verdict": verdict(exponent, low, high, leap),
        "rate_leap": float(one["rate_leap"]),
        "rate": rate,
        "rate_interval": _interval(float(one["rate_exponent_low"]), float(one["rate_exponent_high"])),
    }


def verdict(exponent: float, low: float, high: float, leap: float) -> str:
    """Return whether a measured exponent is the leap: within 0.05, or within its interval if that is narrow.

    >>> verdict(1.98, 1.97, 1.99, 2.0), verdict(2.9, 2.5, 3.3, 3.0), verdict(1.5, 1.4, 1.6, 2.0)
    ('agrees', 'not resolved', 'disagrees')
    """
    if not (math.isfinite(high - low) and math.isfinite(leap)) or high - low > 0.5:
        return NOT_RESOLVED
    return AGREES if abs(exponent - leap) <= 0.05 or low <= leap <= high else DISAGREES


def _interval(low: float, high: float) -> str:
    return f"{low:.3f} .. {high:.3f}" if math.isfinite(high - low) else "-"


def _collapse_rows(one: xr.Dataset) -> list[dict[str, Any]]:
    rows = []
    for rung in range(one.sizes["rung"]):
        at = one.isel(rung=rung)
        d, leap = float(at["dimension"]), float(one["leap"])
        difference = (at["overlap"] - at["theory_overlap"]).values
        known = np.isfinite(difference)
        if known.any():
            with np.errstate(invalid="ignore", divide="ignore"):
                z = (difference / at["deviation_se"].values)[known]
            row = {"setting": str(one["setting"].values), "d": d, "z": math.sqrt(float((z**2).mean()))}
            row |= {
                "crossing": float(at["crossing"]) / d**leap,
                "theory": float(at["theory_crossing"]) / d**leap,
            }
            rows.append(row | {"deviation": float(np.abs(difference[known]).max())})
    return rows
