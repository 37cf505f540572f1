"""Every target of the reference catalog, in every listed field."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.staircase import analyze
from giantstep.targets import Target

CATALOG = json.loads((Path(__file__).parents[1] / "data" / "catalog.json").read_text())
EXPONENTS = ("information_exponent", "leap", "generative_exponent", "generative_leap")


def protocol(**fields):
    return Protocol.repeat(2, **{"batch": "d", "learning_rate": 1.0, **fields})


CHAINS = {
    "U_fresh_k1": (None, protocol()),
    "U_fresh_k2": (None, protocol(batch="d^2")),
    "U_fresh_k2_preprocessed": (None, protocol(batch="d^2", preprocess=True)),
    "U_reuse_k1": (None, protocol(reuse=True)),
    "U_fresh_k1_relu_nobias": (Network(width=4, activation="relu"), protocol()),
    "U_fresh_k1_odd_activation": (Network(width=4, activation="tanh"), protocol()),
}


def target_of(entry):
    return Target.parse(entry["expr"], rank=entry["r"], noise=entry["noise_variance"])


def projector(rows, rank):
    rows = np.array(rows, dtype=float).reshape(-1, rank)
    basis = np.linalg.qr(rows.T)[0] if len(rows) else np.zeros((rank, 0))
    return basis @ basis.T


@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry["name"])
def test_exponents_and_rank_are_those_of_the_catalog(entry):
    found = analyze(target_of(entry))
    assert found.status == "decided", found.messages
    assert found.effective_rank == entry["dim_V"]
    assert {name: getattr(found, name) for name in EXPONENTS} == {name: entry[name] for name in EXPONENTS}


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("entry", CATALOG, ids=lambda entry: entry["name"])
def test_learned_subspaces_are_those_of_the_catalog(entry, chain):
    network, steps = CHAINS[chain]
    found = analyze(target_of(entry), network, steps)
    listed = entry[chain]
    assert found.status == "decided", found.messages
    for step in range(max(len(listed), len(found.subspaces)) + 1):
        rows = found.subspace_at(step)
        expected = projector(listed[min(step, len(listed) - 1)], entry["r"])
        np.testing.assert_allclose(rows.T @ rows, expected, atol=1e-9)
    # Fresh chains list steps until they stop; a reused one lists step 1 in any case.
    moves = sum(len(later) > len(earlier) for earlier, later in itertools.pairwise(listed))
    assert len(found.steps) >= moves
