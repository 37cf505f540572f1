"""The float32 normals have the law they claim."""

import numpy as np
import pytest
from scipy import stats

from giantstep.gaussian.normals import PIECE, draw_normals, fill_normals
from giantstep.streams import Role, Streams

COUNT = 2_000_000


@pytest.fixture(scope="module")
def draws():
    return draw_normals(Streams(7).generator(Role.BATCH), COUNT).astype(float)


def test_moments_are_those_of_the_normal(draws):
    for power in range(1, 9):
        values = draws**power
        exact = 0.0 if power % 2 else float(np.prod(np.arange(power - 1, 0, -2)))
        z = (values.mean() - exact) / (values.std() / COUNT**0.5)
        assert abs(z) < 4.0, power


def test_the_distribution_function_is_that_of_the_normal(draws):
    assert stats.kstest(draws, "norm").pvalue > 1e-3


def test_tails_are_as_heavy_as_they_should_be(draws):
    for level in (2.0, 3.0, 4.0):
        expected = COUNT * 2 * stats.norm.sf(level)
        assert abs((np.abs(draws) > level).sum() - expected) < 4.5 * expected**0.5


def test_the_two_halves_of_a_pair_are_independent():
    pairs = draw_normals(Streams(8).generator(Role.BATCH), PIECE).astype(float)
    first, second = pairs[: PIECE // 2], pairs[PIECE // 2 :]
    count = first.size
    for f, g in [(first, second), (first**2, second**2), (np.abs(first), second**2)]:
        z = np.corrcoef(f, g)[0, 1] * count**0.5
        assert abs(z) < 4.0


def test_odd_and_large_shapes_are_filled_wholly():
    for shape in [(1,), (3,), (0,), (5, 7), (PIECE + 1,), (3, PIECE - 1)]:
        out = np.full(shape, np.nan, np.float32)
        fill_normals(Streams(1).generator(Role.BATCH), out)
        assert np.isfinite(out).all()


def test_a_view_that_is_not_contiguous_is_refused():
    with pytest.raises(ValueError, match="C-contiguous"):
        fill_normals(np.random.default_rng(0), np.empty((4, 4), np.float32)[:, :2])
