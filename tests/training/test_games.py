"""Games of finite networks: the listed runs, transport, the clock that knows no alpha."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from giantstep.errors import SpecError
from giantstep.networks.tanh_particles import TanhStart, forward, output_at, push
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation
from giantstep.training.minimax.games import run_games
from giantstep.training.minimax.transport import coupling, movement

from ..moments import Regression, listed_start
from ..neighbours import points

PROBLEMS = [InstrumentalVariable(), PolicyEvaluation(), Regression()]
QUICK = TanhStart(width=40, seeds=2)


def test_the_listed_errors_are_met_early_in_the_game():
    start, _ = listed_start(3, 300)
    found = run_games(output_scale=[1.0, 64.0], start=start, clock=Clock(10.0, 0.05, at=(10.0,)))
    mean = found.isel(time_point=0).mean("replicate")
    hits = 0
    for point in points("S7.flow.err"):
        alpha, time = point["params"]["alpha"], point["params"]["t"]
        if alpha in (1, 64) and time == 10:
            at, hits = mean.sel(output_scale=alpha), hits + 1
            assert float(at.error_to_saddle) == pytest.approx(point["sim"], rel=1e-4)
            assert float(at.average_gap) == pytest.approx(point["params"]["avg_gap"], rel=1e-4)
    assert hits == 2


def test_the_way_back_is_the_gradient_of_the_output():
    cloud = TanhStart(width=6, seeds=1).draw(0)[0]
    inputs, weights = np.array([-0.7, 0.2, 1.5]), np.array([0.3, -1.0, 0.5])
    found = push(cloud, forward(cloud, inputs), weights)
    step = 1e-6
    for row, particle in ((0, 1), (1, 4), (2, 2)):
        moved = np.zeros_like(cloud)
        moved[row, particle] = step
        slope = (output_at(cloud + moved, inputs, 6.0) - output_at(cloud - moved, inputs, 6.0)) / (2 * step)
        assert weights @ slope == pytest.approx(found[row, particle], rel=1e-7, abs=1e-9)


def test_time_does_not_depend_on_the_output_scale():
    # N/alpha^2 times the gradient: the first steps from f = g = 0 know no alpha, later ones at 1/alpha^2.
    clock = Clock(2.0, 0.05, at=(0.1, 2.0))
    found = run_games(output_scale=[32.0, 128.0], start=QUICK, clock=clock).error.values
    assert_allclose(found[0, :, 0], found[1, :, 0], rtol=1e-5)
    assert_allclose(found[0, :, 1], found[1, :, 1], rtol=1e-2)


def test_movement_falls_like_one_over_the_output_scale():
    found = run_games(output_scale=[8.0, 32.0], start=QUICK, clock=Clock(10.0, 0.05, at=(10.0,)))
    moved = found.primal_movement.values[:, :, 0].mean(axis=1)
    assert np.log(moved[1] / moved[0]) / np.log(4) == pytest.approx(-1.0, abs=0.02)


def test_transport_is_the_best_of_all_assignments():
    generator = np.random.default_rng(2)
    now, before = generator.standard_normal((2, 3, 5))
    best = min(coupling(now[:, list(order)], before) for order in permutations(range(5)))
    assert movement(now, before) == pytest.approx(best, rel=1e-12)
    assert movement(now, before) < coupling(now, before)


def test_beyond_a_thousand_particles_the_bound_is_given_and_named():
    found = run_games(output_scale=2.0, start=TanhStart(width=1002, seeds=1), clock=Clock(0.1, 0.05))
    assert "upper bound" in found.attrs["movement"]
    assert_allclose(found.primal_movement, found.primal_coupling)
    assert run_games(output_scale=2.0, start=QUICK, clock=Clock(0.1, 0.05)).attrs["movement"] == "exact"


def test_the_dual_comes_back_so_the_largest_distance_is_kept():
    found = run_games(output_scale=8.0, start=TanhStart(width=100, seeds=1), clock=Clock(60.0, 0.05))
    assert float(found.dual_movement_sup[0, 0, -1]) > 1.2 * float(found.dual_movement[0, 0, -1])
    assert np.all(np.diff(found.dual_movement_sup.values) >= 0)


def test_unpaired_particles_start_at_noise_and_say_so():
    found = run_games(
        output_scale=[4.0, 8.0], start=TanhStart(width=40, seeds=1, paired=False), clock=Clock(0.1, 0.05)
    )
    assert any("not paired" in line for line in found.attrs["warnings"])
    start = found.primal.values[:, 0, 0]
    assert np.abs(start).max() > 0.1
    assert_allclose(start[1], 2 * start[0])
    paired = run_games(output_scale=4.0, start=QUICK, clock=Clock(0.1, 0.05))
    assert np.abs(paired.primal.values[:, :, 0]).max() < 1e-12


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_mean_online_step_is_the_population_step(problem):
    clock = Clock(0.05, 0.05, at=(0.05,))
    start = TanhStart(width=20, seeds=1)
    whole = run_games(problem, output_scale=1.0, penalty=0.2, start=start, clock=clock).dual.values[0, 0, 0]
    seeds = [
        run_games(
            problem, output_scale=1.0, penalty=0.2, method="online", batch=100, start=start, clock=clock,
            generators=[np.random.default_rng(seed)],
        ).dual.values[0, 0, 0]
        for seed in range(12)
    ]  # fmt: skip
    inner = slice(12, 28)  # nodes within 3.2, where the law has its weight
    spread = np.std(seeds, axis=0, ddof=1) / np.sqrt(12)
    z = (np.mean(seeds, axis=0) - whole) / spread
    assert np.abs(z[inner]).max() < 5


def test_ignoring_the_instrument_learns_the_biased_function():
    start = TanhStart(width=100, seeds=2)
    clock = Clock(30.0, 0.05, at=(30.0,))
    naive = run_games(output_scale=4.0, method="naive", start=start, clock=clock)
    assert np.all(naive.error.values > 0.08)
    assert np.all(naive.dual_movement.values == 0)
    honest = run_games(output_scale=4.0, method="online", start=start, clock=clock)
    assert np.all(honest.error.values < 0.08)


def test_the_same_seed_gives_the_same_bits_and_replicates_differ():
    words = dict(output_scale=2.0, method="online", start=QUICK, clock=Clock(0.5, 0.05))
    first, second = run_games(**words), run_games(**words)
    assert np.array_equal(first.primal.values, second.primal.values)
    assert not np.array_equal(first.primal.values[:, 0], first.primal.values[:, 1])


def test_a_diverging_game_comes_back_with_a_status():
    found = run_games(output_scale=1.0, start=QUICK, clock=Clock(4000.0, 20.0))
    assert found.status.values.tolist() == [["nonfinite"] * 2]
    assert "lower the step" in str(found.message.values[0, 0])
    assert np.isnan(found.error.values[0, 0, -1])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (dict(output_scale=0.0), "output_scale: found 0.0"),
        (dict(output_scale=[1.0, 1.0]), "distinct"),
        (dict(output_scale=1.0, method="onlin"), "did you mean 'online'"),
        (dict(output_scale=1.0, batch=0), "batch: found 0"),
        (dict(output_scale=1.0, penalty=np.nan), "penalty: found nan"),
    ],
)
def test_bad_input_is_one_line(words, line):
    with pytest.raises(SpecError, match=line) as caught:
        run_games(start=QUICK, **words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("build", "line"),
    [
        (lambda: TanhStart(width=3), "even number"),
        (lambda: TanhStart(primal=np.ones((3, 4))), "both"),
        (lambda: TanhStart(primal=np.ones((2, 4)), dual=np.ones((2, 4))), "expected \\(3, N\\)"),
        (lambda: TanhStart(primal=np.full((3, 4), np.nan), dual=np.ones((3, 4))), "NaN at particle 0, row b"),
    ],
)
def test_broken_particles_are_refused(build, line):
    with pytest.raises(SpecError, match=line):
        build()


@pytest.mark.slow
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
