"""Hermite tensors of targets that are not polynomials: quadrature split at kinks, or Monte Carlo.

A series holds C_alpha / alpha! up to a total order in z coordinates, with the error of each order's tensor.
Orders beyond are unknown, so a zero read off a series needs a symmetry to become a decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError
from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.quadrature import Frame, kink_frame, product_grid, split_rule
from giantstep.staircase.blocks import Symbol
from giantstep.staircase.monomials import Terms, change_variables, pack
from giantstep.staircase.subspaces import Subspace
from giantstep.staircase.transforms import IDENTITY, Transform
from giantstep.targets import Expression, Target

Array = NDArray[np.float64]
Level = tuple[Array, float, float]

GRID_LIMIT = 1_500_000
"""Points of the finest grid."""
QUADRATURE_RANK = 6
"""Above, product grids are too coarse and Monte Carlo takes over."""
SAMPLES = 2_000_000
MONTE_CARLO_ORDER = 4
_FAR = 9.0
_FIRST_NODES = 32
_CONVERGED = 1e-11
_DOUBT = 20.0
_STANDARD_ERRORS = 5.0
_SEED = 20230518


@dataclass(frozen=True, slots=True)
class Series:
    """Hermite symbol in z coordinates up to ``order``, with a tolerance for each order's tensor.

    Attributes
    ----------
    tolerances : tuple of float
        |C_k|_F below tolerances[k] cannot be told from zero.
    """

    rank: int
    order: int
    terms: Terms
    tolerances: tuple[float, ...]
    margin: float

    def symbol(self, subspace: Subspace) -> Symbol:
        """Return the symbol in the frame of a subspace."""
        frame = subspace.float_frame()
        rows = [[float(x) for x in row] for row in frame]
        terms = change_variables(self.terms, rows)
        return Symbol(
            frame,
            subspace.dimension,
            terms,
            self.order,
            False,
            order_errors=self.tolerances,
            margin=self.margin,
        )


def highest_order(rank: int) -> int:
    """Return the order up to which quadrature holds tensors: 8 up to rank 3, 6 at rank 4, 4 beyond."""
    return 8 if rank <= 3 else 6 if rank == 4 else 4


def quadrature_series(target: Target, transforms: Iterable[Transform]) -> dict[str, Series]:
    """Return the series of T(y) for several transforms of an expression, by quadrature.

    The identity is split at the target's top-level sum, so that kinks of different summands need not be
    orthogonal; every other transform is one summand (theory note 10, section 2.1).
    """
    link = target.link
    assert isinstance(link, Expression)
    wanted = list(transforms)
    found: dict[str, Series] = {}
    others = [transform for transform in wanted if transform != IDENTITY]
    if len(others) < len(wanted):
        found[IDENTITY.text] = _sum_of_summands(link)
    if others:
        found.update(_on_grid(link, others))
    return found


def _sum_of_summands(link: Expression) -> Series:
    rank, order = link.rank, highest_order(link.rank)
    terms: Terms = {}
    errors = np.zeros(order + 1)
    parts = []
    for part in link.summands():
        polynomial = part.polynomial()
        if polynomial is not None:
            for index, value in polynomial.hermite().items():
                if sum(index) <= order:
                    _add(terms, pack(index), float(value) / math.prod(math.factorial(n) for n in index))
        else:
            parts.append(part)
    for part in parts:
        series = _on_grid(part, [IDENTITY])[IDENTITY.text]
        for key, value in series.terms.items():
            _add(terms, key, value)
        errors += np.array(series.tolerances)
    return Series(rank, order, terms, tuple(errors + _round_off(terms, order)), 10.0)


def _on_grid(link: Expression, transforms: list[Transform]) -> dict[str, Series]:
    """Two resolutions on a product grid over the link's own variables."""
    order = highest_order(link.rank)
    own = sorted(link.variables)
    hyperplanes = [
        ([normal[i] for i in own], offset)
        for normal, offset in link.kinks().hyperplanes
        if any(normal[i] for i in own)
    ]
    frame = kink_frame(hyperplanes, len(own))
    most = _nodes_a_piece(frame)
    fine = min(most, _FIRST_NODES)
    low_level = _tensors(link, own, frame, transforms, max(2, 2 * fine // 3), order)
    levels: list[list[Level]] = [low_level, _tensors(link, own, frame, transforms, fine, order)]
    # Steep functions such as tanh(z^3) need more; every doubling reuses the last level as the coarse one.
    while fine < most and _gap(*levels) > _CONVERGED:
        fine = min(most, 2 * fine)
        levels = [levels[1], _tensors(link, own, frame, transforms, fine, order)]
    found = {}
    for transform, low, high in zip(transforms, *levels, strict=True):
        norms = _order_norms(high[0] - low[0], order)
        size = high[1]
        # The grid's sums carry round-off of their own, however well two resolutions agree.
        floor = np.array([1e-14 * size * math.sqrt(math.factorial(k)) for k in range(order + 1)])
        # What still weighs near the end of the grid may go on beyond it.
        floor += high[2] * _FAR ** np.arange(order + 1.0)
        penalty = 1.0 if frame.aligned and link.kinks().complete else 10.0
        tolerances = penalty * _DOUBT * norms + floor
        terms = _to_z(high[0], frame, own, link.rank, order)
        found[transform.text] = Series(link.rank, order, terms, tuple(float(t) for t in tolerances), 10.0)
    return found


def _gap(low: list[Level], high: list[Level]) -> float:
    """Largest relative change of a tensor entry between two levels."""
    return max(
        float(np.max(np.abs(after - before)) / (np.max(np.abs(after)) or 1.0))
        for (before, *_), (after, *_) in zip(low, high, strict=True)
    )


def _nodes_a_piece(frame: Frame) -> int:
    pieces = math.prod(1 + len({0.0, *places}) for places in frame.breaks)
    return max(3, min(256, int((GRID_LIMIT / pieces) ** (1.0 / len(frame.breaks)))))


def _tensors(
    link: Expression, own: list[int], frame: Frame, transforms: list[Transform], level: int, order: int
) -> list[Level]:
    """E[T(y) prod He] for all exponents up to ``order`` on each axis, E|T(y)|, and its part far out."""
    rules = [split_rule(places, level) for places in frame.breaks]
    points, weights = product_grid(rules)
    z = np.zeros((len(points), link.rank))
    z[:, own] = points @ frame.axes
    values = np.asarray(link(z), dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise CapabilityError(
            f"target '{link}': overflows within 11 standard deviations, so its Hermite tensors cannot be "
            f"computed. Use a target that grows more slowly."
        )
    far = np.max(np.abs(points), axis=1) > _FAR
    shape = tuple(len(rule.nodes) for rule in rules)
    bases = [hermite_values(rule.nodes, order) * rule.weights for rule in rules]
    results = []
    for transform in transforms:
        labels = transform.apply(values)
        size = float(weights @ np.abs(labels))
        tail = float(weights[far] @ np.abs(labels[far]))
        tensor = labels.reshape(shape)
        for basis in bases:
            # Contracting the first axis and appending the new one cycles through the axes in order.
            tensor = np.tensordot(tensor, basis, axes=(0, 1))
        results.append((tensor, size, tail))
    return results


def _order_norms(tensor: Array, order: int) -> Array:
    """Frobenius norms of the symmetric tensors C_0..C_order held by multi-index entries."""
    squares = np.zeros(order + 1)
    for index in np.ndindex(tensor.shape):
        total = sum(index)
        if total <= order:
            count = math.factorial(total) / math.prod(math.factorial(n) for n in index)
            squares[total] += count * tensor[index] ** 2
    return np.sqrt(squares)


def _to_z(tensor: Array, frame: Frame, own: list[int], rank: int, order: int) -> Terms:
    terms: Terms = {}
    for index in np.ndindex(tensor.shape):
        if sum(index) <= order:
            terms[pack(index)] = float(tensor[index]) / math.prod(math.factorial(n) for n in index)
    # Frame coordinates are s = axes @ z, so the symbol in z substitutes s_q = sum_i axes[q, i] z_i.
    rows = [[0.0] * len(own) for _ in range(rank)]
    for place, i in enumerate(own):
        rows[i] = [float(x) for x in frame.axes[:, place]]
    return change_variables(terms, rows)


def monte_carlo_series(
    function: Callable[[Array], Any], rank: int, transforms: Iterable[Transform]
) -> dict[str, Series]:
    """Return the series of T(y) for a black box, from SAMPLES points with a fixed seed.

    Tolerances are five standard errors of each tensor; only orders up to 4 are held.
    """
    wanted = list(transforms)
    order = MONTE_CARLO_ORDER
    index = [alpha for alpha in np.ndindex(*([order + 1] * rank)) if sum(alpha) <= order]
    sums = np.zeros((len(wanted), len(index)))
    squares = np.zeros_like(sums)
    generator = np.random.Generator(np.random.SFC64(np.random.SeedSequence(_SEED)))
    done = 0
    plan = _column_plan(index)
    # Columns of one chunk stay in cache: the products, not the random numbers, are the work.
    chunk = max(512, min(8192, 2**18 // len(index)))
    columns = np.ones((len(index), chunk))
    while done < SAMPLES:
        z = generator.standard_normal((chunk, rank))
        labels = np.asarray(function(z), dtype=np.float64)
        basis = hermite_values(z.T, order)
        for row, parent, n, axis in plan:
            np.multiply(columns[parent], basis[n, axis], out=columns[row])
        weights = np.stack([np.asarray(transform.apply(labels)) for transform in wanted])
        # The mean of the labels is a control variate for every order above 0.
        centred = weights - weights.mean(axis=1, keepdims=True)
        sums += centred @ columns.T
        squares += centred**2 @ (columns * columns).T
        done += chunk
    # Centring by the chunk's own mean takes 1/chunk of every covariance away.
    means = sums / done * (chunk / (chunk - 1.0))
    errors = np.sqrt(np.maximum(squares / done - means**2, 0.0) / done)
    return {
        transform.text: _sampled(means[row], errors[row], index, rank, order)
        for row, transform in enumerate(wanted)
    }


def _column_plan(index: list[tuple[int, ...]]) -> list[tuple[int, int, int, int]]:
    """(row, parent row, n, axis): He_alpha is the column with its last factor removed times He_n(z_axis)."""
    place = {alpha: row for row, alpha in enumerate(index)}
    plan = []
    for row, alpha in enumerate(index):
        used = [axis for axis, n in enumerate(alpha) if n]
        if used:
            parent = (*alpha[: used[-1]], 0, *alpha[used[-1] + 1 :])
            plan.append((row, place[parent], alpha[used[-1]], used[-1]))
    return plan


def _sampled(means: Array, errors: Array, index: list[tuple[int, ...]], rank: int, order: int) -> Series:
    squares = np.zeros(order + 1)
    terms: Terms = {}
    for alpha, mean, error in zip(index, means, errors, strict=True):
        total, weight = sum(alpha), math.prod(math.factorial(n) for n in alpha)
        squares[total] += math.factorial(total) / weight * error**2
        terms[pack(alpha)] = float(mean) / weight
    tolerances = tuple(float(t) for t in _STANDARD_ERRORS * np.sqrt(squares))
    return Series(rank, order, terms, tolerances, 1.4)


def _add(terms: Terms, key: int, value: float) -> None:
    terms[key] = terms.get(key, 0.0) + value


def _round_off(terms: Terms, order: int) -> Array:
    size = math.fsum(abs(value) for value in terms.values())
    return np.array([1e-15 * size * math.sqrt(math.factorial(k)) for k in range(order + 1)])
