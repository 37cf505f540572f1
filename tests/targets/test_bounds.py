"""Ranges are sound: no value ever leaves them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giantstep.errors import SpecError
from giantstep.targets.bounds import Bounds, bounds_of
from giantstep.targets.expression import Expression
from giantstep.targets.grammar import parse


@pytest.mark.parametrize(
    ("text", "low", "high", "degree"),
    [
        ("z1", -math.inf, math.inf, 1),
        ("z1*z2", -math.inf, math.inf, 2),
        ("z1*z1", 0, math.inf, 2),
        ("z1**3", -math.inf, math.inf, 3),
        ("-z1**2 - 1", -math.inf, -1, 2),
        ("abs(z1) + 2", 2, math.inf, 1),
        ("1/(2 + z1**2)", 0, 0.5, 0),
        ("tanh(z1)*2 - 1", -3, 1, 0),
        ("sin(z1)**2", 0, 1, 0),
        ("exp(-z1**2)", 0, 1, 0),
        ("exp(z1)", 0, math.inf, math.inf),
        ("exp(exp(-z1**2))", 1, math.e, 0),
        ("sqrt(1 + z1**4)", 1, math.inf, 2),
        ("min(z1, 3)", -math.inf, 3, 1),
        ("max(z1, 3) - 3", 0, math.inf, 1),
        ("relu(z1)*relu(z2)", 0, math.inf, 2),
        ("He3(tanh(z1))", -4, 4, 0),
        ("2**0.5", 2**0.5, 2**0.5, 0),
        ("z1**0*5", 5, 5, 0),
    ],
)
def test_ranges_and_degrees(text, low, high, degree):
    found = bounds_of(parse(text))
    assert (found.low, found.high, found.degree) == (pytest.approx(low), pytest.approx(high), degree)


def test_a_reach_bounds_everything():
    assert bounds_of(parse("z1**3 - z2"), 2.0) == Bounds(-10.0, 10.0)


LEAVES = st.sampled_from(["z1", "z2", "2", "0.5", "-1", "3*z1 - 1"])
WRAPS = ["abs(@)", "relu(@)", "(@)**2", "(@)**3", "tanh(@)", "sin(@)", "exp(tanh(@))", "He2(@)", "He3(@)"]
WRAPS += ["-(@)", "1/(1 + (@)**2)", "sqrt(abs(@))", "sign(@)", "erf(@)", "exp(-(@)**2)"]


def extend(inner):
    return st.one_of(
        st.tuples(st.sampled_from(["+", "-", "*"]), inner, inner).map(lambda t: f"({t[1]}) {t[0]} ({t[2]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        st.tuples(st.sampled_from(WRAPS), inner).map(lambda t: t[0].replace("@", t[1])),
    )


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(LEAVES, extend, max_leaves=6), st.integers(0, 2**32 - 1), st.sampled_from([3.0, math.inf])
)
def test_no_value_leaves_the_range(text, seed, reach):
    try:
        g = Expression.parse(text, 2)
    except SpecError:
        return
    z = np.clip(2 * np.random.default_rng(seed).standard_normal((200, 2)), -3, 3)
    value, found = g(z), bounds_of(g.tree, reach)
    slack = 1e-9 * (1 + np.abs(value))
    assert np.all(value >= found.low - slack)
    assert np.all(value <= found.high + slack)


@pytest.mark.parametrize(
    "text", ["tanh(z1)", "z1*abs(z2)", "sqrt(1 + z1**4)*z2", "He3(z1) - z2**2", "relu(z1)**3"]
)
def test_growth_is_no_faster_than_the_degree(text):
    g = Expression.parse(text, 2)
    degree = bounds_of(g.tree).degree
    z = np.random.default_rng(0).standard_normal((500, 2))
    near, far = np.abs(g(1e3 * z)).max(), np.abs(g(1e4 * z)).max()
    assert far <= 1.05 * near * 10**degree
