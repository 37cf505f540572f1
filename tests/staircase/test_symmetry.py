"""Symmetries found, refused, and what they certify."""

import numpy as np
import pytest

from giantstep.staircase.involutions import find_involutions
from giantstep.staircase.polynomial_labels import PolynomialLabels
from giantstep.staircase.subspaces import Subspace
from giantstep.staircase.symmetry import allowed_directions, find_symmetries
from giantstep.targets import Target

BOTH = [(0, 0), (1, 0)]


def symmetries(text, frames=None, exact=True):
    target = Target.parse(text)
    terms = None
    if exact:
        terms = PolynomialLabels.of(target.link.polynomial(), rounded=False).terms
    return find_symmetries(target, frames or [np.eye(target.rank)], terms), target.rank


def test_two_flips_certify_a_product():
    found, rank = symmetries("z1*z2")
    assert len(allowed_directions(found, Subspace.zero(rank), 1, BOTH)) == 0
    assert all(item.exact for item in found)


def test_a_coefficient_of_1e_13_breaks_a_symmetry():
    found, rank = symmetries("z1*z2 + 1e-13*z1")
    assert len(allowed_directions(found, Subspace.zero(rank), 1, BOTH)) == 2


def test_a_map_that_flips_the_label_about_its_mean_counts():
    found, _ = symmetries("3 + z1*z2*z3")
    flips = [item for item in found if item.sign == -1]
    assert flips
    assert all(item.centre == 3.0 for item in flips)


def test_a_rational_reflection_is_checked_exactly():
    u, v = np.array([0.6, 0.8]), np.array([-0.8, 0.6])
    text = "(3*z1/5+4*z2/5)**3 + (3*z2/5-4*z1/5)**2"
    found, rank = symmetries(text, [np.array([u, v])])
    assert found
    assert all(item.exact for item in found)
    left = allowed_directions(found, Subspace.zero(rank), 1, BOTH)
    np.testing.assert_allclose(left.T @ left, np.outer(u, u), atol=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_bound_holds_every_direction_that_exists(order):
    # C_k of a symmetric target lives where the symmetries allow; T(y) = y and y^2 at U = 0.
    target = Target.parse("z1*z2 + z1**2*z3**2 + He3(z3)*z2*z1")
    found, rank = symmetries(str(target))
    bound = allowed_directions(found, Subspace.zero(rank), order, BOTH)
    z = np.random.default_rng(3).standard_normal((200_000, rank))
    if order == 1:
        for label in (target(z), target(z) ** 2, np.tanh(target(z))):
            mean = (z * label[:, None]).mean(0)
            error = (z * label[:, None]).std(0) / np.sqrt(len(z))
            assert np.all(np.abs(mean - bound.T @ (bound @ mean)) < 5 * error)
    assert bound.shape[1] == rank


def test_involutions_are_found_where_no_frame_shows_them():
    turn = np.linalg.qr(np.random.default_rng(8).standard_normal((3, 3)))[0]
    found = find_involutions(lambda z: np.prod(z @ turn, axis=-1), Subspace.zero(3))
    assert len(allowed_directions(found, Subspace.zero(3), 1, BOTH)) == 0


def test_involutions_do_not_invent():
    found = find_involutions(lambda z: z[:, 0] + z[:, 0] ** 2 * z[:, 1] + z[:, 1] ** 2 / 7, Subspace.zero(2))
    assert found == ()
