"""Polynomial algebra is exact and obeys its laws."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giantstep.errors import CapabilityError, SpecError
from giantstep.targets.polynomial import Polynomial

indices = st.tuples(st.integers(0, 3), st.integers(0, 3))
polynomials = st.dictionaries(indices, st.fractions(-5, 5, max_denominator=9), max_size=5).map(
    lambda terms: Polynomial(terms, 2)
)
LAWS = settings(max_examples=100, deadline=None)


@LAWS
@given(polynomials, polynomials, polynomials)
def test_polynomials_are_a_commutative_ring(a, b, c):
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) * c == a * c + b * c
    assert (a * b) * c == a * (b * c)
    assert a - a == Polynomial({}, 2)
    assert a * 1 == a + 0 == a**1
    assert -(0 - a) == a
    assert a**2 == a * a


@LAWS
@given(polynomials, polynomials)
def test_degrees_add_under_products(a, b):
    assert (a * b).degree == (a.degree + b.degree if a.terms and b.terms else 0)


@LAWS
@given(polynomials)
def test_hermite_coefficients_rebuild_the_polynomial(g):
    """Sum of c_alpha He_alpha / alpha! over the coefficients is g: nothing lost, nothing double."""
    total = Polynomial({}, 2)
    x, y = Polynomial.variable(0, 2), Polynomial.variable(1, 2)
    for (j, k), value in g.hermite().items():
        total = total + hermite(x, j) * hermite(y, k) * (value / factorial(j) / factorial(k))
    assert total == g


def hermite(x, order):
    before, here = Polynomial.constant(0, 2), Polynomial.constant(1, 2)
    for k in range(order):
        before, here = here, x * here - k * before
    return here


def factorial(n):
    return Fraction(int(np.prod(range(1, n + 1), dtype=int)))


@LAWS
@given(polynomials, polynomials, st.integers(0, 1000))
def test_evaluation_is_a_ring_homomorphism(a, b, seed):
    z = np.random.default_rng(seed).standard_normal((10, 2))
    np.testing.assert_allclose((a * b)(z), a(z) * b(z), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose((a + b)(z), a(z) + b(z), rtol=1e-9, atol=1e-9)


def test_energy_of_a_product_is_the_sum_over_its_hermite_coefficients():
    # E g**2 = sum |C_k|**2 / k!: theory note 10, section 0
    g = Polynomial({(2, 1): Fraction(1), (0, 1): Fraction(3), (1, 0): Fraction(-1, 2)}, 2)
    energy = sum([value**2 / factorial(j) / factorial(k) for (j, k), value in g.hermite().items()])
    assert energy == (g * g).hermite()[0, 0] == 3 + 2 * 3 + 9 + Fraction(1, 4)


def test_one_float_makes_it_inexact():
    assert Polynomial({(1,): Fraction(1, 3)}, 1).exact
    assert not Polynomial({(1,): Fraction(1, 3), (0,): 0.5}, 1).exact
    assert Polynomial({}, 1).exact


def test_zero_terms_are_dropped_and_whole_numbers_become_fractions():
    g = Polynomial({(1, 0): 0, (0, 1): 2, (0, 0): 0.0}, 2)
    assert dict(g.terms) == {(0, 1): Fraction(2)}
    assert type(g.terms[0, 1]) is Fraction


def test_a_polynomial_cannot_be_changed_but_can_be_copied():
    g = Polynomial({(1,): Fraction(1)}, 1)
    with pytest.raises(TypeError):
        g.terms[2,] = Fraction(1)
    assert copy.deepcopy(g) == g
    assert pickle.loads(pickle.dumps(g)) == g  # noqa: S301 - our own bytes


def test_evaluation_keeps_the_dtype_and_checks_the_shape():
    g = Polynomial({(2, 0): Fraction(1, 2)}, 2)
    assert g(np.ones((3, 2), np.float32)).dtype == np.float32
    assert g([[2, 0]]).tolist() == [2.0]
    with pytest.raises(SpecError, match=r"z has shape \(3,\), expected \(\.\.\., 2\)"):
        g(np.ones(3))


@pytest.mark.parametrize("index", [(1,), (1, 2, 3), (-1, 0)])
def test_a_multi_index_has_one_entry_for_each_variable(index):
    with pytest.raises(SpecError, match="expected 2 whole numbers >= 0"):
        Polynomial({index: Fraction(1)}, 2)


def test_ranks_do_not_mix_and_powers_are_whole():
    with pytest.raises(SpecError, match="ranks 1 and 2 differ"):
        Polynomial.variable(0, 1) + Polynomial.variable(0, 2)
    with pytest.raises(SpecError, match="expected a whole number >= 0"):
        Polynomial.variable(0, 1) ** -1


def test_a_product_too_large_to_write_out_is_refused():
    x = Polynomial({(i, 0): Fraction(1) for i in range(600)}, 2)
    with pytest.raises(CapabilityError, match="600 by 600 terms"):
        x * x
