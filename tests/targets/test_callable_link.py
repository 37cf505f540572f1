"""A user's function is checked at every call."""

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.targets import CallableLink, Kinks

Z = np.random.default_rng(0).standard_normal((6, 2))


def test_it_returns_what_the_function_returns_in_the_dtype_of_the_points():
    link = CallableLink(lambda z: z[..., 0] * np.float64(2), 2)
    np.testing.assert_array_equal(link(Z), 2 * Z[:, 0])
    assert link(Z.astype(np.float32)).dtype == np.float32
    assert link(Z.reshape(2, 3, 2)).shape == (2, 3)
    assert np.ndim(link(Z[0])) == 0
    assert CallableLink(lambda z: z[..., 0] > 0, 2)(Z).dtype == np.float64


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda z: z, r"returned shape \(6, 2\) for z of shape \(6, 2\), expected \(6,\)"),
        (lambda z: z[0], r"returned shape \(2,\)"),
        (lambda z: 1.0, r"returned shape \(\)"),
        (lambda z: z[..., :1], r"returned shape \(6, 1\)"),
        (lambda z: z[..., 0] + 1j, "returned dtype complex128"),
        (lambda z: np.array(["a"] * 6), "returned dtype <U1"),
        (lambda z: [None] * 6, "returned dtype object"),
        (lambda z: z[..., 0] / np.zeros(6), "returned NaN or infinity"),
        (lambda z: np.full(6, np.nan), "returned NaN or infinity"),
    ],
)
def test_a_wrong_answer_is_refused(function, says):
    with np.errstate(all="ignore"), pytest.raises(SpecError, match=says):
        CallableLink(function, 2)(Z)


def test_the_function_cannot_write_into_the_points():
    def careless(z):
        z[..., 0] = 0.0
        return z[..., 1]

    with pytest.raises(ValueError, match="read-only"):
        CallableLink(careless, 2)(Z.copy())


def test_the_answer_is_never_a_window_on_the_points():
    z = Z.copy()
    value = CallableLink(lambda z: z[..., 0], 2)(z)
    assert not np.shares_memory(value, z)
    value[:] = 0.0
    np.testing.assert_array_equal(z, Z)


@pytest.mark.parametrize("rank", [0, -1, 1.5, "2", None, True])
def test_the_rank_is_a_whole_number(rank):
    with pytest.raises(SpecError, match=r"rank: found .*expected a whole number >= 1"):
        CallableLink(lambda z: z[..., 0], rank)


def test_what_cannot_be_called_is_refused():
    with pytest.raises(SpecError, match="found str, expected a function"):
        CallableLink("z1", 1)


def test_nothing_is_known_of_a_black_box():
    link = CallableLink(lambda z: z[..., 0], 1)
    assert link.black_box
    assert link.polynomial() is None
    assert link.kinks() == Kinks((), complete=False)
