"""A fresh step on the labels alone (correlation loss) without sampling: few Gaussian fields meet at a time.

Given z, a neuron's field is Gaussian of mean m_i . z + b_i, so E[y s'(lambda_i) x] needs rank + 1 dimensions
and E[y^2 s'(lambda_i) s'(lambda_j)] needs rank + 2 (theory note 10, section 3, "deterministic alternative").
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from giantstep.asymptotics.fresh_batch import GradientMoments, apply
from giantstep.asymptotics.schedule import LimitStep, Problem
from giantstep.gaussian.quadrature import kink_frame, product_grid, split_rule
from giantstep.networks import Activation
from giantstep.networks.order_parameters import Array, OrderParameters

MAX_RANK = 2
MAX_WIDTH = 12
COARSE, FINE = 9, 12
"""Gauss nodes on each piece of each axis: the difference of the two is the error that is reported."""

REACH = 9.0
"""Fields further out, in standard deviations, have weight 1e-19."""

# Below this conditional standard deviation, relative to the field's own, two fields are one.
_SAME = 1e-6


def has_quadrature(problem: Problem, step: LimitStep) -> bool:
    """Whether the labels alone drive the step, few enough dimensions meet, and all kinks are known."""
    kinks = problem.target.link.kinks()
    return (
        step.loss == "correlation"
        and not step.preprocess
        and problem.target.rank <= MAX_RANK
        and problem.network.width <= MAX_WIDTH
        and not problem.target.link.black_box
        and kinks.complete
        and kink_frame(kinks.hyperplanes, problem.target.rank).aligned
    )


def quadrature_step(problem: Problem, step: LimitStep, state: OrderParameters, nodes: int) -> OrderParameters:
    """Return the order parameters after one fresh step of the correlation loss, by quadrature."""
    target, activation = problem.target, problem.network.activation
    frame = kink_frame(target.link.kinks().hyperplanes, target.rank)
    points, weights = product_grid([split_rule(places, nodes) for places in frame.breaks])
    z = points @ frame.axes
    y = np.asarray(target(z), dtype=np.float64)
    coordinates = state.coordinates()
    own = coordinates[:, target.rank :]
    spread = np.linalg.norm(own, axis=1)
    centres = z @ state.overlaps.T + problem.biases  # (points, width)
    width = problem.network.width
    on_axes, energy = np.zeros_like(coordinates), np.zeros((width, width))
    for i in range(width):
        xi, mass = _conditional(activation, centres[:, i], spread[i], nodes)
        slopes = activation.derivative(centres[:, i, None] + spread[i] * xi) * mass
        label = weights * y
        on_axes[i, : target.rank] = (label * slopes.sum(1)) @ z
        if spread[i] > 0:
            on_axes[i, target.rank :] = float(label @ (slopes * xi).sum(1)) / spread[i] * own[i]
        for j in range(i, width):
            shift = float(own[i] @ own[j]) / spread[i] if spread[i] > 0 else 0.0
            rest = math.sqrt(max(spread[j] ** 2 - shift**2, 0.0))
            both = _pair(activation, centres[:, [i, j]], spread[i], shift, rest, nodes)
            energy[i, j] = energy[j, i] = float((weights * (y**2 + target.noise)) @ both)
    scale = problem.scale
    moments = GradientMoments(
        scale[:, None] * on_axes, np.zeros((width, width)), np.outer(scale, scale) * energy, None
    )
    return apply(problem, step, state, coordinates, moments)


def _conditional(activation: Activation, centres: Array, spread: float, nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights, shape (points, m), for the mean over xi of f(s'(c + spread xi))."""
    if not activation.kinks or spread == 0.0:
        rule = split_rule((), nodes)
        shape = (*centres.shape, rule.nodes.size)
        return np.broadcast_to(rule.nodes, shape), np.broadcast_to(rule.weights, shape)
    cuts = [np.clip((kink - centres) / spread, -REACH, REACH) for kink in sorted(activation.kinks)]
    return _between(cuts, nodes)


def _between(cuts: list[Array], nodes: int) -> tuple[Array, Array]:
    """Gauss-Legendre nodes between the cuts of each point; weights of the normal law."""
    x, w = np.polynomial.legendre.leggauss(nodes + 4)
    edges = [np.full_like(cuts[0], -REACH), *cuts, np.full_like(cuts[0], REACH)]
    places, masses = [], []
    for low, high in pairwise(edges):
        half = 0.5 * (high - low)[..., None]
        place = 0.5 * (high + low)[..., None] + half * x
        places.append(place)
        masses.append(half * w * np.exp(-0.5 * place**2) / math.sqrt(2.0 * math.pi))
    return np.concatenate(places, -1), np.concatenate(masses, -1)


def _pair(
    activation: Activation, centres: Array, spread: float, shift: float, rest: float, nodes: int
) -> Array:
    """Return E[s'(c_1 + spread xi) s'(c_2 + shift xi + rest zeta)] at each point, shape (points,)."""
    first, second = centres.T
    if rest > _SAME * math.hypot(shift, rest):
        xi, mass = _conditional(activation, first, spread, nodes)
        slopes = activation.derivative(first[:, None] + spread * xi) * mass
        inner = second[:, None] + shift * xi
        zeta, share = _conditional(activation, inner, rest, nodes)
        return (slopes * (activation.derivative(inner[..., None] + rest * zeta) * share).sum(-1)).sum(-1)
    # One field drives both neurons: cut at the kinks of either.
    cuts = []
    for centre, slope in ((first, spread), (second, shift)):
        if slope:
            cuts += [np.clip((kink - centre) / slope, -REACH, REACH) for kink in activation.kinks]
    if cuts:
        xi, mass = _between(list(np.sort(np.array(cuts), axis=0)), nodes)
    else:
        xi, mass = _conditional(activation, first, 0.0, nodes)
    both = activation.derivative(first[:, None] + spread * xi) * activation.derivative(
        second[:, None] + shift * xi
    )
    return (both * mass).sum(-1)
