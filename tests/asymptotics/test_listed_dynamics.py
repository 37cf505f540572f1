"""The relu, tanh and erf examples of theory note 10 section 8: limits, and finite-d starts."""

import numpy as np
import pytest

from giantstep.asymptotics import overlaps
from giantstep.training.simulation import simulate

from .listed import CASES, KINDS, listed, name, nouns, rms, start


@pytest.mark.parametrize("case", CASES, ids=name)
def test_limits_agree_with_the_listed_ones(case):
    theory = overlaps(*nouns(case), samples=2**21)
    assert theory.attrs["status"] == "completed"
    for letter, variable in KINDS.items():
        difference = theory[variable].values[1:] - listed(case, f"{letter}_limit")
        error = np.hypot(theory[f"{variable}_se"].values[1:], listed(case, f"{letter}_limit_mcse"))
        free = error > 1e-9
        assert rms(difference[free] / error[free]) < 2.0


@pytest.mark.parametrize("case", CASES, ids=name)
def test_started_at_a_simulation_s_own_overlaps_the_theory_meets_it(case):
    replicates = 32
    target, network, protocol = nouns(case)
    data = simulate(target, network, protocol, dimension=2000, seeds=replicates)
    theory = [
        overlaps(
            target,
            network,
            protocol,
            start=start(data, replicate),
            samples=2**16,
            seed=replicate,
            method="sampling",
        )
        for replicate in range(replicates)
    ]
    for letter, variable in KINDS.items():
        ours = np.array([path[variable].values[1:] for path in theory])
        bias = data[variable].values[:, 1:] - ours
        z = bias.mean(0) / (bias.std(0, ddof=1) / replicates**0.5)
        assert rms(z) < 2.0
        # No larger than the listed bias, a mean over twelve seeds.
        listed_bias = max(step[f"max_bias_{letter}"] for step in case["steps"])
        assert np.abs(bias.mean(0)).max() < listed_bias
