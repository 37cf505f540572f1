"""The zero set of a polynomial as hyperplanes, where it is a union of hyperplanes.

Tried in turn: a factor z_i, a polynomial of one linear form (any direction), a form in two variables, and a
quadratic that is a product of two linear functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from giantstep.errors import CapabilityError
from giantstep.targets.polynomial import Index, Polynomial
from giantstep.targets.roots import real_roots

_ROUND = 1e-9
"""Relative size below which a float coefficient or an eigenvalue counts as zero."""


@dataclass(frozen=True, slots=True)
class Plane:
    """The hyperplane ``normal . z = offset``; the normal has length one and its first entry is positive."""

    normal: tuple[float, ...]
    offset: float

    @classmethod
    def of(cls, normal: np.ndarray, constant: float) -> Plane | None:
        """Return the plane ``normal . z + constant = 0``, or None when the normal vanishes."""
        length = float(np.linalg.norm(normal))
        if length <= _ROUND * (1.0 + abs(constant)):
            return None
        first = normal[np.flatnonzero(np.abs(normal) > _ROUND * length)[0]]
        scale = np.sign(first) * length
        # adding 0.0 turns -0.0 into 0.0
        return cls(tuple([float(x) for x in normal / scale + 0.0]), float(-constant / scale) + 0.0)


def zero_planes(g: Polynomial, touching: bool = False) -> list[Plane] | None:
    """Return hyperplanes that hold the zero set of `g`, or None when there are none that do.

    Parameters
    ----------
    g : Polynomial
    touching : bool
        Whether to count the zeros at which `g` keeps its sign.

    Examples
    --------
    >>> z1, z2 = Polynomial.variable(0, 2), Polynomial.variable(1, 2)
    >>> [plane.normal for plane in zero_planes(z1 * z2)]
    [(1.0, 0.0), (0.0, 1.0)]
    >>> zero_planes(z1**2 + z2**2 - 1) is None
    True
    """
    if g.degree == 0:
        return []
    rest, planes = _without_monomial(g, touching)
    if rest.degree == 0:
        return planes
    for method in (_along_one_direction, _form_in_two_variables, _quadratic):
        found = method(rest, touching)
        if found is not None:
            return planes + found
    return None


def _axis(i: int, rank: int) -> np.ndarray:
    return np.eye(rank)[i]


def _counts(multiplicity: int, touching: bool) -> bool:
    """Unknown multiplicities (0) count: a plane too many is harmless."""
    return touching or multiplicity == 0 or multiplicity % 2 == 1


def _planes(forms: list[tuple[np.ndarray, float]]) -> list[Plane]:
    return [plane for normal, constant in forms if (plane := Plane.of(normal, constant)) is not None]


def _without_monomial(g: Polynomial, touching: bool) -> tuple[Polynomial, list[Plane]]:
    lowest = [min([index[i] for index in g.terms]) for i in range(g.rank)]
    forms = [(_axis(i, g.rank), 0.0) for i, m in enumerate(lowest) if m and _counts(m, touching)]
    terms = {
        tuple([n - m for n, m in zip(index, lowest, strict=True)]): value for index, value in g.terms.items()
    }
    return Polynomial(terms, g.rank), _planes(forms)


def _active(g: Polynomial) -> list[int]:
    return [i for i in range(g.rank) if any(index[i] for index in g.terms)]


def _unit(rank: int, *steps: tuple[int, int]) -> Index:
    index = [0] * rank
    for i, count in steps:
        index[i] += count
    return tuple(index)


def _along_one_direction(g: Polynomial, touching: bool) -> list[Plane] | None:
    """g(z) = q(v . z): the top form is c (v . z)**k, so its coefficients give v, and g on an axis gives q."""
    k, rank = g.degree, g.rank
    active = _active(g)
    pivot = active[0]
    top = g.terms.get(_unit(rank, (pivot, k)), Fraction(0))
    if top == 0:
        return None
    v = Polynomial.constant(0, rank)
    normal = np.zeros(rank)
    for j in active:
        mixed = g.terms.get(_unit(rank, (pivot, k - 1), (j, 1)), Fraction(0))
        entry = Fraction(1) if j == pivot else mixed / (k * top)
        if entry == 0:
            return None
        v = v + entry * Polynomial.variable(j, rank)
        normal[j] = float(entry)
    q = [g.terms.get(_unit(rank, (pivot, m)), Fraction(0)) for m in range(k + 1)]
    if len(active) > 1:
        rebuilt = Polynomial.constant(0, rank)
        try:
            for coefficient in reversed(q):
                rebuilt = rebuilt * v + coefficient
        except CapabilityError:
            return None
        if not _negligible(g - rebuilt, g):
            return None
    roots = real_roots(q)
    if roots is None:
        return None
    return _planes([(normal, -place) for place, count in roots if _counts(count, touching)])


def _negligible(difference: Polynomial, whole: Polynomial) -> bool:
    if difference.exact:
        return not difference.terms
    largest = max([abs(float(c)) for c in whole.terms.values()])
    return all(abs(float(c)) <= _ROUND * largest for c in difference.terms.values())


def _form_in_two_variables(g: Polynomial, touching: bool) -> list[Plane] | None:
    """Every term has degree k in z_i and z_j: on z_j = 1 each root is a line through the origin."""
    active = _active(g)
    if len(active) != 2 or len({sum(index) for index in g.terms}) != 1:
        return None
    i, j = active
    k, rank = g.degree, g.rank
    roots = real_roots([g.terms.get(_unit(rank, (i, m), (j, k - m)), Fraction(0)) for m in range(k + 1)])
    if roots is None:
        return None
    forms = [
        (_axis(i, rank) - place * _axis(j, rank), 0.0) for place, count in roots if _counts(count, touching)
    ]
    if touching and not forms:
        # zero where z_i = z_j = 0 only, and that lies in a plane
        forms = [(_axis(i, rank), 0.0)]
    return _planes(forms)


def _quadratic(g: Polynomial, touching: bool) -> list[Plane] | None:
    """(z, 1)^T M (z, 1) with eigenvalues of signs (+, -) is a product of two linear functions."""
    if g.degree != 2:
        return None
    size = g.rank + 1
    matrix = np.zeros((size, size))
    for index, coefficient in g.terms.items():
        places = [i for i, n in enumerate(index) for _ in range(n)]
        a, b = (*places, size - 1, size - 1)[:2]
        matrix[a, b] += float(coefficient) / 2
        matrix[b, a] += float(coefficient) / 2
    matrix /= np.abs(matrix).max()
    values, vectors = np.linalg.eigh(matrix)
    kept = np.flatnonzero(np.abs(values) > _ROUND)
    values, vectors = values[kept], vectors[:, kept]
    if (values > 0).all() or (values < 0).all():
        # the zero set, if any, lies in each of the planes that are the eigenvectors
        planes = [Plane.of(vector[:-1], float(vector[-1])) for vector in vectors.T]
        if not touching or None in planes:
            return []
        return [plane for plane in planes[:1] if plane is not None]
    if len(values) != 2:
        return None
    u, w = [np.sqrt(abs(value)) * vector for value, vector in zip(values, vectors.T, strict=True)]
    return _planes([((u + w)[:-1], float((u + w)[-1])), ((u - w)[:-1], float((u - w)[-1]))])
