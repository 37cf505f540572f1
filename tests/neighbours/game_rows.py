"""S7 again: every listed game with its own particles and samples; the biased baseline with ours."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from giantstep.asymptotics import descent_ascent
from giantstep.networks.tanh_particles import TanhStart
from giantstep.studies.minimax_walk import minimax_walk
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_problems import InstrumentalVariable
from giantstep.training.minimax.games import run_games

from ..moments import listed_start
from . import deterministic, near, points, statistical

LONG, SHORT = (1.0, 4.0, 16.0, 64.0), (2.0, 8.0, 32.0)


@lru_cache(maxsize=4)
def population(penalty, scales, until):
    start, _ = listed_start(2 if penalty else 3, 300)
    clock = Clock(until, 0.05, at=(10.0, 100.0, until))
    return run_games(output_scale=scales, penalty=penalty, start=start, clock=clock).mean("replicate")


def errors(group, penalty):
    """|f - f_lam|^2 at t = 10 and 100, and the average gap listed beside it."""
    for point in points(group):
        alpha, time = point["params"]["alpha"], point["params"]["t"]
        games = population(penalty, *((LONG, 400.0) if alpha in LONG else (SHORT, 100.0)))
        at = games.sel(output_scale=alpha).isel(time_point=[10, 100].index(time))
        gap = float(at.average_gap) / point["params"]["avg_gap"] - 1
        assert abs(gap) < 1e-4
        yield deterministic(point, float(at.error_to_saddle), note=f"average gap off {gap:.1g}")


def moved(penalty, name="primal"):
    return population(penalty, LONG, 400.0)[f"{name}_movement"].isel(time_point=-1)


def movements(group, penalty):
    for point in points(group):
        yield deterministic(point, float(moved(penalty).sel(output_scale=point["params"]["alpha"])))


def movement_slopes(group, penalty):
    """Slopes over the scales of the table; listed over more scales, so a trend to -1."""
    primal, dual = (
        float(np.polyfit(np.log(LONG[1:]), np.log(moved(penalty, name).values[1:]), 1)[0])
        for name in ("primal", "dual")
    )
    (point,) = points(group)
    yield near(point, primal, 5e-3, note=f"theory -1; dual {dual:.4f} (listed {point['params']['dual']:.4f})")


def lyapunov():
    for step in (0.05, 0.01):
        found = descent_ascent(clock=Clock(100.0, step, at=(1.0, 10.0, 100.0)))
        for point in points("S7.lyap", dt=step):
            place = [1, 10, 100].index(point["params"]["t"])
            assert abs(float(found.error[place]) / point["params"]["err"] - 1) < 1e-10
            assert abs(found.attrs["constant"] / point["theory"] - 1) < 1e-12
            yield deterministic(point, float(found.gap_integral[place]), 1e-10)


def frozen():
    """Distance to the frozen-kernel flow; its local slopes steepen towards -2."""
    start, _ = listed_start(3, 400)
    found = minimax_walk(
        InstrumentalVariable(), output_scale=LONG, penalty=0.0, method="population",
        clock=Clock(100.0, 0.05, at=(100.0,)), start=start,
    )  # fmt: skip
    distance = found.frozen_distance.isel(time_point=0).mean("replicate")
    local = np.diff(np.log(distance.values)) / math.log(4)
    assert np.all(np.diff(local) < 0)
    assert abs(local[-1] + 2) < 0.1
    for point in points("S7.ntk"):
        note = f"last local slope {local[-1]:.3f}, theory -2"
        yield deterministic(point, float(distance.sel(output_scale=point["params"]["alpha"])), note=note)


@lru_cache(maxsize=4)
def online(alpha):
    start, generators = listed_start(3, 400)
    clock = Clock(200.0, 0.05, at=(200.0,))
    found = run_games(
        output_scale=alpha, method="online", batch=16, start=start, generators=generators, clock=clock
    )
    return found.isel(output_scale=0, time_point=0).mean("replicate")


def sampled(group, name):
    for point in points(group):
        yield deterministic(point, float(online(float(point["params"]["alpha"]))[name]))


def widths():
    for point in points("S7.width"):
        start, _ = listed_start(6, point["params"]["N"])
        found = run_games(output_scale=8.0, start=start, clock=Clock(50.0, 0.05, at=(50.0,)))
        yield deterministic(point, float(found.error.mean()))


def plain_regression():
    (point,) = points("S7.ols")
    found = run_games(
        output_scale=8.0, method="naive", batch=16, start=TanhStart(width=400, seeds=6),
        clock=Clock(200.0, 0.05, at=(200.0,)),
    ).error.values.ravel()  # fmt: skip
    bias = descent_ascent(clock=Clock(1.0)).attrs["naive_bias"]
    assert abs(bias / point["theory"] - 1) < 1e-10
    error = float(found.std(ddof=1)) / math.sqrt(6)
    yield statistical(point, float(found.mean()), error, tests=1, seeds=6, note=f"limit {bias:.4f}")
