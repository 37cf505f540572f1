"""A game of descent-ascent beside its theory: the frozen-kernel flow of the same particles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics import descent_ascent
from giantstep.errors import instance
from giantstep.networks.tanh_particles import TanhStart
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import MomentProblem
from giantstep.training.minimax.games import run_games

if TYPE_CHECKING:
    import xarray as xr


def minimax_walk(
    problem: MomentProblem,
    *,
    output_scale: float | Sequence[float],
    penalty: float,
    method: str,
    clock: Clock,
    start: TanhStart,
    batch: int = 16,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Return `run_games` with the frozen-kernel flow of the same particles laid beside.

    Returns
    -------
    xarray.Dataset
        That of `run_games`, and over output_scale, replicate, time_point ``frozen_distance``, the L2 distance
        |f - f_frozen|; over replicate and time_point ``frozen_error``, ``frozen_gap_integral``,
        ``frozen_movement``, over output_scale too where unpaired particles start at noise of its size.
    """
    instance("start", start, TanhStart)
    data = run_games(
        problem,
        output_scale=output_scale,
        penalty=penalty,
        method=method,
        clock=clock,
        start=start,
        batch=batch,
        on_progress=on_progress,
    )
    frozen = _frozen(problem, penalty, clock, start, data["output_scale"])
    weights = MomentGrid(problem, penalty).rule.weights
    apart = (data["primal"] - frozen["primal"]) ** 2
    data["frozen_distance"] = np.sqrt((apart * weights).sum("node", skipna=False))
    for name, word in (("error", "error"), ("gap_integral", "gap_integral"), ("movement", "primal_movement")):
        data[f"frozen_{name}"] = frozen[word]
    return data


def _frozen(
    problem: MomentProblem, penalty: float, clock: Clock, start: TanhStart, scales: xr.DataArray
) -> xr.Dataset:
    """Return the frozen flow: one for all scales where it starts at zero, else one a scale."""
    import xarray as xr

    words: dict[str, Any] = {"penalty": penalty, "clock": clock, "start": start}
    if start.paired:
        return descent_ascent(problem, **words)
    found = [descent_ascent(problem, output_scale=float(scale), **words) for scale in scales.values]
    return xr.concat(found, scales, data_vars="all", coords="minimal", compat="override")
