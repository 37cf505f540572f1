"""Closed forms of E[s(u) s(v)] for jointly Gaussian u, v: relu and step (arc-cosine), erf (arcsine).

``erf`` is the activation erf(x / sqrt 2).  All take variances ``a = E u^2``, ``b = E v^2`` and the covariance
``c = E u v`` (any broadcastable arrays), with zero mean.  Cho & Saul 2009 for the arc-cosine kernels,
Williams 1998 for the arcsine kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _cosine(a: Any, b: Any, c: Any) -> tuple[Array, Array]:
    """The correlation clipped to [-1, 1] against round-off, and sqrt(a b)."""
    size = np.sqrt(np.asarray(a, dtype=np.float64) * np.asarray(b, dtype=np.float64))
    safe = np.where(size > 0, size, 1.0)
    return np.clip(np.where(size > 0, np.asarray(c, dtype=np.float64) / safe, 0.0), -1.0, 1.0), size


def step_kernel(a: Any, b: Any, c: Any) -> Array:
    """Return P(u > 0, v > 0) = (pi - angle) / (2 pi): the arc-cosine kernel of order 0.

    >>> round(float(step_kernel(1.0, 4.0, 1.0)), 12)  # correlation 1/2
    0.333333333333
    """
    cosine, _ = _cosine(a, b, c)
    return (math.pi - np.arccos(cosine)) / (2 * math.pi)


def relu_kernel(a: Any, b: Any, c: Any) -> Array:
    """Return E[relu(u) relu(v)]: the arc-cosine kernel of order 1.

    >>> round(float(relu_kernel(2.0, 2.0, 2.0)), 12)  # E relu^2 = a / 2
    1.0
    """
    cosine, size = _cosine(a, b, c)
    angle = np.arccos(cosine)
    return size * (np.sin(angle) + (math.pi - angle) * cosine) / (2 * math.pi)


def erf_kernel(a: Any, b: Any, c: Any) -> Array:
    """Return E[s(u) s(v)] for s(x) = erf(x / sqrt 2): the arcsine kernel.

    >>> round(float(erf_kernel(1.0, 1.0, 1.0)), 12)  # 2/pi arcsin(1/2) = 1/3
    0.333333333333
    """
    a, b, c = (np.asarray(x, dtype=np.float64) for x in (a, b, c))
    ratio = np.clip(c / np.sqrt((1 + a) * (1 + b)), -1.0, 1.0)
    return 2 / math.pi * np.arcsin(ratio)


def erf_slope_kernel(a: Any, b: Any, c: Any) -> Array:
    """Return E[s'(u) s'(v)] for s(x) = erf(x / sqrt 2), whose slope is sqrt(2/pi) exp(-x^2/2).

    >>> round(float(erf_slope_kernel(0.0, 0.0, 0.0)) * math.pi / 2, 12)
    1.0
    """
    a, b, c = (np.asarray(x, dtype=np.float64) for x in (a, b, c))
    return 2 / math.pi / np.sqrt((1 + a) * (1 + b) - c * c)


def erf_slope_mean(a: Any) -> Array:
    """Return E[s'(u)] for s(x) = erf(x / sqrt 2) and u ~ N(0, a).

    >>> round(float(erf_slope_mean(1.0)) * math.sqrt(math.pi), 12)
    1.0
    """
    return np.sqrt(2 / math.pi / (1 + np.asarray(a, dtype=np.float64)))
