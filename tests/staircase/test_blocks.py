"""Conditional blocks against dense tensors computed another way."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from giantstep.staircase.blocks import conditional_blocks
from giantstep.staircase.polynomial_labels import PolynomialLabels
from giantstep.staircase.problem import Problem
from giantstep.staircase.subspaces import Subspace
from giantstep.staircase.transforms import IDENTITY, POLYNOMIAL_FAMILY
from giantstep.staircase.visibility import Sight
from giantstep.targets import Expression, Target

TEXT = "z1 + 2*z1*z2 - He3(z2)*z3 + z1**2*z3**2/3"


def dense_tensor(coefficients, order, rank):
    tensor = np.zeros((rank,) * order)
    for place in itertools.product(range(rank), repeat=order):
        alpha = tuple(place.count(i) for i in range(rank))
        tensor[place] = float(coefficients.get(alpha, 0))
    return tensor


@pytest.mark.parametrize("rows", [[], [(1, 0, 0)], [(1, 2, -2)], [(1, 1, 0), (0, 1, 3)]])
@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("power", [1, 2])
def test_strengths_are_the_norms_of_contracted_tensors(rows, rounded, power):
    polynomial = Expression.parse(TEXT).polynomial()
    subspace = Subspace.spanned_by(rows, 3)
    labels = PolynomialLabels.of(polynomial, rounded=rounded)
    symbol = dict(labels.symbols(subspace, [power], 2))[power]
    coefficients = (polynomial**power).hermite()
    frame = subspace.float_frame()
    inner, outer = frame[: len(rows)], frame[len(rows) :]
    seen = {}
    for block in conditional_blocks(symbol, subspace, 2):
        tensor = dense_tensor(coefficients, block.inside + block.outside, 3)
        for _ in range(block.inside):
            tensor = np.tensordot(inner, tensor, axes=(1, tensor.ndim - 1))
            tensor = np.moveaxis(tensor, 0, 0)
        for _ in range(block.outside):
            tensor = np.tensordot(tensor, outer, axes=(tensor.ndim - 1, 1))
            tensor = np.moveaxis(tensor, -1, 0)
        assert block.strength == pytest.approx(np.linalg.norm(tensor), rel=1e-9, abs=1e-9)
        seen[block.inside, block.outside] = block.strength
    assert seen


def test_energies_of_all_blocks_add_up_to_the_variance():
    # E g^2 = sum |T_{j,k}|^2 / (j! k!), with the part inside U (k = 0) by itself.
    target = Target.parse(TEXT)
    subspace = Subspace.spanned_by([(1, 1, 0)], 3)
    outside = sum(
        block.strength**2 / math.factorial(block.inside) / math.factorial(block.outside)
        for block in Problem(target, Sight.generic()).own_blocks(subspace, 4)
    )
    z = np.random.default_rng(0).standard_normal((400_000, 3))
    u = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    # Two independent draws of the complement at the same u: half the mean squared difference.
    other = np.random.default_rng(1).standard_normal((400_000, 3))
    other += np.outer((z - other) @ u, u)
    squares = 0.5 * (target(z) - target(other)) ** 2
    assert abs(squares.mean() - outside) < 5 * squares.std() / np.sqrt(len(z))


def test_label_powers_beyond_the_work_limit_are_left_out():
    dense = Expression.parse("(1+z1+z2+z3+z4+z5)**8 + z1").polynomial()
    labels = PolynomialLabels.of(dense, rounded=False)
    found = dict(labels.symbols(Subspace.zero(5), [1, 3], 1))
    assert found[1] is not None
    assert found[3] is None


def test_quadrature_agrees_with_exact_tensors_of_the_same_label():
    # abs(z1)**2 is z1**2, but not to the analyser.
    exact = Problem(Target.parse("z1**2*z2 + z2**2"), Sight.generic())
    grid = Problem(Target.parse("abs(z1)*abs(z1)*z2 + abs(z2)*abs(z2)"), Sight.generic())
    assert grid.labels is None
    zero = Subspace.zero(2, exact=False)
    for transform in POLYNOMIAL_FAMILY[:3]:
        one = {t.text: b for t, b in exact.blocks(zero, [transform], 2)}[transform.text]
        other = {t.text: b for t, b in grid.blocks(zero, [transform], 2)}[transform.text]
        strengths = {(b.inside, b.outside): b for b in other}
        for block in one:
            twin = strengths[block.inside, block.outside]
            assert abs(twin.strength - block.strength) <= twin.tolerance + 1e-12 * block.strength
    assert IDENTITY.power == 1
    assert exact.labels.scale == Fraction(1)
