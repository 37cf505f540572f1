"""Which rungs of the ladder leave the bulk as the width grows, and which see the teacher (note 40, B.2, B.5).

Rung k >= 1 has strength N^(alpha2 - k (1/2 - alpha1)), rung 0 N^max(alpha1, alpha2): a count by exact
comparison of exponents, with no size in it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.spectra.link_moments import CentredLink
from giantstep.errors import SpecError
from giantstep.gaussian.line import Array, gaussian_means
from giantstep.gaussian.quadrature import hermite_rule

GUARD = 1e-9
"""Exponents nearer to a boundary than this are on it: 0.4 / (0.5 - 0.45) is 8.000000000000002 in floats."""

_HIGHEST_POWER = 8


def read_exponents(name: str, value: Any) -> NDArray[np.float64]:
    """Return exponents as an array of shape () or (n,).

    Raises
    ------
    SpecError
        For what is no number of [0, 1/2).

    Examples
    --------
    >>> read_exponents("first_exponent", 0.5)
    Traceback (most recent call last):
    giantstep.errors.SpecError: first_exponent: found 0.5, expected exponents from 0 to below 0.5: ...
    """
    allowed = "exponents from 0 to below 0.5: beyond, a step is no sum of spikes any more"
    try:
        values = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise SpecError(f"{name}: found {value!r}, expected {allowed}.") from None
    bad = ~((values >= 0) & (values < 0.5))
    if values.ndim > 1 or not values.size or bad.any():
        found = f"{values[bad].flat[0]:g}" if bad.any() else f"shape {values.shape}"
        raise SpecError(f"{name}: found {found}, expected {allowed}.")
    return values


def diverging(alpha1: Array, alpha2: Array, top: int) -> NDArray[np.bool_]:
    """Return which rungs 0..top grow with the width, shape (..., top + 1); boundaries do not.

    >>> diverging(np.array(0.4), np.array(0.25), 3).tolist()
    [True, True, True, False]
    """
    k = np.arange(top + 1)
    grows = alpha2[..., None] > k * (0.5 - alpha1[..., None]) + GUARD
    grows[..., 0] = np.maximum(alpha1, alpha2) > GUARD
    return grows


def boundary(alpha1: Array, alpha2: Array, top: int) -> NDArray[np.bool_]:
    """Return which rungs stay of order one, so that only their constants decide, shape (..., top + 1)."""
    k = np.arange(top + 1)
    distance = np.abs(alpha2[..., None] - k * (0.5 - alpha1[..., None]))
    on: NDArray[np.bool_] = distance <= GUARD
    on[..., 0] = np.maximum(alpha1, alpha2) <= GUARD
    return on


def floor_of(alpha1: Array, alpha2: Array) -> NDArray[np.int64]:
    """Return floor(alpha2 / (1/2 - alpha1)), exact at the boundaries.

    >>> int(floor_of(np.array(0.45), np.array(0.4)))
    8
    """
    ratio = alpha2 / (0.5 - alpha1)
    return np.floor(ratio + GUARD * (1.0 + ratio)).astype(np.int64)


def strict_count(alpha1: Array, alpha2: Array) -> NDArray[np.int64]:
    """Return 1 + #{k >= 1: alpha2 > k (1/2 - alpha1)}, for an activation with all its rungs.

    >>> int(strict_count(np.array(0.45), np.array(0.4)))
    8
    """
    on = np.abs(alpha2 - floor_of(alpha1, alpha2) * (0.5 - alpha1)) <= GUARD
    return 1 + floor_of(alpha1, alpha2) - (on & (alpha2 > GUARD))


def lowest_informative_rung(link: CentredLink, reuse: bool) -> int | None:
    """Return k*, the first rung that can see the teacher with a generic activation; None when none does.

    With a fresh batch it is 0 or none: the field of beta1 is independent of t when cs1 = 0. On a reused one
    it is the first k with E[t y^(k + 1)] != 0.

    References
    ----------
    Theory note 40, section B.4.

    Examples
    --------
    >>> from giantstep.asymptotics.spectra.link_moments import centred_link
    >>> from giantstep.targets import Target
    >>> he3 = centred_link(Target.parse("He3(z1)"))
    >>> lowest_informative_rung(he3, reuse=True), lowest_informative_rung(he3, reuse=False)
    (2, None)
    """
    if link.slope:
        return 0
    if not reuse:
        return None
    rule = hermite_rule(_HIGHEST_POWER)
    powers = np.arange(1, _HIGHEST_POWER + 1)

    def integrands(t: Array) -> Array:
        y = link.values(t)[:, None] + math.sqrt(link.noise) * rule.nodes
        raised = y[None] ** powers[:, None, None]
        return np.concatenate([t * (raised @ rule.weights), (raised**2) @ rule.weights])

    means, _ = gaussian_means(integrands, link.kinks)
    seen, squares = np.split(means, 2)
    found = np.flatnonzero(np.abs(seen) > GUARD * np.sqrt(squares))
    return int(found[0]) if found.size else None


def is_even(link: CentredLink) -> bool:
    """Whether s(-t) = s(t) on a grid.

    >>> from giantstep.asymptotics.spectra.link_moments import centred_link
    >>> from giantstep.targets import Target
    >>> is_even(centred_link(Target.parse("cos(1.5*z1)")))
    True
    """
    t = np.linspace(0.01, 5.99, 300)
    left, right = link.values(-t), link.values(t)
    return bool(np.all(np.abs(left - right) <= 1e-10 * (1.0 + np.abs(right))))


def silence(link: CentredLink, reuse: bool, sees: bool) -> str | None:
    """Return why no rung sees the teacher, or None where one of this ladder ``sees`` it."""
    if sees:
        return None
    lowest = lowest_informative_rung(link, reuse)
    if lowest is not None:
        return (
            f"rung {lowest} is the first that could see the teacher, and this activation has none that does: "
            "no outlier points at the teacher"
        )
    if is_even(link):
        return (
            "the target is even: E[t T(y)] = 0 for every function T of the label, so no outlier points at "
            "the teacher on fresh or reused batches; its generative exponent is 2 and a bounded number of "
            "such steps cannot learn it"
        )
    if not reuse:
        found = lowest_informative_rung(link, reuse=True)
        hint = f"; a reused batch shows it from rung {found} on" if found is not None else ""
        return f"the information exponent is above 1: on a fresh batch no outlier points at the teacher{hint}"
    return f"E[t y^k] = 0 for k up to {_HIGHEST_POWER}: no outlier points at the teacher"
