"""The relu, tanh and erf examples of theory note 10 section 8, against listed simulations and limits."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.targets import Target
from giantstep.training.simulation import simulate

CASES = json.loads((Path(__file__).parents[1] / "data" / "overlap_dynamics.json").read_text())["cases"]
LISTED_SEEDS = 12


def simulated(case, dimension, seeds):
    network = Network(case["p"], case["activation"], readout=case["a"], symmetric=case["symmetric_init"])
    protocol = Protocol.repeat(
        len(case["steps"]),
        batch=f"{case['alpha']}d",
        learning_rate=case["eta"],
        reuse=case["mode"] == "reuse",
        loss=case["loss"],
    )
    data = simulate(Target.parse(case["target"]), network, protocol, dimension=dimension, seeds=seeds)
    assert set(data.status.values) == {"completed"}
    return data.isel(step=slice(1, None))


def entries(case, data, kind):
    """(ours with a replicate axis, listed) for M or Q at every step."""
    name = {"M": "overlaps", "Q": "self_overlaps"}[kind[0]]
    return data[name].values, np.array([step[kind] for step in case["steps"]])


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['target']}-{c['activation']}-{c['mode']}")
def test_our_simulation_agrees_with_the_listed_one(case):
    data = simulated(case, case["d_sim"], seeds=48)
    for kind in ("M_sim", "Q_sim"):
        ours, listed = entries(case, data, kind)
        variance = ours.var(0, ddof=1)
        error = np.sqrt(variance / len(ours) + variance / LISTED_SEEDS)
        free = error > 1e-9
        z = (ours.mean(0) - listed)[free] / error[free]
        # Few listed seeds have heavy tails: Student's quantile at 1e-3 over the number of entries.
        assert np.abs(z).max() < stats.t.isf(1e-3 / (2 * z.size), LISTED_SEEDS - 1)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['target']}-{c['activation']}-{c['mode']}")
def test_at_a_hundred_thousand_dimensions_the_limit_is_reached(case):
    data = simulated(case, 100_000, seeds=6)
    for kind, name in (("M_limit", "M"), ("Q_limit", "Q")):
        ours, listed = entries(case, data, kind)
        sampling = np.array([step[f"{name}_limit_mcse"] for step in case["steps"]])
        error = np.sqrt(ours.var(0, ddof=1) / len(ours) + sampling**2)
        free = error > 1e-9
        z = (ours.mean(0) - listed)[free] / error[free]
        assert np.sqrt((z**2).mean()) < 2.0
