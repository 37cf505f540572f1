"""The bulk of the first layer: its Marchenko-Pastur averages in closed form (theory note 30, equation 8).

A bulk answers two questions about B Pi B^T, the rows of the first layer without the spike: averages of its
eigenvalues D over 1/S with S = level + slope D, and the forms that couple the readout to the spike direction
v, to the teacher's part zeta orthogonal to it, and to the row variances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.spiked.row_variance import RowVariance

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages over the eigenvalues D of B Pi B^T, S = level + slope D; a number or one entry a point.

    Attributes
    ----------
    v1, v2 : array
        <D/S>, <1/S>.
    two, one, zero : array
        <D^2/S^2>, <D/S^2>, <1/S^2>.
    """

    v1: Array
    v2: Array
    two: Array
    one: Array
    zero: Array


@dataclass(frozen=True, slots=True)
class Forms:
    """E^T A^-1 E and its two derivatives for E = (B v, B zeta, row variances); each (points, 3, 3).

    ``value`` multiplies the conjugates; ``first`` and ``second``, which feed q1 and q2, are minus its rates
    of change with the slope and with the level of S.
    """

    value: Array
    first: Array
    second: Array


class Bulk(Protocol):
    """What the fixed point asks of a bulk.

    Attributes
    ----------
    patience : int
        Plain iterations it is worth where Newton's have failed.
    scale : float
        c, the mean eigenvalue <D>.
    """

    patience: ClassVar[int]

    @property
    def scale(self) -> float: ...

    def averages(self, level: Array, slope: Array) -> Averages:
        """Return the spectral averages at S = level + slope D."""
        ...

    def forms(self, level: Array, slope: Array, found: Averages) -> Forms:
        """Return the forms at S = level + slope D, whose averages are ``found``."""
        ...


@dataclass(frozen=True, slots=True)
class IsotropicBulk:
    """Rows with independent entries of variance scale / d: the published theory.

    Attributes
    ----------
    scale : float
        c, the squared norm of a row.
    width_ratio : float
        p / d.
    rows : RowVariance or None
        Row-variance overlap (section 6b), if it is to be taken along.
    """

    patience: ClassVar[int] = 20_000

    scale: float
    width_ratio: float
    rows: RowVariance | None = None

    def averages(self, level: Array, slope: Array) -> Averages:
        """Return the Marchenko-Pastur averages; no cancellation, regular at slope 0, any width ratio.

        >>> found = IsotropicBulk(1.0, 0.5).averages(np.array([1.0]), np.array([0.0]))
        >>> float(found.v1[0]), float(found.v2[0]), float(found.two[0])
        (1.0, 1.0, 1.5)
        """
        beta, c = self.width_ratio, self.scale
        t = c * slope
        b = level + t * (1 - beta)
        product = beta * t * level
        # Two forms of one root; each is free of cancellation on its side of b = 0.
        if isinstance(b, float):
            root = math.sqrt(b * b + 4 * product) + abs(b)
            m = 2 / root if b >= 0 else root / (2 * product)
        else:
            root = np.sqrt(b * b + 4 * product) + abs(b)
            m = np.where(b >= 0, 2 / root, root / np.where(b >= 0, 1.0, 2 * product))
        grown = 1 + beta * t * m
        w = m / grown
        level_squared = beta * level * m * m
        bottom = 1 + t * level_squared
        zero = m * m * grown / bottom
        return Averages(
            v1=c * w,
            v2=m,
            two=c * c * w * (w + level_squared) / bottom,
            one=c * zero / (grown * grown),
            zero=zero,
        )

    def forms(self, level: Array, slope: Array, found: Averages) -> Forms:
        """Return the diagonal forms of an isotropic bulk (equation 7), plus those of the row variances."""
        beta, spread = self.width_ratio, self.width_ratio * self.scale
        forms = Forms(*np.zeros((3, len(level), 3, 3)))
        along = (found.v2, found.one, found.zero)
        across = (found.v1, found.two, found.one)
        for form, on_spike, on_rest in zip(
            (forms.value, forms.first, forms.second), along, across, strict=True
        ):
            form[:, 0, 0], form[:, 1, 1] = spread * on_spike, beta * on_rest
            if self.rows is not None:
                self.rows.add(form, on_spike)
        return forms
