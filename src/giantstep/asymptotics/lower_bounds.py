"""`bounds`: the error no readout of limited size can go below, once a subspace is learnt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.adapted_frame import adapted_frame, rotate
from giantstep.errors import CapabilityError, SpecError, whole_number
from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.quadrature import Array, Estimate, split_rule
from giantstep.protocol import check_nouns
from giantstep.sizes import Size
from giantstep.targets import Expression, Polynomial, Target

if TYPE_CHECKING:
    import xarray as xr

MAX_POINTS = 4_000_000
MAX_ORDER = 12


def bounds(target: Target, subspaces: Sequence[Any] | None = None, *, order: int = 1) -> xr.Dataset:
    """Return B(U, k) for every subspace of a chain: what is left of E g^2 beyond order k outside U.

    With U learnt and a readout of p = O(d^a) features fitted on n = O(d^b) samples, k = floor(min(a, b)), the
    test error minus the noise's variance is at least B(U, k) as d -> infinity: functions of z_U times
    polynomials of degree <= k in the rest are the most one can fit. U = 0 gives the bound of plain kernels
    and random features. A lower bound only: networks of p, n = O(d) sit above it.

    Parameters
    ----------
    target : Target
    subspaces : sequence of arrays, shape (dim_t, rank), optional
        U_0, U_1, .. as orthonormal rows, such as ``analyze(...).subspaces``; default: U_0 = 0 alone.
    order : int
        k, from 0 to 12.

    Returns
    -------
    xarray.Dataset
        ``bound`` (step,) with ``bound_error`` (0 for polynomials, else how far the quadrature may be off),
        ``learned_dimension`` (step,), ``kernel_bound`` with ``kernel_bound_error`` and ``variance`` = Var g.
        The label noise is in none of them.

    Raises
    ------
    SpecError
        For subspaces of a wrong shape, or an order out of range.
    CapabilityError
        For a target that is no polynomial and has too many variables for quadrature.

    References
    ----------
    Theory note 10, section 6; arXiv:2305.18270.

    Examples
    --------
    >>> table = bounds(Target.parse("z1 + z1*z2"), [[], [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    >>> table.bound.values.tolist(), float(table.kernel_bound)
    ([1.0, 0.0, 0.0], 1.0)
    """
    import xarray as xr

    check_nouns(target, None, None, optional=True)
    order = whole_number("order", order, 0, MAX_ORDER)
    chain = [_checked(basis, target.rank) for basis in ([()] if subspaces is None else subspaces)]
    if not chain:
        raise SpecError("subspaces: found none, expected at least one; leave it out for U = 0.")
    found: dict[bytes, Estimate] = {}

    def bound(basis: Array) -> Estimate:
        # Chains repeat their last subspace; two bases of one subspace have one projector.
        key = (basis.T @ basis).round(12).tobytes()
        if key not in found:
            found[key] = lower_bound(target, basis, order)
        return found[key]

    nothing = np.zeros((0, target.rank))
    estimates, kernel = [bound(basis) for basis in chain], bound(nothing)
    return xr.Dataset(
        {
            "bound": (("step",), np.array([estimate.value for estimate in estimates])),
            "bound_error": (("step",), np.array([estimate.error for estimate in estimates])),
            "learned_dimension": (("step",), np.array([len(basis) for basis in chain])),
            "kernel_bound": ((), kernel.value),
            "kernel_bound_error": ((), kernel.error),
            "variance": ((), lower_bound(target, nothing, 0).value),
        },
        {"step": np.arange(len(chain))},
        {"order": order, "reference": "theory note 10, section 6"},
    )


def lower_bound(target: Target, basis: Array, order: int) -> Estimate:
    """Return B(U, order) for U spanned by orthonormal rows; exact for polynomials."""
    polynomial = target.link.polynomial()
    if polynomial is not None:
        try:
            return Estimate(_beyond(polynomial, basis, order), 0.0)
        except CapabilityError:
            # Too many terms to rotate: quadrature below is exact for polynomials too.
            pass
    return _by_quadrature(target, basis, order)


def readout_order(samples: Size, *, width: int, dimension: int) -> int:
    """Return k = floor(min(a, b)) of a readout of width d^a fitted on d^b samples.

    >>> readout_order(Size.parse("d^2"), width=1000, dimension=1000)
    1
    """
    powers = [size.power_of_d(dimension=dimension, width=width) for size in (samples, Size.parse(width))]
    return min(math.floor(min(powers)), MAX_ORDER)


def _checked(basis: Any, rank: int) -> Array:
    rows = np.asarray(basis, dtype=np.float64)
    if rows.size == 0:
        return np.zeros((0, rank))
    if rows.ndim != 2 or rows.shape[1] != rank:
        raise SpecError(f"subspaces: found shape {rows.shape}, expected (dimension, {rank}).")
    if not np.allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-8):
        raise SpecError("subspaces: rows are not orthonormal. Orthonormalise them, for instance by a QR.")
    return rows


def _beyond(polynomial: Polynomial, basis: Array, order: int) -> float:
    """Return the sum of c_alpha^2 / alpha! over the multi-indices of degree > order outside U."""
    used = np.abs(basis).sum(0) > 1e-12
    inside = {int(q) for q in np.flatnonzero(used)}
    if len(inside) != len(basis):
        # U is not spanned by coordinates: write the polynomial in the frame [U; complement].
        frame = adapted_frame(basis, polynomial.rank, ()).axes
        polynomial, inside = rotate(polynomial, frame), set(range(len(basis)))
    total: Any = 0
    for index, value in polynomial.hermite().items():
        if sum(power for q, power in enumerate(index) if q not in inside) > order:
            total += value * value / math.prod(map(math.factorial, index))
    return float(total)


def _by_quadrature(target: Target, basis: Array, order: int) -> Estimate:
    """Return E g^2 minus the energy of the orders <= k outside U, on a product grid adapted to U."""
    rank, inside = target.rank, len(basis)
    kinks = target.link.kinks()
    frame = adapted_frame(basis, rank, kinks.hyperplanes)
    top = {1: 96, 2: 64, 3: 32, 4: 14}.get(rank, 8)
    results = []
    for nodes in ((2 * top) // 3, top):
        rules = [split_rule(places, nodes) for places in frame.breaks]
        shape = [len(rule.nodes) for rule in rules]
        if math.prod(shape) > MAX_POINTS:
            raise CapabilityError(
                f"bounds: quadrature in {rank} dimensions needs {math.prod(shape)} points, at most "
                f"{MAX_POINTS} are taken. Write the target in fewer variables, or as a polynomial."
            )
        points = np.stack(np.meshgrid(*[rule.nodes for rule in rules], indexing="ij"), axis=-1)
        values = np.asarray(target(points.reshape(-1, rank) @ frame.axes), dtype=np.float64).reshape(shape)
        if not np.isfinite(values).all():
            raise SpecError(
                "bounds: the target has values that are not finite within 11 standard deviations."
            )
        results.append(
            _energy_beyond(
                values, [rule.weights for rule in rules], [rule.nodes for rule in rules], inside, order
            )
        )
    (coarse, _), (fine, size) = results
    trusted = frame.aligned and kinks.complete and isinstance(target.link, Expression)
    error = abs(fine - coarse) * (1.0 if trusted else 4.0) + 64 * np.finfo(float).eps * size
    return Estimate(max(fine, 0.0), float(error))


def _energy_beyond(
    values: NDArray[Any], weights: list[Array], nodes: list[Array], inside: int, order: int
) -> tuple[float, float]:
    """Return (energy beyond the order, energy) of values on a product grid whose first axes span U."""
    axes = range(values.ndim)
    energy = values**2
    for weight in reversed(weights):
        energy = energy @ weight
    left = float(energy)
    outside = [q for q in axes if q >= inside]
    polynomials = [hermite_values(nodes[q], order) * weights[q] for q in outside]
    for powers in product(range(order + 1), repeat=len(outside)):
        if sum(powers) > order:
            continue
        moment = values
        for table, power in zip(reversed(polynomials), reversed(powers), strict=True):
            moment = moment @ table[power]
        square = moment**2
        for weight in reversed(weights[:inside]):
            square = square @ weight
        left -= float(square) / math.prod(map(math.factorial, powers))
    return left, float(energy)
