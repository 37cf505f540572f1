"""Exact and float subspaces."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from giantstep.staircase.monomials import change_variables, heat, multiply, pack
from giantstep.staircase.subspaces import Subspace, complement_rows, row_reduced

vectors = st.lists(st.tuples(*[st.integers(-5, 5)] * 4), max_size=5)


@given(vectors)
def test_the_exact_rank_is_the_numerical_rank(rows):
    expected = np.linalg.matrix_rank(np.array(rows)) if rows else 0
    assert len(row_reduced(rows, 4)) == expected


@given(vectors)
def test_the_frame_is_orthogonal_and_starts_with_the_subspace(rows):
    subspace = Subspace.spanned_by(rows, 4)
    frame = np.array(subspace.whole_frame(), dtype=float)
    gram = frame @ frame.T
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-9 * gram.max())
    np.testing.assert_allclose(frame[subspace.dimension :] @ subspace.rows.T, 0, atol=1e-6 * gram.max())


@given(vectors, vectors)
def test_joining_is_the_span_of_both(left, right):
    joined = Subspace.spanned_by(left, 4).joined(right)
    assert joined.whole == Subspace.spanned_by([*left, *right], 4).whole


@given(vectors)
def test_the_complement_completes_the_space(rows):
    subspace = Subspace.spanned_by(rows, 4)
    rest = complement_rows(subspace.rows, 4)
    np.testing.assert_allclose(subspace.projector + rest.T @ rest, np.eye(4), atol=1e-9)


def test_integers_beyond_floats_keep_their_direction():
    huge = Subspace.spanned_by([(10**400, 10**400, 0)], 3)
    np.testing.assert_allclose(huge.rows, [[np.sqrt(0.5), np.sqrt(0.5), 0]])


def test_heat_commutes_with_a_rotation():
    rows = [(3, 4), (-4, 3)]
    terms = multiply({pack((2, 1)): 5, pack((0, 3)): -2}, {pack((1, 0)): 1, 0: 7})
    scaled = [25, 1]
    turned_then_heated = change_variables(terms, rows)
    for place in range(2):
        # s has variance 1/25 on both axes; factors[m] = 25^(2 - m) clears denominators.
        turned_then_heated = heat(turned_then_heated, place, [625, 25, 1])
    heated = terms
    for place in range(2):
        heated = heat(heated, place, [1, 1, 1])
    expected = {key: value * 625**2 for key, value in change_variables(heated, rows).items()}
    assert turned_then_heated == expected
    assert scaled == [25, 1]
