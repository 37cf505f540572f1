"""Particles and problems that several tests of minimax share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from giantstep.networks.tanh_particles import TanhStart, draw_particles
from giantstep.targets.moment_problems import Sample
from giantstep.targets.moment_solutions import Displaced


def listed_start(seeds, width):
    """The particles of theory note 50, and its generators with which it goes on to draw samples."""
    generators = [np.random.default_rng(seed) for seed in range(seeds)]
    clouds = [(draw_particles(rng, width), draw_particles(rng, width)) for rng in generators]
    primal, dual = (np.array([pair[side] for pair in clouds]) for side in (0, 1))
    return TanhStart(primal=primal, dual=dual), generators


@dataclass(frozen=True)
class Regression:
    """A user's own problem: Z = X, so T is the identity and nothing is confounded."""

    name = "regression"
    coefficients = (1.0,)
    solution = Displaced((0.0, 1.0))

    def operator(self, rule):
        return np.eye(len(rule.nodes))

    def sample(self, generator, count):
        x = generator.standard_normal(count)
        return Sample(self.solution(x), x[None], x)

    def naive_limit(self, rule):
        return self.solution(rule.nodes)
