"""B(U, k): the note's example, exactness, and what must hold for every target."""

import numpy as np
import pytest

from giantstep.asymptotics import bounds
from giantstep.errors import CapabilityError, SpecError
from giantstep.staircase import analyze
from giantstep.targets import Target

NOTE = Target.parse("z1 + He2(z1)/sqrt(2) + He3(z1)/sqrt(6) + z1*z2 + He2(z2)/sqrt(2)")
E1 = np.array([[1.0, 0.0]])
DIAGONAL = np.array([[1.0, 1.0]]) / np.sqrt(2)


def test_the_note_s_example():
    table = bounds(NOTE, [[], E1, np.eye(2)])
    assert table.bound.values == pytest.approx([4.0, 1.0, 0.0])
    assert float(table.kernel_bound) == pytest.approx(4.0)
    assert float(table.variance) == pytest.approx(5.0)


def test_quadrature_and_exact_tensors_agree_for_rotated_subspaces():
    black_box = Target.from_callable(NOTE.link, 2)
    for order in range(4):
        exact, numeric = (bounds(target, [[], DIAGONAL, E1], order=order) for target in (NOTE, black_box))
        assert (exact.bound_error == 0).all()
        assert numeric.bound.values == pytest.approx(exact.bound.values, abs=1e-10)


@pytest.mark.parametrize(
    ("text", "basis", "order", "value"),
    [
        ("sign(z1*z2)", E1, 1, 1 - 2 / np.pi),  # of sign(z2), z2 sqrt(2 / pi) is kept
        ("relu(z1)", np.zeros((0, 1)), 1, 0.25 - 1 / (2 * np.pi)),
        ("abs(z1) + z2", E1, 1, 0.0),
        ("relu(z1 + z2)", DIAGONAL, 0, 0.0),
    ],
)
def test_kinked_targets_by_hand(text, basis, order, value):
    table = bounds(Target.parse(text), [basis], order=order)
    assert float(table.bound[0]) == pytest.approx(value, abs=1e-9)
    assert float(table.bound_error[0]) < 1e-9


def test_kinks_that_cut_across_the_subspace_widen_the_error():
    table = bounds(Target.parse("relu(z1 + z2)"), [E1])
    # E over z1 of the variance of relu(z1 + G) left by a straight line in G.
    z1 = np.random.default_rng(0).standard_normal(20_000)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    values = np.maximum(z1[:, None] + nodes, 0.0)
    left = (values**2) @ weights - (values @ weights) ** 2 - (values @ (weights * nodes)) ** 2
    sampled, error = left.mean(), left.std() / len(z1) ** 0.5
    assert 0 < float(table.bound_error[0]) < 0.01
    assert abs(float(table.bound[0]) - sampled) < 4 * error + float(table.bound_error[0])


def test_bounds_fall_along_a_chain_and_with_the_order():
    for name in ("stair2", "rotated_leap2"):
        target = Target.from_catalog(name)
        chain = analyze(target).subspaces
        table = bounds(target, chain)
        assert (np.diff(table.bound) <= 1e-12).all()
        orders = [float(bounds(target, order=order).kernel_bound) for order in range(5)]
        assert (np.diff(orders) <= 1e-12).all()


def test_the_noise_is_not_in_the_bound():
    assert bounds(Target.parse("z1*z2", noise=3.0)).bound.values.tolist() == [1.0]


@pytest.mark.parametrize(
    ("subspaces", "order", "message"),
    [
        ([[[1.0]]], 1, "found shape"),
        ([[[1.0, 1.0]]], 1, "not orthonormal"),
        ([], 1, "found none"),
        (None, -1, "order: found -1"),
        (None, True, "order: found True"),
    ],
)
def test_bad_input_is_named(subspaces, order, message):
    with pytest.raises(SpecError, match=message):
        bounds(NOTE, subspaces, order=order)


def test_too_many_kinked_dimensions_are_refused():
    text = " + ".join(f"abs(z{q})*z{q + 1}" for q in range(1, 8))
    with pytest.raises(CapabilityError, match="points"):
        bounds(Target.parse(text))
