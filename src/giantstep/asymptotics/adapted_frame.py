"""Orthonormal axes whose first ones span a given subspace, turned to meet a target's kinks where they can."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from giantstep.gaussian.quadrature import Array, Frame, Hyperplane, kink_frame
from giantstep.targets import Polynomial


def adapted_frame(basis: Array, rank: int, kinks: Iterable[Hyperplane]) -> Frame:
    """Return a frame [U; complement]; each kink normal inside one of the two can become an axis of it.

    A kink that cuts across both leaves ``aligned`` False.

    Examples
    --------
    >>> import numpy as np
    >>> frame = adapted_frame(np.array([[0.6, 0.8]]), 2, [((0.8, -0.6), 1.0)])
    >>> frame.aligned, [tuple(round(b, 6) for b in breaks) for breaks in frame.breaks]
    (True, [(), (1.0,)])
    """
    surfaces = [(np.asarray(normal, dtype=np.float64), float(offset)) for normal, offset in kinks]
    complement = np.linalg.svd(basis)[2][len(basis) :] if len(basis) else np.eye(rank)
    axes: list[Array] = []
    breaks: tuple[tuple[float, ...], ...] = ()
    aligned, seen = True, 0
    for part in (basis, complement):
        if not len(part):
            continue
        own = [
            (tuple(part @ normal), offset)
            for normal, offset in surfaces
            if np.linalg.norm(part @ normal) > (1 - 1e-9) * np.linalg.norm(normal)
        ]
        frame = kink_frame(own, len(part))
        axes.append(frame.axes @ part)
        breaks, aligned, seen = breaks + frame.breaks, aligned and frame.aligned, seen + len(own)
    return Frame(np.vstack(axes), breaks, aligned and seen == len(surfaces))


def rotate(polynomial: Polynomial, axes: Array) -> Polynomial:
    """Return the polynomial of u = axes z that equals the given one of z, for orthonormal axes.

    Raises
    ------
    CapabilityError
        When it would have too many terms.
    """
    rank = polynomial.rank
    variables = []
    for q in range(rank):
        column = {
            tuple(int(i == k) for i in range(rank)): float(axes[k, q])
            for k in range(rank)
            if abs(axes[k, q]) > 1e-15
        }
        variables.append(Polynomial(column, rank))
    powers = [[Polynomial.constant(1, rank)] for _ in range(rank)]
    total = Polynomial.constant(0, rank)
    for index, coefficient in polynomial.terms.items():
        term = Polynomial.constant(float(coefficient), rank)
        for q, power in enumerate(index):
            while len(powers[q]) <= power:
                powers[q].append(powers[q][-1] * variables[q])
            term = term * powers[q][power]
        total = total + term
    return total
