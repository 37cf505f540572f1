"""Gaussian integrals on a line: the trapezoid rule for smooth functions, split pieces for kinked ones.

The trapezoid rule on [-12, 12] is spectrally accurate for analytic integrands and beats Gauss-Hermite where
they have poles, as tanh has (theory note 30, section 4).  Its every other node is a rule of its own, so an
error estimate costs nothing: halving the spacing squares the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Function = Callable[[Array], Array]
Found = TypeVar("Found")

REACH = 12.0
FEWEST_INNER, MOST_INNER = 101, 3201
ENOUGH = 2e-13
"""Estimated relative error at which refinement stops."""

FEWEST_MEAN, MOST_MEAN = 241, 61441
_RESOLVED = 1e-7
_PIECE_NODES = (60, 90, 135, 203, 305)
"""Nodes on each piece between kinks, each half as many again as the ones before."""

_LARGEST_TABLE = 3_000_000


def density(x: Array) -> Array:
    """Return the density of N(0, 1)."""
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@lru_cache(maxsize=32)
def trapezoid(nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights for N(0, 1) on [-12, 12]; ``nodes`` is odd.

    >>> x, w = trapezoid(41)
    >>> abs(float(w @ x**4) - 3.0) < 1e-14
    True
    """
    x = np.linspace(-REACH, REACH, nodes)
    w = density(x) * (2 * REACH / (nodes - 1))
    x.setflags(write=False)
    w.setflags(write=False)
    return x, w


