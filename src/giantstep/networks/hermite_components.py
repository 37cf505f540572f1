"""A function of one direction and an activation, as seen by Hermite polynomials of norm one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_number, shown, whole_number
from giantstep.gaussian.hermite import hermite_expansion
from giantstep.gaussian.orthonormal import orthonormal_values
from giantstep.gaussian.quadrature import split_rule
from giantstep.networks.activation import Activation
from giantstep.targets import Target

Array = NDArray[np.float64]

MAX_DEGREE = 12
LARGEST = 1e4
"""Of a coefficient; beyond, the flow is too stiff for its solver."""
SMALLEST = 1e-30


@dataclass(frozen=True, slots=True)
class HermiteComponents:
    """The coefficients of an activation and a target on the ORTHONORMAL h_k = He_k / sqrt(k!).

    sigma = sum_k sigma_k h_k and phi = sum_k phi_k h_k with E h_j h_k = delta_jk (theory note 50), unlike the
    rest of giantstep, where He_k is unnormalised.

    Parameters
    ----------
    orthonormal_activation, orthonormal_target : sequence of float
        sigma_0, sigma_1, .. and phi_0, phi_1, ..; the shorter one is filled with zeros.
    noise : float
        VARIANCE of the label noise.
    lost_activation, lost_target : float
        Squared norm beyond the last coefficient; zero where the coefficients are all there is.

    Raises
    ------
    SpecError
        For coefficients that are not finite, none at all, or more than 13.

    Examples
    --------
    >>> pair = HermiteComponents((0.5, 0.8), (0.5, 1.0, 0.8))
    >>> pair.degree, pair.orthonormal_activation
    (2, (0.5, 0.8, 0.0))
    >>> pair = HermiteComponents.of(Target.parse("He1(z1) + He2(z1)"), "relu", degree=2)
    >>> [round(value, 4) for value in pair.orthonormal_target]
    [0.0, 1.0, 1.4142]
    """

    orthonormal_activation: tuple[float, ...]
    orthonormal_target: tuple[float, ...]
    noise: float = 0.0
    lost_activation: float = 0.0
    lost_target: float = 0.0

    def __post_init__(self) -> None:
        rows = {}
        for name in ("orthonormal_activation", "orthonormal_target"):
            rows[name] = _coefficients(name, getattr(self, name))
        length = max(map(len, rows.values()))
        for name, row in rows.items():
            object.__setattr__(self, name, row + (0.0,) * (length - len(row)))
        real_number("noise", self.noise, "a variance, a finite number >= 0", lambda number: number >= 0)

    @classmethod
    def of(cls, target: Target, activation: Activation | str, *, degree: int = 6) -> HermiteComponents:
        """Return the components 0..degree of a target of rank 1 and an activation.

        Raises
        ------
        SpecError
            For a target of another rank, or a degree outside 1..12.
        """
        if not isinstance(target, Target):
            raise SpecError(f"target: found {type(target).__name__}, expected a Target.")
        if target.rank != 1:
            raise SpecError(
                f"target: found rank {target.rank} ({target}), expected a function of z1 alone: components "
                "are those of one direction."
            )
        degree = whole_number("degree", degree, 1, MAX_DEGREE)
        sigma = Activation.named(activation)
        planes = target.link.kinks().hyperplanes
        kinks = tuple(offset / normal[0] for normal, offset in planes)
        phi, lost_target = _expand(lambda x: target(x[..., None]), degree, kinks)
        coefficients, lost_activation = _expand(sigma.value, degree, sigma.kinks)
        return cls(coefficients, phi, target.noise, lost_activation, lost_target)

    @property
    def degree(self) -> int:
        """K, the highest order kept."""
        return len(self.orthonormal_target) - 1

    @property
    def sigma(self) -> Array:
        """sigma_0..sigma_K as an array."""
        return np.array(self.orthonormal_activation)

    @property
    def phi(self) -> Array:
        """phi_0..phi_K as an array."""
        return np.array(self.orthonormal_target)

    def activation_values(self, x: Array) -> tuple[Array, Array]:
        """Return sigma(x) and sigma'(x) of the kept components, each of the shape of x."""
        basis = orthonormal_values(x, self.degree)
        orders = np.sqrt(np.arange(1.0, self.degree + 1))
        value = np.tensordot(self.sigma, basis, axes=1)
        # h_k' = sqrt(k) h_{k-1}
        return value, np.tensordot(self.sigma[1:] * orders, basis[:-1], axes=1)

    def target_values(self, z: Array) -> Array:
        """Return phi(z) of the kept components, without noise."""
        return np.tensordot(self.phi, orthonormal_values(z, self.degree), axes=1)


def _coefficients(name: str, values: Sequence[float]) -> tuple[float, ...]:
    try:
        given = list(values)
        if isinstance(values, str) or np.iscomplexobj(given):
            raise TypeError
        row = tuple(float(value) for value in given)
    except (TypeError, ValueError, OverflowError):
        words = "a list of numbers, orders 0, 1, .."
        raise SpecError(f"{name}: found {shown(values)}, expected {words}") from None
    if not 1 <= len(row) <= MAX_DEGREE + 1:
        raise SpecError(f"{name}: found {len(row)} coefficients, expected 1 to {MAX_DEGREE + 1}.")
    for order, value in enumerate(row):
        if not math.isfinite(value):
            raise SpecError(f"{name}: found {value} at order {order}, expected finite numbers.")
        if value and not SMALLEST <= abs(value) <= LARGEST:
            raise SpecError(
                f"{name}: found {value:g} at order {order}, expected zero or sizes from {SMALLEST:g} to "
                f"{LARGEST:g}. Bring the coefficients nearer to 1."
            )
    return row


def _expand(
    function: Callable[[Any], Any], degree: int, kinks: tuple[float, ...]
) -> tuple[tuple[float, ...], float]:
    """Return orthonormal coefficients, those that are round-off set to zero, and the squared norm beyond."""
    expansion = hermite_expansion(function, degree, kinks=kinks)
    kept = np.where(expansion.nonzero(), expansion.orthonormal, 0.0)
    rule = split_rule(kinks, 56)
    norm = float(rule.weights @ np.asarray(function(rule.nodes), float) ** 2)
    beyond = norm - float(kept @ kept)
    return tuple(kept.tolist()), beyond if beyond > 1e-10 * max(norm, 1.0) else 0.0
