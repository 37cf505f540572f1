"""The study of minimax games: errors, the gap's integral against its constant, movement against 1/alpha."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.studies.collecting import collect, open_folder
from giantstep.studies.judgement import Judgement
from giantstep.studies.over_replicates import mean_over
from giantstep.studies.reports import Table
from giantstep.verdict import AGREES, DISAGREES, NOT_RESOLVED

if TYPE_CHECKING:
    import xarray as xr

AXIS = "output_scale"
CURVES = ("error", "gap_integral", "primal_movement", "frozen_distance")
FROZEN = ("frozen_error", "frozen_gap_integral", "frozen_movement")

NEAR = 0.02
"""A slope of log W2 on log alpha this near -1 has reached it."""


def summary(folder: str | Path) -> xr.Dataset:
    """Return every sweep of games over output scales, means over replicates.

    Returns
    -------
    xarray.Dataset
        Over (game, output_scale, time_point): ``error``, ``gap_integral``, ``primal_movement``,
        ``frozen_distance``, each with ``_se``, and ``frozen_error``, ``frozen_gap_integral``,
        ``frozen_movement``, the same at every scale but for unpaired games; over (game, time_point):
        ``time``; over game: ``constant``, ``naive_bias``, ``unpaired``. NaN where a game has no such scale or
        time, or no known constant.
    """
    import xarray as xr

    study = open_folder(folder)
    found: dict[str, xr.Dataset] = {}
    for sweep in study.sweeps:
        if sweep.kind == "minimax" and [name for name, _ in sweep.axes] == [AXIS]:
            data = collect(folder, sweep=sweep.name)
            if "error" in data:
                found[sweep.name] = data
    if not found:
        raise SpecError(
            "minimax: found no game, expected sweeps of kind minimax over output_scale; run such a study."
        )
    scales = sorted({float(scale) for data in found.values() for scale in data[AXIS].values})
    length = max(data.sizes["time_point"] for data in found.values())
    shape = (len(found), len(scales), length)
    curves = {f"{name}{tail}": np.full(shape, np.nan) for name in CURVES for tail in ("", "_se")}
    curves |= {name: np.full(shape, np.nan) for name in FROZEN}
    times = np.full((len(found), length), np.nan)
    facts = {name: np.full(len(found), np.nan) for name in ("constant", "naive_bias")}
    facts["unpaired"] = np.array(["unpaired" in data for data in found.values()])
    for row, data in enumerate(found.values()):
        points = slice(0, data.sizes["time_point"])
        places = [scales.index(float(scale)) for scale in data[AXIS].values]
        for name in CURVES:
            mean, error = mean_over(data[name].values, axis=1)
            curves[name][row, places, points], curves[f"{name}_se"][row, places, points] = mean, error
        for name in FROZEN:
            curves[name][row, places, points] = mean_over(data[name].values, axis=1)[0]
        # Clocks and facts know no scale, so whichever points are there tell them.
        times[row, points] = mean_over(data["time"].values, axis=(0, 1))[0]
        for name in ("constant", "naive_bias"):
            facts[name][row] = np.fmax.reduce(data[name].values, axis=None)
    variables: dict[str, Any] = {
        name: (("game", AXIS, "time_point"), value) for name, value in curves.items()
    }
    variables["time"] = (("game", "time_point"), times)
    variables |= {name: ("game", value) for name, value in facts.items()}
    return xr.Dataset(variables, {"game": list(found), AXIS: scales}, {"title": study.title})


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return where every game ends, beside its frozen-kernel flow and the constants of theory."""
    rows = []
    for game in dataset["game"].values:
        one = dataset.sel(game=game)
        last = int(np.flatnonzero(np.isfinite(one["time"].values))[-1])
        for scale in one[AXIS].values:
            at = one.sel({AXIS: scale}).isel(time_point=last)
            if not np.isfinite(at["error"]):
                continue
            row: dict[str, Any] = {"game": str(game), "alpha": float(scale), "time": float(at["time"])}
            for name in ("error", "gap_integral"):
                row[name] = (float(at[name]), float(at[f"{name}_se"]))
            moved = scale * float(at["primal_movement"]), scale * float(at["primal_movement_se"])
            row |= {
                "moved": moved,
                "frozen": float(at["frozen_movement"]),
                "off": float(at["frozen_distance"]),
            }
            row |= {"constant": float(at["constant"]), "bias": float(at["naive_bias"])}
            rows.append(row)
    heads = {"game": "game", "alpha": "alpha", "time": "T", "error": "|f - f*|^2", "bias": "naive"}
    heads |= {"gap_integral": "T x gap", "constant": "V(0)", "moved": "alpha x W2"}
    heads |= {"frozen": "its limit", "off": "from it"}
    note = (
        "T x gap: its average up to T; limit: the frozen-kernel flow of the same particles, then the L2 "
        "distance from it. Naive: squared bias of ignoring the instrument. Online games have no gap."
    )
    return (Table("Games of descent-ascent", heads, rows, note),)


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether particles move like 1/alpha, to the frozen flow's distance, at the largest scales.

    Population games from f = g = 0 only: they follow the frozen flow without noise, and noise of size alpha
    at the start moves particles at any alpha.
    """
    slopes, offs = [], []
    for game in dataset["game"].values:
        one = dataset.sel(game=game)
        if one["unpaired"]:
            continue
        last = int(np.flatnonzero(np.isfinite(one["time"].values))[-1])
        at = one.isel(time_point=last)
        known = np.flatnonzero(np.isfinite(at["gap_integral"].values))
        if len(known) < 2:
            continue
        scales, moved = at[AXIS].values[known[-2:]], at["primal_movement"].values[known[-2:]]
        slopes.append(float(np.diff(np.log(moved))[0] / np.diff(np.log(scales))[0]))
        offs.append(float(scales[-1] * moved[-1] / float(at["frozen_movement"].values[known[-1]]) - 1))
    if not slopes:
        return Judgement(NOT_RESOLVED, "no population game from paired particles has two output scales")
    off = np.abs(np.array(slopes) + 1)
    said = ", ".join(f"{slope:.3f}" for slope in slopes)
    over = ", ".join(f"{ratio:+.3f}" for ratio in offs)
    reason = (
        f"slope of log W2 on log alpha between the two largest scales {said} (theory -1); alpha x W2 over "
        f"its limit at the largest: {over}"
    )
    verdict = AGREES if off.max() < NEAR else DISAGREES if off.min() > 10 * NEAR else NOT_RESOLVED
    return Judgement(verdict, reason, None, len(slopes))
