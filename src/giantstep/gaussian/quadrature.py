"""Expectations under N(0, I_r), exact for piecewise polynomials, with an error from two resolutions.

The line is cut at 0 and at the declared kinks; each piece gets the Gauss rule of the normal weight restricted
to it (Lanczos on a fine Gauss-Legendre grid).  These rules are exact for piecewise polynomials, converge
geometrically for tanh and the like - where Gauss-Hermite needs four times the nodes - and never put a kink
inside a piece.  Several dimensions are products, in an orthonormal frame whose axes contain the normals of
the kinks; that needs the distinct normals to be orthogonal (theory note 10, section 2.1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError

Array = NDArray[np.float64]
Hyperplane = tuple[Sequence[float], float]

REACH = 11.0
"""The normal weight beyond is 1e-27 of its peak."""

_PARALLEL = 1e-9
_MAX_POINTS = 12_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes and positive weights summing to one: E[f(G)] ~ weights @ f(nodes)."""

    nodes: Array
    weights: Array


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and how far it may be off: the change between two resolutions plus round-off."""

    value: float
    error: float


@lru_cache(maxsize=64)
def hermite_rule(nodes: int) -> Rule:
    """Return the Gauss-Hermite rule for N(0, 1): exact for polynomials of degree below 2 ``nodes``.

    >>> rule = hermite_rule(3)
    >>> round(float(rule.weights @ rule.nodes**4), 12)
    3.0
    """
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    return Rule(x, w / w.sum())


def split_rule(breaks: Iterable[float], nodes: int) -> Rule:
    """Return the rule for N(0, 1) with ``nodes`` Gauss nodes on each piece between 0 and the breaks.

    Exact for functions that are polynomials of degree below 2 ``nodes`` on every piece.

    Examples
    --------
    >>> rule = split_rule([1.0], 4)
    >>> round(float(rule.weights @ np.maximum(rule.nodes - 1, 0)), 12)  # pdf(1) - (1 - cdf(1))
    0.083315470588
    """
    inner = {0.0, *(float(b) for b in breaks if abs(float(b)) < REACH - 0.5)}
    edges = [-REACH, *sorted(inner), REACH]
    merged = [edges[0]]
    for edge in edges[1:]:
        # Breaks that differ by round-off are one break; an empty piece has no Gauss rule.
        if edge - merged[-1] > 1e-12:
            merged.append(edge)
    return _pieces(tuple(merged), nodes)


@lru_cache(maxsize=256)
def _pieces(edges: tuple[float, ...], nodes: int) -> Rule:
    parts = [_truncated(low, high, nodes) for low, high in pairwise(edges)]
    x = np.concatenate([part.nodes for part in parts])
    w = np.concatenate([part.weights for part in parts])
    return Rule(x, w / w.sum())


@lru_cache(maxsize=256)
def _truncated(low: float, high: float, nodes: int) -> Rule:
    """Gauss rule of the normal weight on (low, high): Lanczos with full reorthogonalisation."""
    panels = max(1, math.ceil((high - low) / 0.5))
    edges = np.linspace(low, high, panels + 1)
    # The fine grid has several points for every node, so that the rule is that of the weight itself.
    count = max(16, 16 + 3 * nodes // panels)
    x0, w0 = np.polynomial.legendre.leggauss(count)
    half = 0.5 * np.diff(edges)
    x = (0.5 * (edges[1:] + edges[:-1])[:, None] + half[:, None] * x0).ravel()
    w = (half[:, None] * w0).ravel() * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    total = float(w.sum())
    nodes = min(nodes, len(x))
    basis = np.empty((nodes, len(x)))
    basis[0] = np.sqrt(w / total)
    diagonal, off = np.empty(nodes), np.empty(max(nodes - 1, 0))
    for k in range(nodes):
        image = x * basis[k]
        diagonal[k] = basis[k] @ image
        if k + 1 < nodes:
            for _ in range(2):
                image = image - basis[: k + 1].T @ (basis[: k + 1] @ image)
            off[k] = np.linalg.norm(image)
            basis[k + 1] = image / off[k]
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1))
    return Rule(values, total * vectors[0] ** 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """Orthonormal axes that contain every kink normal, and the breaks met on each axis.

    Attributes
    ----------
    axes : array, shape (r, r)
        Orthonormal rows; the coordinates of z are ``axes @ z``.
    breaks : tuple of tuple of float
        Places along each axis where the function kinks.
    aligned : bool
        False when distinct kink normals are not orthogonal, so that some kinks cut across the axes and
        errors fall like the square of the node spacing only.
    """

    axes: Array
    breaks: tuple[tuple[float, ...], ...]
    aligned: bool


def kink_frame(kinks: Iterable[Hyperplane], rank: int) -> Frame:
    """Return a frame for hyperplanes normal . z = offset; coordinate axes where no kink decides.

    Examples
    --------
    >>> frame = kink_frame([((1.0, 1.0), 0.0), ((1.0, -1.0), 2.0)], 2)
    >>> frame.aligned, [round(b, 6) for b in frame.breaks[1]]
    (True, [1.414214])
    """
    rows: list[Array] = []
    breaks: list[list[float]] = []
    aligned = True
    for normal, offset in kinks:
        vector = np.asarray(normal, dtype=np.float64)
        length = float(np.linalg.norm(vector))
        if length == 0.0:
            continue
        vector, place = vector / length, float(offset) / length
        for row, places in zip(rows, breaks, strict=True):
            cosine = float(row @ vector)
            if abs(cosine) > 1 - _PARALLEL:
                places.append(place * math.copysign(1.0, cosine))
                break
            if abs(cosine) > _PARALLEL:
                aligned = False
        else:
            rest = vector - sum((row @ vector) * row for row in rows) if rows else vector
            # A normal inside the span of the others cannot become an axis; it cuts across them.
            if np.linalg.norm(rest) > 1e-6:
                rows.append(rest / np.linalg.norm(rest))
                breaks.append([place] if aligned else [])
    for index in range(rank):
        if len(rows) == rank:
            break
        vector = np.eye(rank)[index]
        for _ in range(2):
            vector = vector - sum((row @ vector) * row for row in rows) if rows else vector
        if np.linalg.norm(vector) > 1e-3:
            rows.append(vector / np.linalg.norm(vector))
            breaks.append([])
    if len(rows) < rank:
        rows.extend(np.linalg.svd(np.array(rows))[2][len(rows) :])
        breaks.extend([] for _ in range(rank - len(breaks)))
    return Frame(np.array(rows), tuple(tuple(sorted(places)) for places in breaks), aligned)


def product_grid(rules: Sequence[Rule]) -> tuple[Array, Array]:
    """Return the product of one-dimensional rules: points (n, r) and weights (n,)."""
    grids = np.meshgrid(*[rule.nodes for rule in rules], indexing="ij")
    weights = np.ones(())
    for rule in rules:
        weights = np.multiply.outer(weights, rule.weights)
    return np.stack([grid.ravel() for grid in grids], axis=-1), weights.ravel()


def gaussian_mean(
    function: Callable[[Array], Any],
    rank: int,
    *,
    kinks: Iterable[Hyperplane] = (),
    nodes: int | None = None,
) -> Estimate:
    """Return E[f(z)], z ~ N(0, I_rank), with an error estimate from a second resolution.

    Parameters
    ----------
    function : callable
        Points (n, rank) to values (n,).
    rank : int
    kinks : iterable of (normal, offset)
        Hyperplanes normal . z = offset where the function or its derivative jumps.
    nodes : int, optional
        Gauss nodes on each piece of an axis; by default as many as the dimension affords.

    Raises
    ------
    SpecError
        Values that are not finite or of the wrong shape.
    CapabilityError
        More points than fit in memory: too many dimensions or kinks.

    Examples
    --------
    >>> result = gaussian_mean(lambda z: np.abs(z[:, 0]) * z[:, 1]**2, 2, kinks=[((1, 0), 0.0)])
    >>> round(result.value, 12), result.error < 1e-12
    (0.797884560803, True)
    """
    frame = kink_frame(kinks, rank)
    count = nodes or {1: 48, 2: 40, 3: 32, 4: 16}.get(rank, 8)
    results = []
    # The finer first: what needs too many points is refused before any is computed.
    for level in (count, max(2, (2 * count) // 3)):
        rules = [split_rule(places, level) for places in frame.breaks]
        if math.prod(len(rule.nodes) for rule in rules) > _MAX_POINTS:
            raise CapabilityError(
                f"quadrature in {rank} dimensions with {level} nodes a piece needs more than {_MAX_POINTS} "
                f"points. Use fewer nodes, or Monte Carlo."
            )
        points, weights = product_grid(rules)
        values = np.asarray(function(points @ frame.axes), dtype=np.float64)
        if values.shape != weights.shape or not np.all(np.isfinite(values)):
            raise SpecError(f"function: expected {len(weights)} finite values, found others.")
        results.append((float(weights @ values), float(weights @ np.abs(values))))
    (fine, size), (coarse, _) = results
    error = abs(fine - coarse) * (1.0 if frame.aligned else 4.0)
    return Estimate(fine, float(error + 16 * np.finfo(float).eps * size))
