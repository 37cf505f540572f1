"""Convex losses of the readout: the proximal point at label +1, from which label -1 follows by symmetry.

P_V(f) = argmin_z loss(z) + (z - f)^2 / (2 V) and the pull G = (P - f)/V = -loss'(P) (theory note 30, 7a).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array

_NEWTON_STEPS = 60


@dataclass(frozen=True, slots=True)
class Loss:
    """A convex loss of the margin u = y f.

    Attributes
    ----------
    name : str
    value : callable
        Margin to loss.
    pull : callable
        Margin and V, broadcast, to (G, -dG/du).
    kinks : callable
        V to the margins where G or its derivative jumps, each of V's shape.
    """

    name: str
    value: Callable[[Array], Array]
    pull: Callable[[Array, Array], tuple[Array, Array]]
    kinks: Callable[[Array], tuple[Array, ...]]


def _square_pull(u: Array, v: Array) -> tuple[Array, Array]:
    steep = 1.0 / (1.0 + v)
    return (1.0 - u) * steep, np.broadcast_to(steep, np.broadcast_shapes(u.shape, np.shape(v)))


def _logistic_pull(u: Array, v: Array) -> tuple[Array, Array]:
    """Solve z = u + V / (1 + e^z) by Newton, kept inside its bracket [u, u + V]."""
    low, high = u + 0.0 * v, u + v
    # 0 lies on the steep part wherever the bracket holds it; else its nearer end is close to the solution.
    z = np.clip(0.0, low, high)
    for _ in range(_NEWTON_STEPS):
        pull = _sigmoid(-z)
        gap = z - u - v * pull
        low, high = np.where(gap < 0, z, low), np.where(gap > 0, z, high)
        move = gap / (1.0 + v * pull * (1.0 - pull))
        moving = np.abs(move) > 1e-15 * (1.0 + np.abs(z))
        new = z - move
        # An end of the bracket is no better than outside: from end to end Newton would go for ever.
        z = np.where(moving & ((new <= low) | (new >= high)), 0.5 * (low + high), new)
        if not moving.any():
            break
    pull = _sigmoid(-z)
    bend = pull * (1.0 - pull)
    return pull, bend / (1.0 + v * bend)


def _sigmoid(x: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _hinge_pull(u: Array, v: Array) -> tuple[Array, Array]:
    inside = (u < 1.0) & (u > 1.0 - v)
    return np.clip((1.0 - u) / v, 0.0, 1.0), np.where(inside, 1.0 / v, 0.0)


LOSSES: Final = {
    "square": Loss("square", lambda u: 0.5 * (1.0 - u) ** 2, _square_pull, lambda v: ()),
    "logistic": Loss("logistic", lambda u: _softplus(-u), _logistic_pull, lambda v: ()),
    "hinge": Loss(
        "hinge",
        lambda u: np.maximum(1.0 - u, 0.0),
        _hinge_pull,
        lambda v: (1.0 - v, np.ones_like(v)),
    ),
}
"""The losses by name; square is half the squared error, so that its penalty is that of ridge."""
