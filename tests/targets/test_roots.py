"""Real roots with multiplicities, none missing."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giantstep.targets.roots import real_roots
from giantstep.targets.vocabulary import hermite_coefficients


def times(f, g):
    product = [Fraction(0)] * (len(f) + len(g) - 1)
    for i, a in enumerate(f):
        for j, b in enumerate(g):
            product[i + j] += a * b
    return product


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.fractions(-4, 4, max_denominator=8), st.integers(1, 3), max_size=4),
    st.lists(st.fractions(Fraction(1, 4), 4, max_denominator=4), max_size=2),
    st.fractions(-3, 3).filter(bool),
)
def test_roots_and_multiplicities_are_those_it_was_built_from(roots, pairs, leading):
    f = [leading]
    for place, count in roots.items():
        for _ in range(count):
            f = times(f, [-place, Fraction(1)])
    for square in pairs:
        f = times(f, [square, Fraction(0), Fraction(1)])
    found = real_roots(f)
    assert found is not None
    assert [count for _, count in found] == [roots[place] for place in sorted(roots)]
    np.testing.assert_allclose([place for place, _ in found], [float(r) for r in sorted(roots)], atol=1e-9)


@pytest.mark.parametrize("order", range(1, 9))
def test_hermite_roots_are_those_of_numpy(order):
    found = real_roots([Fraction(c) for c in hermite_coefficients(order)])
    np.testing.assert_allclose(
        [place for place, _ in found], np.polynomial.hermite_e.hermegauss(order)[0], atol=1e-12
    )


def test_constants_and_zero_have_no_roots():
    assert real_roots([]) == real_roots([Fraction(3)]) == real_roots([Fraction(0)]) == []
    assert real_roots([0.0, 0.0]) == real_roots([2.5]) == []


def test_float_coefficients_give_places_without_multiplicity():
    assert real_roots([-2.0, 0.0, 1.0]) == [(pytest.approx(-(2**0.5)), 0), (pytest.approx(2**0.5), 0)]
    assert [round(place, 3) for place, _ in real_roots([1.0, -2.0, 1.0])] == [1.0, 1.0]
    assert real_roots([1.0, 0.0, 1.0]) == []
