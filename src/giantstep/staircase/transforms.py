"""The family of label transforms T(y) that a reused batch applies.

From its second visit on, a sample's pre-activation contains its own label (theory note 10, section 2.3), so
the gradient averages nonlinear functions of y.  A finite family of transforms turns nonzero answers into
certificates; an answer of zero needs the symmetries of section 2.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Transform:
    """One function of the label.

    Attributes
    ----------
    text : str
        How reasons spell it.
    apply : callable
        Elementwise, array to array.
    power : int or None
        m for the power y^m.
    parity : int or None
        1 odd, 0 even, None neither.
    """

    text: str
    apply: Callable[[Any], Any]
    power: int | None
    parity: int | None


def label_power(m: int) -> Transform:
    """Return y^m.

    >>> label_power(3).apply(2.0)
    8.0
    """
    return Transform("y" if m == 1 else f"y^{m}", lambda y: y**m, m, m % 2)


IDENTITY = label_power(1)

HIGHEST_POWER = 6

POLYNOMIAL_FAMILY = tuple(label_power(m) for m in range(1, HIGHEST_POWER + 1))
"""For polynomial targets, whose powers stay polynomials."""

GENERAL_FAMILY = (
    label_power(1),
    label_power(2),
    label_power(3),
    Transform("tanh(y - 0.3)", lambda y: np.tanh(y - 0.3), None, None),
    Transform("tanh(y)", np.tanh, None, 1),
    Transform("cos(1.3 y)", lambda y: np.cos(1.3 * y), None, 0),
    Transform("sin(1.7 y)", lambda y: np.sin(1.7 * y), None, 1),
)
"""For every other target; odd and even members serve activations that see one parity only."""
