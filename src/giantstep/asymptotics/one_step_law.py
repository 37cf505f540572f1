"""How far one giant step aligns a neuron with the target: signal over signal plus noise.

Theory note 10, section 1: at the start the order l, the smallest with C_l and c_l not zero, gives the mean
gradient m = c_l / (l-1)! C_l[w*^{l-1}, .] inside the target space, S = |m|^2, and n samples give the noise
E[s'^2] E[y^2] / n in each direction off it, N in all. The note adds noise "of size r / n" inside the target
space. That noise is g ~ N(0, V / n) with V = E[s'^2] E[y^2 z z^T] - m m^T - three times as much for a
product of coordinates - and it stands in numerator and denominator alike, so the overlap is E |m + g|^2 /
(|m + g|^2 + N), taken by quadrature here; S / (S + N) is its limit for growing d.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.quadrature import hermite_rule, product_grid, split_rule
from giantstep.networks import Activation
from giantstep.targets import Target

Array = NDArray[np.float64]

_MAX_POINTS = 10**6
_MAX_ORDER = 8
_MAX_RANK = 4
_NODES = 6


def one_step_overlaps(
    target: Target,
    activation: Activation,
    start_overlaps: Any,
    samples: Any,
    *,
    dimension: int,
    gained: Any = None,
) -> Array | None:
    """Return each neuron's predicted overlap^2 of its first gradient, own component removed.

    Labels must not depend on the network: the correlation loss, or a symmetric start. No biases.

    Parameters
    ----------
    target : Target
        A polynomial.
    activation : Activation
    start_overlaps : array, shape (.., neuron, direction)
        w_i . w*_q of unit rows.
    samples : array, shape (batch,)
        Batch sizes.
    dimension : int
    gained : array, shape (direction, direction), optional
        Projector on the directions that count; the whole target space by default.

    Returns
    -------
    array, shape (.., batch, neuron), or None
        None for targets that are no polynomial of moderate size and rank, and where the activation sees
        none of the orders.

    Examples
    --------
    >>> target, linear = Target.parse("z1"), Activation.named("He1")
    >>> law = one_step_overlaps(target, linear, [[0.0]], [1000, 10**6], dimension=1000)
    >>> law.round(2).ravel().tolist()
    [0.5, 1.0]
    """
    start, n = np.asarray(start_overlaps, dtype=float), np.asarray(samples, dtype=float)
    moments = _second_moments(target)
    polynomial = target.link.polynomial()
    if moments is None or polynomial is None:
        return None
    rule = split_rule(activation.kinks, 48)
    values = np.asarray(activation.value(rule.nodes), dtype=float) * rule.weights
    seen = values @ hermite_values(rule.nodes, _MAX_ORDER).T
    slope = float(rule.weights @ np.asarray(activation.derivative(rule.nodes), dtype=float) ** 2)
    tensor = {index: float(value) for index, value in polynomial.hermite().items() if value}
    orders = sorted({sum(index) for index in tensor if 0 < sum(index) <= _MAX_ORDER})
    order = next((k for k in orders if abs(seen[k]) > 1e-9), None)
    if order is None:
        return None
    projector = np.eye(target.rank) if gained is None else np.asarray(gained, dtype=float)
    mean = seen[order] / math.factorial(order - 1) * _contracted(tensor, order, start)
    energy, matrix = moments
    off = slope * energy * (dimension - target.rank - 1) / n
    # The spread of the noise in the target space, one square root a neuron.
    values, vectors = np.linalg.eigh(slope * matrix - mean[..., :, None] * mean[..., None, :])
    root = vectors * np.sqrt(np.clip(values, 0.0, None))[..., None, :]
    overlaps = np.zeros((*mean.shape[:-2], len(n), mean.shape[-2]))
    for point, weight in zip(*product_grid([hermite_rule(_NODES)] * target.rank), strict=True):
        shift = (root @ point)[..., None, :, :] / np.sqrt(n)[:, None, None]
        gradient = mean[..., None, :, :] + shift
        inside = np.einsum("...q,qs,...s->...", gradient, projector, gradient)
        overlaps += weight * inside / ((gradient**2).sum(-1) + off[:, None])
    return overlaps


def _contracted(tensor: dict[tuple[int, ...], float], order: int, start: Array) -> Array:
    """Return C_l[w*^{l-1}, .] for every row w*."""
    rank = start.shape[-1]
    result = np.zeros(start.shape)
    for index, value in tensor.items():
        if sum(index) != order:
            continue
        for q in range(rank):
            if index[q]:
                rest = [power - (s == q) for s, power in enumerate(index)]
                ways = math.factorial(order - 1) / math.prod(map(math.factorial, rest))
                result[..., q] += value * ways * np.prod(start ** np.array(rest), axis=-1)
    return result


def _second_moments(target: Target) -> tuple[float, Array] | None:
    """Return E[y^2] and the matrix E[y^2 z z^T], label noise included; None where they are not exact."""
    polynomial, rank = target.link.polynomial(), target.rank
    if polynomial is None or rank > _MAX_RANK or (polynomial.degree + 2) ** rank > _MAX_POINTS:
        return None
    points, weights = product_grid([hermite_rule(polynomial.degree + 2)] * rank)
    squares = weights * np.asarray(target(points), dtype=float) ** 2
    matrix = np.zeros((rank, rank))
    for q, s in itertools.product(range(rank), repeat=2):
        matrix[q, s] = squares @ (points[:, q] * points[:, s])
    return float(squares.sum()) + target.noise, matrix + target.noise * np.eye(rank)
