"""The kernel of wide networks b tanh(w x + c) of one input, b, c ~ N(0, 1), w ~ N(0, 1.5^2).

K(x, x') = E[ tanh tanh' + (1 + x x') sech^2 sech'^2 ] is the mean of grad phi . grad phi' over (b, w, c),
with the integral over b done and that over (w, c) on a fixed 24 x 24 Gauss-Hermite grid: K is then itself
the kernel of a network of 576 neurons, and what it spans is defined to the last digit (theory note 50, S7.3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.quadrature import hermite_rule, product_grid

Array = NDArray[np.float64]

SPREAD = 1.5
"""Standard deviation of w."""

_NODES = 24
_BLOCK = 4096


def tanh_kernel(x: Any, other: Any) -> Array:
    """Return K at every pair, shape (len(x), len(other)).

    >>> tanh_kernel([0.0], [0.0]).round(6).tolist()
    [[0.858409]]
    """
    (places, first, first_slopes), (others, second, second_slopes) = map(_fields, (x, other))
    weights = _grid()[1]
    room = 1.0 + np.multiply.outer(places, others)
    return (first * weights) @ second.T + room * ((first_slopes * weights) @ second_slopes.T)


def displacement(pull: Array, nodes: Array) -> Array:
    """Return how the 576 neurons move, (3, 576) along b, c and w, to make f = sum_j K(., nodes_j) pull_j."""
    _, values, slopes = _fields(nodes)
    return _grid()[1] * np.stack([pull @ values, pull @ slopes, (pull * nodes) @ slopes])


def displaced(moves: Array, x: Any) -> Array:
    """Return f at inputs x (n,), for the displacement of its neurons.

    >>> displaced(displacement(np.array([2.0]), np.array([0.0])), [0.0]).round(6).tolist()
    [1.716818]
    """
    inputs = np.atleast_1d(np.asarray(x, dtype=np.float64))
    found = np.empty(len(inputs))
    for start in range(0, len(inputs), _BLOCK):
        part = slice(start, start + _BLOCK)
        places, values, slopes = _fields(inputs[part])
        found[part] = values @ moves[0] + slopes @ moves[1] + places * (slopes @ moves[2])
    return found


def _fields(x: Any) -> tuple[Array, Array, Array]:
    places = np.atleast_1d(np.asarray(x, dtype=np.float64))
    points = _grid()[0]
    value = np.tanh(np.multiply.outer(places, SPREAD * points[:, 0]) + points[:, 1])
    return places, value, 1.0 - value**2


def _grid() -> tuple[Array, Array]:
    rule = hermite_rule(_NODES)
    return product_grid((rule, rule))
