"""Symmetries of a target, and the directions they keep out of reach.

If an orthogonal R has g(Rz) = s g(z) with s = +-1 and acts on the learnt subspace U as e = +-1 times the
identity, then every block obeys E[y^a He_j(z_U) He_k(z_perp)] = s^a e^j R^{(x)k} (same).  Tensors that no
such R forbids span at most a certain subspace; when the chain has already reached it, a zero read off
numbers is a certified zero, for every label transform at once (theory note 10, section 2.5, extended to
order k and to maps that flip the label).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.monomials import Terms, change_variables
from giantstep.staircase.subspaces import Subspace, complement_rows

Array = NDArray[np.float64]

_TOLERANCE = 1e-11
_PROBES, _POINTS = 6, 400
_COARSE = 1e-6
_FULL_SEARCH_RANK = 6
_MAX_TENSOR = 300
_MAX_KEPT = 64
_SEED = 4


@dataclass(frozen=True, slots=True)
class Symmetry:
    """An orthogonal map with g(matrix z) - centre = sign (g(z) - centre).

    With sign 1 the centre means nothing and is 0; with sign -1 it is the mean of g.

    ``exact`` says whether this was checked in exact arithmetic; otherwise it holds to 1e-11 of the size of
    g at 400 points, and to 1e-6 of its values at 400 `wide_points`.
    """

    matrix: Array
    sign: int
    exact: bool
    centre: float = 0.0


def signed_permutations(rank: int) -> tuple[NDArray[np.intp], Array]:
    """Return (permutations, signs), each of shape (count, rank); above rank 6 flips and swaps only.

    >>> signed_permutations(2)[0].shape
    (8, 2)
    """
    if rank <= _FULL_SEARCH_RANK:
        orders: Iterable[Sequence[int]] = itertools.permutations(range(rank))
    else:
        swaps = [list(range(rank))]
        for i, j in itertools.combinations(range(rank), 2):
            swapped = list(range(rank))
            swapped[i], swapped[j] = j, i
            swaps.append(swapped)
        orders = swaps
    permutations = np.array(list(orders), dtype=np.intp)
    flips = np.array(list(itertools.product((1.0, -1.0), repeat=rank)))
    return np.repeat(permutations, len(flips), axis=0), np.tile(flips, (len(permutations), 1))


def find_symmetries(
    function: Callable[[Array], Any], frames: Iterable[Array], exact_terms: Terms | None = None
) -> tuple[Symmetry, ...]:
    """Return the signed permutations of the axes of some frames that keep or flip a function.

    Parameters
    ----------
    function : callable
        Points (n, r) to values (n,).
    frames : iterable of arrays, shape (r, r)
        Orthonormal rows.
    exact_terms : dict, optional
        The function as an exact polynomial; maps with rational entries are then checked exactly and others
        are marked as numerical.

    Examples
    --------
    >>> found = find_symmetries(lambda z: z[:, 0] * z[:, 1], [np.eye(2)])
    >>> len(found), sorted({item.sign for item in found})
    (7, [-1, 1])
    """
    found: list[Symmetry] = []
    for frame in frames:
        rank = frame.shape[1]
        permutations, signs = signed_permutations(rank)
        generator = np.random.default_rng(_SEED)
        points = generator.standard_normal((_POINTS, rank))
        values = np.asarray(function(points), dtype=np.float64)
        size = float(np.max(np.abs(values))) or 1.0
        inside = points[:_PROBES] @ frame.T
        moved = (inside[:, permutations] * signs).transpose(1, 0, 2) @ frame
        probes = np.asarray(function(moved.reshape(-1, rank)), dtype=np.float64).reshape(len(signs), _PROBES)
        for sign in (1, -1):
            gaps = probes - sign * values[:_PROBES]
            spread = np.max(np.abs(gaps), axis=1) if sign == 1 else np.ptp(gaps, axis=1)
            close = spread <= _TOLERANCE * size
            places = np.flatnonzero(close)
            # A sample of a very large group generates as much of it as the certificate needs.
            for place in places[:: max(1, len(places) // _MAX_KEPT)]:
                inner = np.zeros((rank, rank))
                inner[np.arange(rank), permutations[place]] = signs[place]
                matrix = frame.T @ inner @ frame
                if np.allclose(matrix, np.eye(rank), atol=1e-9) and sign == 1:
                    continue
                if any(s.sign == sign and np.allclose(s.matrix, matrix, atol=1e-9) for s in found):
                    continue
                checked = checked_symmetry(function, matrix, sign, points, values, exact_terms)
                if checked is not None:
                    found.append(checked)
    return tuple(found)


def checked_symmetry(
    function: Callable[[Array], Any],
    matrix: Array,
    sign: int,
    points: Array,
    values: Array,
    exact_terms: Terms | None,
) -> Symmetry | None:
    """Return the symmetry if it holds at all points - exactly where the map is rational - else None."""
    size = float(np.max(np.abs(values))) or 1.0
    turned = np.asarray(function(points @ matrix.T), dtype=np.float64)
    gaps = turned - sign * values
    if (np.max(np.abs(gaps)) if sign == 1 else np.ptp(gaps)) > _TOLERANCE * size:
        return None
    centre = float(np.mean(gaps) / 2) if sign == -1 else 0.0
    if abs(centre) <= _TOLERANCE * size:
        centre = 0.0
    if exact_terms is None:
        wide = wide_points(len(matrix))
        before = np.asarray(function(wide), dtype=np.float64)
        after = np.asarray(function(wide @ matrix.T), dtype=np.float64)
        shift = float(np.mean(gaps)) if sign == -1 else 0.0
        if not _alike(after, sign * before + shift, size):
            return None
    if exact_terms is not None:
        rational = _rational(matrix)
        if rational is not None:
            columns = [[row[i] for row in rational] for i in range(len(rational))]
            image = change_variables(exact_terms, columns)
            keys = (image.keys() | exact_terms.keys()) - ({0} if sign == -1 else set())
            same = all(image.get(key, 0) == sign * exact_terms.get(key, 0) for key in keys)
            return Symmetry(matrix, sign, True, centre) if same else None
    return Symmetry(matrix, sign, False, centre)


def wide_points(rank: int) -> Array:
    """Return points whose coordinates have sizes from 1e-6 to 10, each its own.

    Where sign(z1 z2 + 0.001 z3) shows its z3, or relu(|z1| - 4.2) is not 0, typical points hardly ever are.

    >>> wide_points(3).shape
    (400, 3)
    """
    generator = np.random.default_rng(_SEED + 1)
    return generator.standard_normal((_POINTS, rank)) * 10.0 ** generator.uniform(-6.0, 0.5, (_POINTS, rank))


def _alike(left: Array, right: Array, size: float) -> bool:
    """Whether values agree to `_COARSE` of each: jumps show, the rounding of large terms does not."""
    with np.errstate(over="ignore", invalid="ignore"):
        gap, local = np.abs(left - right), np.maximum(np.abs(left), np.abs(right))
    return not np.any(gap > _COARSE * local + _TOLERANCE * size)


def idle_along(function: Callable[[Array], Any], direction: Array) -> bool:
    """Return whether moving along a direction leaves a function unchanged at random points.

    >>> idle_along(lambda z: z[:, 0], np.array([0.0, 1.0]))
    True
    """
    generator = np.random.default_rng(_SEED)
    points = generator.standard_normal((_POINTS, len(direction)))
    moved = points + generator.standard_normal((_POINTS, 1)) * direction
    before = np.asarray(function(points), dtype=np.float64)
    after = np.asarray(function(moved), dtype=np.float64)
    size = float(np.max(np.abs(before))) or 1.0
    if np.max(np.abs(after - before)) > _TOLERANCE * size:
        return False
    wide = wide_points(len(direction))
    steps = generator.standard_normal((_POINTS, 1)) * 10.0 ** generator.uniform(-1.0, 0.5, (_POINTS, 1))
    left, right = (np.asarray(function(z), dtype=np.float64) for z in (wide, wide + steps * direction))
    return _alike(left, right, size)


def _rational(matrix: Array) -> list[list[Fraction]] | None:
    """The matrix in fractions when it is exactly orthogonal with small denominators."""
    rows = [[Fraction(float(x)).limit_denominator(2000) for x in row] for row in matrix]
    if np.max(np.abs(np.array(rows, dtype=np.float64) - matrix)) > 1e-9:
        return None
    for i, left in enumerate(rows):
        for j, right in enumerate(rows):
            if sum(x * y for x, y in zip(left, right, strict=True)) != (i == j):
                return None
    return rows


def allowed_directions(
    symmetries: Iterable[Symmetry], subspace: Subspace, order: int, parities: Iterable[tuple[int, int]]
) -> Array:
    """Return orthonormal rows (in z) spanning every complement direction the symmetries leave possible.

    Parameters
    ----------
    symmetries : iterable of Symmetry
    subspace : Subspace
        The learnt subspace U.
    order : int
        Number k of complement indices of the blocks in question.
    parities : iterable of (a, j)
        Parities of label transform and inside order to be excluded; (1, 0) is y itself with j even.

    Returns
    -------
    array, shape (m, rank)
        m = 0 means certified: nothing can be added.
    """
    rank = subspace.rank
    basis = complement_rows(subspace.rows, rank)
    free = len(basis)
    if free == 0:
        return np.zeros((0, rank))
    if free**order > _MAX_TENSOR:
        return basis
    slack = min(0.3, max(1e-7, 10 * subspace.error))
    usable = []
    for item in symmetries:
        image = subspace.rows @ item.matrix.T
        for inner in (1, -1):
            if subspace.dimension == 0 or np.max(np.abs(image - inner * subspace.rows)) < slack:
                usable.append((basis @ item.matrix @ basis.T, item.sign, inner))
                break
    powers = []
    for part, sign, inner in usable:
        power: Any = np.ones((1, 1))
        for _ in range(order):
            power = np.kron(power, part)
        powers.append((power, sign, inner))
    allowed: Any = np.zeros((0, rank))
    for a, j in sorted(set(parities)):
        # |(1 - s R) T|^2 summed over the maps: 1 - s R is 0 on exactly the tensors that R allows, and
        # (1 - sR)^T (1 - sR) = 2 - s (R + R^T) for orthogonal R.
        total = np.zeros((free**order, free**order))
        for power, sign, inner in powers:
            total += sign**a * inner**j * power
        gram = 2.0 * len(powers) * np.eye(len(total)) - (total + total.T)
        values, vectors = np.linalg.eigh(gram)
        kept = vectors[:, values < 1e-6 if subspace.error == 0 else values < 0.1]
        tensors = kept.T.reshape(-1, *([free] * order))
        # Blocks are symmetric tensors: what symmetrises to zero cannot occur.
        symmetric: Any = sum(
            tensors.transpose(0, *(1 + np.array(p))) for p in itertools.permutations(range(order))
        ) / math.factorial(order)
        rows = np.asarray(symmetric).reshape(-1, free)
        allowed = np.concatenate([allowed, rows @ basis]).astype(np.float64)
    if not len(allowed):
        return allowed
    _, sizes, directions = np.linalg.svd(allowed, full_matrices=False)
    return directions[sizes > 1e-6]
