"""Every listed run of theory note 50, S7, played again with its own particles and samples."""

from __future__ import annotations

import numpy as np
import pytest

from giantstep.asymptotics import descent_ascent
from giantstep.networks.tanh_particles import TanhStart
from giantstep.studies.minimax_walk import minimax_walk
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_problems import InstrumentalVariable
from giantstep.training.minimax.games import run_games

from ..moments import listed_start
from ..neighbours import listed

pytestmark = pytest.mark.slow

LONG, SHORT = (1.0, 4.0, 16.0, 64.0), (2.0, 8.0, 32.0)


def near(group, value, point, tolerance=1e-4):
    """Print and check one deterministic entry, relative to the listed one."""
    off = value / point["sim"] - 1
    print(f"{group:14} {point['params']} {value:.8g} listed {point['sim']:.8g} off {off:.1e}")
    assert abs(off) < tolerance


def errors(group, games):
    for point in listed(group):
        alpha, time = point["params"]["alpha"], point["params"]["t"]
        for found in games:
            if alpha in found.output_scale.values:
                at = found.isel(time_point=[10, 100].index(time)).sel(output_scale=alpha).mean("replicate")
                near(group, float(at.error_to_saddle), point)
                assert float(at.average_gap) == pytest.approx(point["params"]["avg_gap"], rel=1e-4)


@pytest.mark.parametrize(("penalty", "seeds", "name"), [(0.0, 3, "S7.flow"), (0.02, 2, "S7.flowreg")])
def test_population_games(penalty, seeds, name):
    start, _ = listed_start(seeds, 300)
    words = dict(penalty=penalty, start=start)
    long = run_games(output_scale=LONG, clock=Clock(400.0, 0.05, at=(10.0, 100.0, 400.0)), **words)
    short = run_games(output_scale=SHORT, clock=Clock(100.0, 0.05, at=(10.0, 100.0)), **words)
    errors(f"{name}.err", (long, short))
    moved = long.isel(time_point=-1).mean("replicate")
    for point in listed(f"{name}.W2"):
        near(name, float(moved.primal_movement.sel(output_scale=point["params"]["alpha"])), point)
    slopes = [
        np.polyfit(np.log(LONG[1:]), np.log(values[1:]), 1)[0]
        for values in (moved.primal_movement.values, moved.dual_movement.values)
    ]
    (point,) = listed(f"{name}.slope")
    print(f"{name}.slope", slopes, "listed", point["sim"], point["params"]["dual"], "theory", point["theory"])
    assert slopes[0] == pytest.approx(-1.0, abs=5e-3)
    # T x average gap levels off; at finite N it passes V(0) = 1.142.
    print(f"{name} int gap at T = 400:", long.gap_integral.isel(time_point=-1).mean("replicate").values)


def test_distance_to_the_frozen_flow():
    start, _ = listed_start(3, 400)
    found = minimax_walk(
        InstrumentalVariable(), output_scale=LONG, penalty=0.0, method="population",
        clock=Clock(100.0, 0.05, at=(100.0,)), start=start,
    )  # fmt: skip
    distance = found.frozen_distance.isel(time_point=0).mean("replicate")
    for point in listed("S7.ntk"):
        near("S7.ntk", float(distance.sel(output_scale=point["params"]["alpha"])), point)
    slopes = np.diff(np.log(distance.values)) / np.log(4)
    print("S7.ntk local slopes (limit -2):", slopes)
    assert np.all(np.diff(slopes) < 0)
    assert slopes[-1] == pytest.approx(-2.0, abs=0.1)


@pytest.mark.parametrize("alpha", [2.0, 32.0])
def test_online_games(alpha):
    start, generators = listed_start(3, 400)
    found = run_games(
        output_scale=alpha, method="online", batch=16, start=start, generators=generators,
        clock=Clock(200.0, 0.05, at=(200.0,)),
    ).isel(output_scale=0, time_point=0)  # fmt: skip
    for group, name in (("S7.sgda", "error"), ("S7.sgdaW2", "primal_movement")):
        for point in listed(group):
            if point["params"]["alpha"] == alpha:
                near(group, float(found[name].mean()), point)


def test_width():
    for point in listed("S7.width"):
        start, _ = listed_start(6, point["params"]["N"])
        found = run_games(output_scale=8.0, start=start, clock=Clock(50.0, 0.05, at=(50.0,)))
        near("S7.width", float(found.error.mean()), point)


def test_plain_regression_in_law_with_our_own_seeds():
    (point,) = listed("S7.ols")
    found = run_games(
        output_scale=8.0, method="naive", batch=16, start=TanhStart(width=400, seeds=6),
        clock=Clock(200.0, 0.05, at=(200.0,)),
    ).error.values.ravel()  # fmt: skip
    own = found.std(ddof=1) / np.sqrt(len(found))
    z = (found.mean() - point["sim"]) / np.hypot(own, point["se"])
    print(
        f"S7.ols {found.mean():.4f} +- {own:.4f}, listed {point['sim']:.4f} +- {point['se']:.4f}: z {z:.2f}"
    )
    assert abs(z) < 3
    assert descent_ascent(clock=Clock(1.0)).attrs["naive_bias"] == pytest.approx(point["theory"], abs=1e-10)


def test_the_noise_floor_of_online_games_grows_as_the_batch_shrinks():
    floors = []
    for batch in (1, 64):
        found = run_games(
            output_scale=8.0, method="online", batch=batch, start=TanhStart(width=200, seeds=4),
            clock=Clock(100.0, 0.05, at=(60.0, 70.0, 80.0, 90.0, 100.0)),
        )  # fmt: skip
        floors.append(found.error.mean("time_point").values.ravel())
    # Both games of a replicate start from the same particles: what the start does cancels.
    gap = floors[0] - floors[1]
    z = gap.mean() / (gap.std(ddof=1) / np.sqrt(len(gap)))
    print("online noise floor, batch 1 and 64:", floors[0].mean(), floors[1].mean(), "z", z)
    assert z > 3