@lru_cache(maxsize=32)
def legendre(nodes: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights on [0, 1]."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    return 0.5 * (x + 1.0), 0.5 * w


@lru_cache(maxsize=32)
def graded(nodes: int) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1] that crowd at the ends: x = t^2 (3 - 2 t) makes square roots smooth.

    >>> x, w = graded(30)
    >>> abs(float(w @ (x * (1 - x)) ** 0.5) - math.pi / 8) < 1e-14
    True
    """
    t, w = legendre(nodes)
    return t * t * (3 - 2 * t), 6 * t * (1 - t) * w


def pieces(breaks: Sequence[float], nodes: int, reach: float = REACH) -> tuple[Array, Array]:
    """Return graded nodes and weights for N(0, 1), split at the breaks.

    >>> x, w = pieces([0.0], 40)
    >>> abs(float(w @ abs(x)) - (2 / math.pi) ** 0.5) < 1e-14
    True
    """
    inner = sorted({float(b) for b in breaks if abs(b) < reach - 1e-9})
    edges = np.array([-reach, *inner, reach])
    x0, w0 = graded(nodes)
    length = np.diff(edges)
    x = (edges[:-1, None] + length[:, None] * x0).ravel()
    return x, (length[:, None] * w0).ravel() * density(x)


def gaussian_means(integrands: Function, kinks: Sequence[float] = ()) -> tuple[Array, float]:
    """Return E of several functions of z ~ N(0, 1), refined until stable, and an estimated relative error.

    Parameters
    ----------
    integrands : callable
        Nodes (N,) to values (J, N).
    kinks : sequence of float
        Where a function or its derivative jumps.

    Examples
    --------
    >>> means, error = gaussian_means(lambda z: np.array([z * z, np.tanh(9 * z) * z]))
    >>> round(float(means[1]), 12), error < 1e-12
    (0.793876244666, True)
    """
    if len(kinks):

        def means(nodes: int) -> Array:
            z, w = pieces(kinks, nodes)
            return np.asarray(integrands(z) @ w)

        return _climb(means, _relative)
    nodes = FEWEST_MEAN
    while True:
        fine, coarse = (integrands(trapezoid(nodes)[0]) @ _mean_weights(nodes)).T
        far = _relative(coarse, fine)
        if far < _RESOLVED or 2 * nodes - 1 > MOST_MEAN:
            # Once resolved, halving the spacing squares the error; until then it does not.
            return fine, far * far if far < _RESOLVED else far
        nodes = 2 * nodes - 1


def _climb(rule: Callable[[int], Found], distance: Callable[[Found, Found], float]) -> tuple[Found, float]:
    """Return what a rule gives with enough nodes, and its estimated error.

    Each rule has half as many nodes again: with geometric convergence, the last gain to the power 3/2 is what
    is left of the last change.
    """
    last, before, error = rule(_PIECE_NODES[0]), math.inf, math.inf
    for nodes in _PIECE_NODES[1:]:
        fine = rule(nodes)
        far = distance(last, fine)
        error = far if math.isinf(before) else 3 * far * min(1.0, far / before) ** 1.5 if far else 0.0
        last, before = fine, far
        if not error > ENOUGH:
            break
    return last, error


def _relative(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max() / max(float(np.abs(other).max()), 1e-300))


@dataclass(frozen=True, slots=True)
class LocalMoments:
    """Moments of f(x + s z) over z ~ N(0, 1), one entry for each centre x.

    Attributes
    ----------
    mean, first, second : array
        E f, E z f and E (z^2 - 1) f.
    square : array
        E f^2.
    rest : array
        E (f - E f - z E z f)^2, without cancellation.
    error : float
        Estimated largest error, relative to the largest moment.
    """

    mean: Array
    first: Array
    second: Array
    square: Array
    rest: Array
    error: float


def local_moments(
    function: Function, centre: Array, spread: float, kinks: Sequence[float] = ()
) -> LocalMoments:
    """Return the moments of ``function(centre + spread * z)``, refined until stable.

    Parameters
    ----------
    function : callable
        Array to array of the same shape.
    centre : array, shape (K,)
    spread : float
        Standard deviation, above 0.
    kinks : sequence of float
        Where the function or its derivative jumps; the integrals split there.

    Examples
    --------
    >>> found = local_moments(np.tanh, np.array([0.0, 1.0]), 1.0)
    >>> round(float(found.first[0]), 12), found.error < 1e-12
    (0.605705509602, True)
    """
    if len(kinks):
        return _with_error(*_climb(lambda nodes: _split(function, centre, spread, kinks, nodes), _distance))
    nodes = FEWEST_INNER
    while True:
        moments, error = _smooth(function, centre, spread, nodes)
        finer = 2 * nodes - 1
        if not error > ENOUGH or finer > MOST_INNER or finer * len(centre) > _LARGEST_TABLE:
            return _with_error(moments, error)
        nodes = finer


def _with_error(moments: LocalMoments, error: float) -> LocalMoments:
    return LocalMoments(moments.mean, moments.first, moments.second, moments.square, moments.rest, error)


def _smooth(function: Function, centre: Array, spread: float, nodes: int) -> tuple[LocalMoments, float]:
    z, weights = trapezoid(nodes)
    values = np.asarray(function(centre[:, None] + spread * z), dtype=np.float64)
    sums = values @ _moment_weights(nodes)
    # One array serves for the rest and for the squares.
    work = sums[:, :2] @ _line(nodes)
    np.subtract(values, work, out=work)
    rest = np.multiply(work, work, out=work) @ weights
    both = np.multiply(values, values, out=work) @ _mean_weights(nodes)
    size = math.sqrt(float(both[:, 0].max()))
    # The coarse rule uses every other node; the error of the fine one is the square of their difference.
    far = max(float(np.abs(sums[:, :3] - sums[:, 3:]).max()) / size, 0.0) if size else 0.0
    far = max(far, float(np.abs(both[:, 0] - both[:, 1]).max()) / size**2) if size else 0.0
    return LocalMoments(sums[:, 0], sums[:, 1], sums[:, 2], both[:, 0], rest, 0.0), far * far


@lru_cache(maxsize=16)
def _moment_weights(nodes: int) -> Array:
    z, w = trapezoid(nodes)
    thin = np.where(np.arange(nodes) % 2 == 0, 2.0 * w, 0.0)
    rows = [w, w * z, w * (z * z - 1), thin, thin * z, thin * (z * z - 1)]
    return np.ascontiguousarray(np.array(rows).T)


@lru_cache(maxsize=32)
def _mean_weights(nodes: int) -> Array:
    """Return the weights of the rule and of its every other node, shape (N, 2)."""
    return np.ascontiguousarray(_moment_weights(nodes)[:, [0, 3]])


@lru_cache(maxsize=16)
def _line(nodes: int) -> Array:
    """Return 1 and z at the nodes, shape (2, N)."""
    z, _ = trapezoid(nodes)
    return np.array([np.ones_like(z), z])


def _split(
    function: Function, centre: Array, spread: float, kinks: Sequence[float], nodes: int
) -> LocalMoments:
    places = np.sort((np.asarray(kinks, float)[None, :] - centre[:, None]) / spread, axis=1)
    ends = np.full((len(centre), 1), REACH)
    edges = np.concatenate([-ends, np.clip(places, -REACH, REACH), ends], axis=1)
    x0, w0 = graded(nodes)
    length = np.diff(edges, axis=1)[:, :, None]
    z = (edges[:, :-1, None] + length * x0).reshape(len(centre), -1)
    w = (length * w0).reshape(len(centre), -1) * density(z)
    values = np.asarray(function(centre[:, None] + spread * z), dtype=np.float64)
    mean, first = (w * values).sum(1), (w * z * values).sum(1)
    second, square = (w * (z * z - 1) * values).sum(1), (w * values * values).sum(1)
    rest = values - mean[:, None] - first[:, None] * z
    return LocalMoments(mean, first, second, square, (w * rest * rest).sum(1), 0.0)


def _distance(one: LocalMoments, other: LocalMoments) -> float:
    size = math.sqrt(float(other.square.max())) or 1.0
    far = max(float(np.abs(getattr(one, n) - getattr(other, n)).max()) for n in ("mean", "first", "second"))
    return max(far / size, float(np.abs(one.square - other.square).max()) / size**2)
