"""How far a cloud of particles has moved: the Wasserstein distance W2, exact or bounded from above."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from giantstep.networks.tanh_particles import EXACT_TRANSPORT

Array = NDArray[np.float64]


def movement(now: Array, before: Array) -> float:
    """Return W2 between the empirical laws of two clouds (3, N); for N > 1000 the coupling of trajectories.

    Up to 1000 particles it is an optimal assignment under squared distance, exact. Beyond, every particle is
    matched with itself: sqrt(mean_i |theta_i - theta_i(0)|^2) >= W2.

    >>> cloud = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    >>> movement(cloud[:, ::-1], cloud), coupling(cloud[:, ::-1], cloud)
    (0.0, 1.0)
    """
    if now.shape[1] > EXACT_TRANSPORT:
        return coupling(now, before)
    from scipy.optimize import linear_sum_assignment

    cost = np.sum((now[:, :, None] - before[:, None, :]) ** 2, axis=0)
    if not np.isfinite(cost).all():
        return float("nan")
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


def coupling(now: Array, before: Array) -> float:
    """Return sqrt(mean_i |theta_i - theta_i(0)|^2), an upper bound of W2."""
    return float(np.sqrt(np.mean(np.sum((now - before) ** 2, axis=0))))
