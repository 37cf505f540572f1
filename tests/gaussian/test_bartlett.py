"""Bartlett factors have the law of what they stand for."""

import numpy as np
import pytest
from scipy import stats

from giantstep.gaussian.bartlett import bartlett


@pytest.mark.parametrize(("vectors", "dimension"), [(3, 7), (3, 3), (4, 2), (1, 5)])
def test_gram_matrices_are_wishart(vectors, dimension):
    rng = np.random.default_rng(3)
    factors = [bartlett(vectors, dimension, rng) for _ in range(4000)]
    assert factors[0].shape == (vectors, min(vectors, dimension))
    grams = np.array([factor @ factor.T for factor in factors])
    normals = rng.standard_normal((4000, vectors, dimension))
    oracle = normals @ np.swapaxes(normals, 1, 2)
    smallest = 1e-3 / vectors**2
    for i in range(vectors):
        for j in range(i + 1):
            assert stats.ks_2samp(grams[:, i, j], oracle[:, i, j]).pvalue > smallest
    determinants = [np.linalg.det(stack[:, :dimension, :dimension]) for stack in (grams, oracle)]
    assert stats.ks_2samp(*determinants).pvalue > 1e-3


def test_a_billion_dimensions_cost_nothing():
    factor = bartlett(4, 10**9, np.random.default_rng(0))
    assert np.abs(np.diag(factor) / 1e9**0.5 - 1).max() < 1e-3
    assert (np.triu(factor, 1) == 0).all()


def test_no_room_gives_no_axes():
    assert bartlett(3, 0, np.random.default_rng(0)).shape == (3, 0)
    assert bartlett(0, 3, np.random.default_rng(0)).shape == (0, 0)
