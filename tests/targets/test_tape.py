"""Tapes do no needless work and never write over what is still needed."""

import numpy as np
import pytest

from giantstep.targets.expression import Expression
from giantstep.targets.grammar import parse
from giantstep.targets.tape import record


def calls(text):
    return [entry.name for entry in record(parse(text)).entries]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("z1", 0),
        ("z1**2", 1),
        ("z1**8", 3),
        ("z1**12", 4),
        ("z1 + z1*z2", 2),
        ("He3(z1)", 3),
        ("He2(z1) + He3(z1) + z1**2", 6),
        ("tanh(z1) + tanh(z1)*tanh(z1)", 3),
        ("z1*z2 + z2*z1", 2),
        ("2*3*z1/6 + (1 + 2 - 3)", 0),
        ("z1/2 - 1/4 + 3", 2),
        ("relu(z1) - z1/2", 3),
        ("5 - z1", 1),
    ],
)
def test_equal_parts_are_computed_once_and_constants_are_folded(text, count):
    assert len(calls(text)) == count


def test_powers_are_products():
    assert set(calls("z1**12 - He8(z2)")) <= {"multiply", "add", "subtract"}


@pytest.mark.parametrize("order", range(1, 9))
def test_hermite_polynomials_are_those_of_numpy(order):
    z = np.linspace(-4, 4, 101)[:, None]
    expected = np.polynomial.hermite_e.hermeval(z[:, 0], [0] * order + [1])
    np.testing.assert_allclose(Expression.parse(f"He{order}(z1)")(z), expected, atol=1e-10)


def test_a_value_used_twice_survives_the_reuse_of_memory():
    # each part is used again after a step that could have written over it
    g = Expression.parse("(z1*z2 + 1)**2 - tanh(z1*z2) + (z1*z2 + 1)*(z1*z2) - abs(tanh(z1*z2) - z2)")
    z = np.random.default_rng(0).standard_normal((50, 2))
    u = z[:, 0] * z[:, 1]
    expected = (u + 1) ** 2 - np.tanh(u) + (u + 1) * u - np.abs(np.tanh(u) - z[:, 1])
    np.testing.assert_allclose(g(z), expected, rtol=1e-13, atol=1e-13)


def test_memory_is_reused_along_a_chain():
    entries = record(parse("tanh(sin(cos(exp(z1))))")).entries
    assert [entry.reuse >= 0 for entry in entries] == [False, True, True, True]


def test_nan_goes_through_every_function():
    for text in ("relu(z1)", "max(z1, 0)", "sign(z1)", "abs(z1)", "z1**2", "tanh(z1)", "erf(z1)"):
        assert np.isnan(Expression.parse(text)([np.nan]))


def test_the_error_function_is_the_plain_one():
    from scipy.special import erf

    z = np.linspace(-2, 2, 9)[:, None]
    np.testing.assert_array_equal(Expression.parse("erf(z1)")(z), erf(z[:, 0]))
    assert Expression.parse("erf(z1)")(z.astype(np.float32)).dtype == np.float32
