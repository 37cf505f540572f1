"""Weights of your own become the same Dataset."""

import numpy as np
import pytest

import giantstep as gs
from giantstep.errors import SpecError


def test_foreign_weights_give_overlaps_of_the_definition():
    rng = np.random.default_rng(0)
    teacher = np.linalg.qr(rng.standard_normal((30, 2)))[0].T
    layers = rng.standard_normal((3, 4, 5, 30))
    data = gs.measure(layers, teacher)
    np.testing.assert_allclose(data.overlaps[1, 2], layers[1, 2] @ teacher.T)
    np.testing.assert_allclose(data.self_overlaps[1, 2], layers[1, 2] @ layers[1, 2].T)
    inside = np.linalg.norm(layers @ teacher.T, axis=(-1, -2)) ** 2
    np.testing.assert_allclose(data.alignment, inside / np.linalg.norm(layers, axis=(-1, -2)) ** 2)
    assert data.attrs["dimension"] == 30


def test_one_run_needs_no_replicate_axis():
    assert gs.measure(np.ones((2, 3, 4)), np.eye(4)[:2]).sizes["replicate"] == 1


@pytest.mark.parametrize(
    ("layers", "teacher", "message"),
    [
        (np.ones((3, 4)), np.eye(4)[:1], "expected .* step, width, dimension"),
        (np.ones((1, 3, 4)), np.eye(5)[:1], "expected .* step, width, dimension"),
        (np.full((1, 3, 4), np.nan), np.eye(4)[:1], "not finite"),
        (np.ones((1, 3, 4)), 2 * np.eye(4)[:1], "rows are not orthonormal"),
    ],
)
def test_what_does_not_fit_is_named(layers, teacher, message):
    with pytest.raises(SpecError, match=message):
        gs.measure(layers, teacher)


@pytest.mark.parametrize("layers", ["weights", np.ones((1, 2, 5)) * 1j, [[[1.0], [1.0, 2.0]]], None])
def test_what_is_no_real_array_is_refused(layers):
    with pytest.raises(SpecError, match=r"^first_layers: found"):
        gs.measure(layers, np.eye(5)[:1])
