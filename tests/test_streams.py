"""Randomness has an address."""

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.streams import Role, Streams, fingerprint


def draws(streams, *address):
    return streams.generator(*address).standard_normal(8)


def test_an_address_always_gives_the_same_draws():
    assert (draws(Streams(5, 2), Role.TEST, 3, 4) == draws(Streams(5, 2), Role.TEST, 3, 4)).all()


def test_every_word_of_an_address_matters():
    base = dict(seed=1, replicate=2, prefix=())
    addresses = [
        (Streams(**base), Role.BATCH, 1, 0),
        (Streams(**base | {"seed": 2}), Role.BATCH, 1, 0),
        (Streams(**base | {"replicate": 3}), Role.BATCH, 1, 0),
        (Streams(**base | {"prefix": (7, 9)}), Role.BATCH, 1, 0),
        (Streams(**base), Role.NOISE, 1, 0),
        (Streams(**base), Role.BATCH, 2, 0),
        (Streams(**base), Role.BATCH, 1, 1),
        (Streams(**base), Role.BATCH, 0, 1),
    ]
    firsts = [draws(*address)[0] for address in addresses]
    assert len(set(firsts)) == len(firsts)


def test_streams_at_neighbouring_addresses_are_uncorrelated():
    generators = [Streams(0, r).generator(Role.BATCH, 1, c) for r in (0, 1) for c in (0, 1)]
    rows = np.array([generator.standard_normal(20000) for generator in generators])
    correlations = np.corrcoef(rows)[np.triu_indices(4, 1)] * np.sqrt(20000)
    assert np.abs(correlations).max() < 4.0


def test_the_fingerprint_is_a_fixed_function_of_the_installation():
    assert fingerprint() == fingerprint()
    assert len(fingerprint()) == 64


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, True, "0"])
def test_a_seed_is_a_whole_number_of_64_bits(seed):
    with pytest.raises(SpecError, match="seed: found"):
        Streams(seed)
