"""A game beside the frozen flow of its own particles: it is where the game goes as alpha grows."""

from __future__ import annotations

import numpy as np

from giantstep.networks.tanh_particles import TanhStart
from giantstep.studies.minimax_walk import minimax_walk
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_problems import InstrumentalVariable, PolicyEvaluation


def walked(problem=None, *, paired=True, scales=(8.0, 32.0), at=(10.0,)):
    return minimax_walk(
        problem or InstrumentalVariable(),
        output_scale=list(scales),
        penalty=0.0,
        method="population",
        clock=Clock(10.0, 0.05, at=at),
        start=TanhStart(width=40, seeds=2, paired=paired),
    ).isel(time_point=0)


def test_the_distance_falls_like_one_over_alpha_squared():
    distance = walked(scales=(64.0, 256.0)).frozen_distance.values
    slopes = np.log(distance[1] / distance[0]) / np.log(4)
    assert np.abs(slopes + 2).max() < 0.1


def test_alpha_times_the_movement_tends_to_that_of_the_frozen_flow():
    for problem in (InstrumentalVariable(), PolicyEvaluation()):
        found = walked(problem)
        off = np.abs(found.output_scale * found.primal_movement / found.frozen_movement - 1).values
        assert off[1].max() < 2e-3
        assert off[1].max() < 0.3 * off[0].max()


def test_unpaired_particles_have_a_frozen_flow_from_their_own_noise():
    found = walked(paired=False, scales=(1.0, 16.0), at=(0.05,))
    assert found.frozen_error.dims == ("output_scale", "replicate")
    # At the first step both are where the particles started, far from zero at alpha = 16.
    assert (found.frozen_error[1] > 2 * found.frozen_error[0]).all()
    assert (found.frozen_distance < 0.01 * np.sqrt(found.error)).all()
