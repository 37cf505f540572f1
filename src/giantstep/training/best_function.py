"""The best any function of a subspace can do: E Var(g(z) | z_U), the floor under every readout that sees U.

A layer whose rows lie in U feeds its readout functions of z_U only; none of them comes closer to g than
E[g | z_U]. Features of U times low-order polynomials off U do better: theory note 10, section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from giantstep.errors import CapabilityError, SpecError
from giantstep.gaussian.quadrature import gaussian_mean, hermite_rule, product_grid
from giantstep.streams import Role, Streams
from giantstep.targets import Target
from giantstep.training.experiment import Array64

_MAX_POINTS = 10**6
_SAMPLES = 2**18
_BLOCK = 2**14
# Quadrature in more dimensions than this has too few nodes an axis to be trusted.
_MAX_AXES = 4


@dataclass(frozen=True, slots=True)
class BestError:
    """The mean squared error of E[g | z_U] and how far it may be off.

    Attributes
    ----------
    test_error : float
        With the label noise.
    test_error_clean : float
        E Var(g(z) | z_U).
    standard_error : float
        Of the samples; for quadrature the error it estimates of itself.
    method : str
        ``exact`` (polynomials), ``quadrature`` or ``sampled``.
    """

    test_error: float
    test_error_clean: float
    standard_error: float
    method: str


def best_function_error(target: Target, subspace: Any, *, seed: int = 0) -> BestError:
    """Return the error of the best function of z_U, the projection of z on a subspace U.

    Parameters
    ----------
    target : Target
    subspace : array, shape (dim, rank)
        Rows that span U, in z coordinates; no row for U = 0, whose best function is the constant E g.
    seed : int
        Of the samples, where the target is neither a polynomial nor of known kinks in few variables.

    Returns
    -------
    BestError

    Raises
    ------
    SpecError
        For a subspace that is not finite or of another rank.

    Examples
    --------
    >>> best = best_function_error(Target.parse("z1 + z1*z2", noise=0.5), [[1, 0]])
    >>> round(best.test_error, 12), best.method
    (1.5, 'exact')
    """
    axes, dim = _axes(subspace, target.rank)
    rest = target.rank - dim
    if rest == 0:
        return BestError(target.noise, 0.0, 0.0, "exact")
    clean, error, method = (
        _exact(target, axes, dim) or _quadrature(target, axes, dim) or _sampled(target, axes, dim, seed)
    )
    return BestError(clean + target.noise, clean, error, method)


def _axes(subspace: Any, rank: int) -> tuple[Array64, int]:
    """Return orthonormal axes of R^rank, those of U first, and the dimension of U."""
    rows = np.asarray(subspace, dtype=np.float64)
    if rows.size == 0:
        return np.eye(rank), 0
    if rows.ndim != 2 or rows.shape[1] != rank or not np.isfinite(rows).all():
        raise SpecError(
            f"subspace: found an array of shape {rows.shape}, expected finite rows of shape (dim, {rank})."
        )
    _, values, axes = np.linalg.svd(rows, full_matrices=True)
    return axes, int(np.sum(values > 1e-10 * max(float(values[0]), 1e-300)))


def _exact(target: Target, axes: Array64, dim: int) -> tuple[float, float, str] | None:
    """Gauss-Hermite with enough nodes for the square of a polynomial: exact up to rounding."""
    try:
        polynomial = target.link.polynomial()
    except CapabilityError:
        return None
    if polynomial is None or (polynomial.degree + 1) ** target.rank > _MAX_POINTS:
        return None
    rule = hermite_rule(polynomial.degree + 1)
    known, known_weights = product_grid([rule] * dim) if dim else (np.zeros((1, 0)), np.ones(1))
    hidden, weights = product_grid([rule] * (target.rank - dim))
    points = np.concatenate(
        [
            np.broadcast_to(known[:, None], (len(known), len(hidden), dim)),
            np.broadcast_to(hidden[None], (len(known), *hidden.shape)),
        ],
        axis=-1,
    )
    values = np.asarray(target(points @ axes), dtype=np.float64)
    spread = values - (values @ weights)[:, None]
    variance = float(known_weights @ (spread**2 @ weights))
    size = float(known_weights @ (values**2 @ weights))
    # What rounding leaves of a target that is a function of z_U is no variance.
    return (variance if variance > 1e-20 * size else 0.0), 1e-14 * variance, "exact"


def _quadrature(target: Target, axes: Array64, dim: int) -> tuple[float, float, str] | None:
    """Half of E (g(u, v) - g(u, v'))^2 with two independent hidden parts v, v'."""
    kinks, rest = target.link.kinks(), target.rank - dim
    if not kinks.complete or dim + 2 * rest > _MAX_AXES:
        return None

    def copies(points: Array64) -> tuple[Array64, Array64]:
        first, second = points[:, : dim + rest], np.hstack([points[:, :dim], points[:, dim + rest :]])
        return first @ axes, second @ axes

    def half_square(points: Array64) -> Array64:
        first, second = copies(points)
        return 0.5 * np.asarray(target(first) - target(second), dtype=np.float64) ** 2

    doubled = []
    for normal, offset in kinks.hyperplanes:
        turned = axes @ np.asarray(normal, dtype=np.float64)
        u, v, none = turned[:dim], turned[dim:], np.zeros(rest)
        doubled.append((tuple(np.concatenate([u, v, none])), offset))
        if np.any(np.abs(v) > 1e-12):
            doubled.append((tuple(np.concatenate([u, none, v])), offset))
    try:
        estimate = gaussian_mean(half_square, dim + 2 * rest, kinks=doubled)
    except CapabilityError:
        return None
    if estimate.error > 1e-4 * max(abs(estimate.value), 1e-12):
        return None
    return estimate.value, estimate.error, "quadrature"


def _sampled(target: Target, axes: Array64, dim: int, seed: int) -> tuple[float, float, str]:
    """Average the half square over samples: unbiased, never negative, for any target."""
    sums = np.zeros(2)
    for chunk in range(_SAMPLES // _BLOCK):
        normals = Streams(seed).generator(Role.TEST, 0, chunk).standard_normal((2, _BLOCK, target.rank))
        normals[1, :, :dim] = normals[0, :, :dim]
        first, second = np.asarray(target(normals @ axes), dtype=np.float64)
        values = 0.5 * (first - second) ** 2
        sums += values.sum(), np.square(values).sum()
    mean, square = sums / _SAMPLES
    return float(mean), math.sqrt(max(float(square - mean * mean), 0.0) / (_SAMPLES - 1)), "sampled"
