"""The study of time-scales: risks in log time, learning times with local slopes, finite networks beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.time_scales.exponents import local_slopes
from giantstep.errors import SpecError
from giantstep.significance import mean_and_error
from giantstep.studies.collecting import collect, open_folder
from giantstep.studies.judgement import Judgement
from giantstep.studies.over_replicates import mean_over
from giantstep.studies.reports import Table
from giantstep.verdict import AGREES, NOT_RESOLVED

if TYPE_CHECKING:
    import xarray as xr

AXIS = "time_scale_ratio"
NEAR = 0.02
"""A local slope this near its exponent has reached it."""


def summary(folder: str | Path) -> xr.Dataset:
    """Return what the flows of a results folder show, means over replicates.

    Returns
    -------
    xarray.Dataset
        From the first sweep over time_scale_ratio without a method: ``time`` and ``risk`` (ratio,
        time_point); ``learning_time`` (geometric mean) with ``_se``, ``predicted_time``, ``local_slope`` with
        ``_se`` and ``risk_after`` (ratio, component); ``slope_without_log`` of component 1 (ratio);
        ``exponent`` and ``plateau`` (component). From sweeps with a method, over ``case``: ``deviation`` with
        ``_se``, and ``case_time``, ``case_risk``, ``case_limit`` (case, time_point).
    """
    import xarray as xr

    study = open_folder(folder)
    flows: dict[str, Any] = {}
    cases: list[dict[str, Any]] = []
    for sweep in study.sweeps:
        if sweep.kind != "time-scales":
            continue
        data = collect(folder, sweep=sweep.name)
        names = [name for name, _ in sweep.axes]
        if "finite_risk" in data:
            cases += _finite(data, sweep.name, names)
        elif names == [AXIS] and "learning_time" in data and not flows:
            flows = _flows(data)
    if not flows:
        raise SpecError(
            "time-scales: found no flow, expected a sweep of kind time-scales over time_scale_ratio; run "
            "such a study first."
        )
    variables = {key: value for key, value in flows.items() if key not in (AXIS, "component")}
    if cases:
        for name in ("deviation", "deviation_se"):
            variables[name] = ("case", np.array([case[name] for case in cases]))
        for name in ("case_time", "case_risk", "case_limit"):
            variables[name] = (("case", "case_point"), np.array([case[name] for case in cases]))
    coordinates = {AXIS: flows[AXIS], "component": flows["component"]}
    if cases:
        coordinates["case"] = [case["label"] for case in cases]
    return xr.Dataset(variables, coordinates, {"title": study.title})


def _flows(data: xr.Dataset) -> dict[str, Any]:
    order = np.argsort(-data[AXIS].values.astype(float))
    data = data.isel({AXIS: order})
    ratios = data[AXIS].values.astype(float)
    times = data["learning_time"].values
    with np.errstate(all="ignore"):
        slopes, errors = local_slopes(ratios, times)
        without, _ = local_slopes(ratios, times[..., 1:2] / np.log(1 / ratios)[:, None, None])
    mean, spread = mean_over(np.log(times), axis=1)
    both = (AXIS, "component")
    found: dict[str, Any] = {
        "learning_time": (both, np.exp(mean)),
        "learning_time_se": (both, np.exp(mean) * spread),
        "local_slope": (both, slopes),
        "local_slope_se": (both, errors),
        "predicted_time": (both, mean_over(data["predicted_time"].values, axis=1)[0]),
        "risk_after": (both, mean_over(data["risk_after"].values, axis=1)[0]),
        "exponent": ("component", mean_over(data["exponent"].values, axis=(0, 1))[0]),
        "plateau": ("component", mean_over(data["plateau"].values, axis=(0, 1))[0]),
        "time": ((AXIS, "time_point"), mean_over(data["time"].values, axis=1)[0]),
        "risk": ((AXIS, "time_point"), mean_over(data["risk"].values, axis=1)[0]),
        AXIS: ratios,
        "component": data["component"].values,
    }
    if without.shape[1]:
        found["slope_without_log"] = (AXIS, without[:, 0])
    return found


def _finite(data: xr.Dataset, sweep: str, names: list[str]) -> list[dict[str, Any]]:
    found = []
    for index in np.ndindex(*(data.sizes[name] for name in names)):
        place = dict(zip(names, index, strict=True))
        one = data.isel(place)
        mean, error = mean_and_error(one["deviation"].values)
        values = [f"{name} {data[name].values[position]}" for name, position in place.items()]
        found.append(
            {
                "label": ", ".join([sweep, *values]),
                "deviation": mean,
                "deviation_se": error,
                "case_time": mean_over(one["time"].values, axis=0)[0],
                "case_risk": mean_over(one["finite_risk"].values, axis=0)[0],
                "case_limit": mean_over(one["risk"].values, axis=0)[0],
            }
        )
    return found


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return learning times beside closed forms and exponents, and how far finite networks are."""
    rows = []
    for ratio in dataset[AXIS].values:
        for k in dataset["component"].values:
            at = dataset.sel({AXIS: ratio, "component": k})
            row: dict[str, Any] = {"ratio": f"{ratio:.3g}", "k": f"{k}"}
            row["time"] = (float(at["learning_time"]), float(at["learning_time_se"]))
            row["closed"] = float(at["predicted_time"])
            row["slope"] = (float(at["local_slope"]), float(at["local_slope_se"]))
            row["exponent"] = float(at["exponent"])
            row["after"], row["plateau"] = float(at["risk_after"]), float(at["plateau"])
            rows.append(row)
    heads = {"ratio": "eps", "k": "k", "time": "learned at", "closed": "closed form", "slope": "local slope"}
    heads |= {"exponent": "exponent", "after": "risk after", "plateau": "plateau"}
    note = (
        "Slopes are local, to the ratio above; t_1 carries log(1/eps). Where the risk after a component is "
        "not yet its plateau, the next one is learned with it and the slope of neither is its own."
    )
    found = [Table("When each component is learned", heads, rows, note)]
    if "deviation" in dataset:
        rows = [
            {"case": str(case), "off": (float(at["deviation"]), float(at["deviation_se"]))}
            for case in dataset["case"].values
            for at in [dataset.sel(case=case)]
        ]
        heads = {"case": "network", "off": "largest distance of its risk"}
        note = "At finite width the self-interaction of a neuron, dropped in the limit, is of order 1/width."
        found.append(Table("Finite networks beside their limit", heads, rows, note))
    return tuple(found)


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether the local slopes at the smallest ratios have come to the exponents of theory."""
    if dataset.sizes[AXIS] < 2:
        return Judgement(NOT_RESOLVED, "one ratio has no slope")
    last = dataset.isel({AXIS: -1})
    slopes = last["local_slope"].values.copy()
    if "slope_without_log" in last and len(slopes) > 1:
        slopes[1] = float(last["slope_without_log"])
    off = np.abs(slopes - dataset["exponent"].values)
    known = np.isfinite(off)
    if not known.any():
        return Judgement(NOT_RESOLVED, "no component was learned at both smallest ratios")
    reached = int((off[known] < NEAR).sum())
    reason = (
        f"{reached} of {int(known.sum())} local slopes at the smallest ratios are within {NEAR} of their "
        f"exponents, largest distance {off[known].max():.3f}"
    )
    return Judgement(AGREES if reached == known.sum() else NOT_RESOLVED, reason, None, int(known.sum()))
