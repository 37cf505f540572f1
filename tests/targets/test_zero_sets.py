"""Zero sets as planes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from giantstep.targets.polynomial import Polynomial
from giantstep.targets.zero_sets import Plane, zero_planes

Z = [Polynomial.variable(i, 3) for i in range(3)]
whole = st.integers(-3, 3)
forms = st.tuples(whole, whole, whole, whole)


def linear(form):
    return sum([c * z for c, z in zip(form[:3], Z, strict=True)], Polynomial.constant(form[3], 3))


def planes_of(found):
    return {tuple([round(x, 6) + 0.0 for x in (*plane.normal, plane.offset)]) for plane in found}


def plane(form):
    return Plane.of(np.array(form[:3], float), float(form[3]))


@settings(max_examples=200, deadline=None)
@given(forms, forms)
def test_a_product_of_two_linear_functions_gives_its_two_planes(a, b):
    assume(any(a[:3]) and any(b[:3]))
    found = zero_planes(linear(a) * linear(b), touching=True)
    assert found is not None
    assert planes_of(found) == planes_of([plane(a), plane(b)])


@settings(max_examples=100, deadline=None)
@given(forms, st.lists(st.integers(-2, 2), min_size=1, max_size=3))
def test_a_polynomial_of_one_direction_gives_parallel_planes(form, shifts):
    assume(any(form[:3]))
    g = Polynomial.constant(1, 3)
    for shift in shifts:
        g = g * (linear(form) - shift)
    odd = [s for s in set(shifts) if shifts.count(s) % 2]
    for touching, expected in ((False, odd), (True, shifts)):
        found = zero_planes(g, touching)
        assert found is not None
        assert planes_of(found) == planes_of([plane((*form[:3], form[3] - s)) for s in expected])


def test_a_definite_quadratic_never_changes_sign_and_touches_inside_a_plane():
    cone = Z[0] ** 2 + 2 * Z[1] ** 2
    assert zero_planes(cone) == []
    ((touch,),) = [zero_planes(cone, touching=True)]
    assert touch.offset == 0.0
    assert touch.normal[2] == 0.0
    assert zero_planes(cone + 1, touching=True) == []


def test_float_coefficients_are_factorised_too():
    found = zero_planes((2**0.5 * Z[0] - Z[1]) * (Z[0] + 3**0.5 * Z[1] - 1))
    first = plane((2**0.5, -1, 0, 0))
    second = plane((1, 3**0.5, 0, -1))
    assert planes_of(found) == planes_of([first, second])


@pytest.mark.parametrize(
    "g",
    [Z[0] ** 2 + Z[1] ** 2 - 1, Z[0] ** 3 - Z[1], Z[0] * Z[1] - Z[2] + 1, Z[0] ** 2 + Z[1] ** 2 - Z[2] ** 2],
)
def test_curved_zero_sets_are_given_up(g):
    assert zero_planes(g) is None


def test_a_constant_has_no_zero_set():
    assert zero_planes(Polynomial({}, 3)) == zero_planes(Polynomial.constant(Fraction(2), 3)) == []
