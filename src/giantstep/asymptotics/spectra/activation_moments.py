"""Gaussian moments of an activation: Hermite coefficients, and products of derivatives (theory note 40)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.spectra.reading import LARGEST
from giantstep.errors import SpecError
from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.line import Array, gaussian_means
from giantstep.networks import Activation
from giantstep.networks.written import activation_derivatives, hermite_coefficients

ORDERS = 16
"""Highest Hermite coefficient kept."""
_ZERO = 1e-11


@dataclass(frozen=True, slots=True)
class HermiteActivation:
    """An activation sigma = sum_k c_k He_k, probabilists' and unnormalised, so E sigma^{(k)} = k! c_k.

    The formulas of the note take centred features; `mean` is the c_0 that centring takes off.

    Attributes
    ----------
    activation : Activation
    coefficients : array, shape (ORDERS + 1,)
        c_0, c_1, ..; those that are zero but for round-off are exactly 0.
    rest : float
        sigma_perp^2 = E sigma^2 - c_0^2 - c_1^2.
    slope_rest : float
        D = E sigma'^2 - c_1^2.
    degree : int or None
        Degree of a polynomial; None for other activations.
    error : float
        Estimated relative error of the moments.
    """

    activation: Activation
    coefficients: Array
    rest: float
    slope_rest: float
    degree: int | None
    error: float

    @property
    def mean(self) -> float:
        """c_0 = E sigma, which centred features do not have."""
        return float(self.coefficients[0])

    @property
    def slope(self) -> float:
        """c_1 = E sigma'."""
        return float(self.coefficients[1])

    def coefficient(self, order: int) -> float:
        """Return c_k; 0 beyond the orders kept."""
        return float(self.coefficients[order]) if order <= ORDERS else 0.0

    def slope_moment(self, order: int, power: int = 0) -> float:
        """Return E[sigma^{(order)}(z) sigma'(z)^power], z ~ N(0, 1).

        For power 0 it is order! c_order, which every activation has.

        Parameters
        ----------
        order : int
            >= 1.
        power : int
            >= 0.

        Raises
        ------
        CapabilityError
            When sigma^{(order)} is no function (relu's second derivative) or is not known.

        Examples
        --------
        >>> round(hermite_activation(Activation.named("He2")).slope_moment(2, 2), 12)  # E 2 (2 z)^2
        8.0
        """
        if power == 0:
            return math.factorial(order) * self.coefficient(order)
        if order == 1:

            def slopes(z: Array) -> Array:
                return np.asarray(self.activation.derivative(z), dtype=np.float64)[None] ** (power + 1)

            return float(gaussian_means(slopes, self.activation.kinks)[0][0])

        def products(z: Array) -> Array:
            derivatives = activation_derivatives(self.activation, z, order)
            return derivatives[order][None] * derivatives[1] ** power

        return float(gaussian_means(products)[0][0])


def hermite_activation(activation: Activation | str) -> HermiteActivation:
    """Return the Gaussian moments of an activation, exact for polynomials, refined until stable otherwise.

    Raises
    ------
    SpecError
        For E sigma'^2 above 1e12, whose powers leave the finite numbers.

    Examples
    --------
    >>> found = hermite_activation("He1 + 0.5*He2")
    >>> found.coefficients[:3].tolist(), found.rest, found.slope_rest
    ([0.0, 1.0, 0.5], 0.5, 1.0)
    >>> tanh = hermite_activation("tanh")
    >>> round(tanh.slope, 6), tanh.coefficient(2), round(tanh.slope_moment(3), 6)
    (0.605706, 0.0, -0.363595)
    """
    activation = Activation.named(activation)
    exact = hermite_coefficients(activation)
    norms = np.array([math.factorial(k) for k in range(ORDERS + 1)], dtype=np.float64)
    if exact is not None and len(exact) <= ORDERS + 1:
        c = np.zeros(ORDERS + 1)
        c[: len(exact)] = exact
        rest = float(c[2:] ** 2 @ norms[2:])
        # E sigma'^2 = sum_k k k! c_k^2
        slope_rest = float((np.arange(2, ORDERS + 1) * c[2:] ** 2) @ norms[2:])
        degree = max((k for k, value in enumerate(exact) if value), default=0)
        _check_size(activation, float(c[1]) ** 2 + slope_rest)
        return HermiteActivation(activation, c, rest, slope_rest, degree, 0.0)

    def integrands(z: Array) -> Array:
        value = np.asarray(activation.value(z), dtype=np.float64)
        slope = np.asarray(activation.derivative(z), dtype=np.float64)
        orthonormal = hermite_values(z, ORDERS) / np.sqrt(norms)[:, None]
        return np.concatenate([orthonormal * value, [value * value, slope, slope * slope]])

    means, error = gaussian_means(integrands, activation.kinks)
    square, slope, slope_square = (float(value) for value in means[-3:])
    _check_size(activation, slope_square)
    weights = np.where(np.abs(means[:-3]) > _ZERO * math.sqrt(square), means[:-3], 0.0)
    coefficients = weights / np.sqrt(norms)
    # The gradient step knows the derivative it is given; a function that jumps has another c_1.
    coefficients[1] = slope if abs(slope) > _ZERO * math.sqrt(slope_square) else 0.0
    rest = square - float(coefficients[0]) ** 2 - float(coefficients[1]) ** 2
    slope_rest = slope_square - float(coefficients[1]) ** 2
    return HermiteActivation(activation, coefficients, max(rest, 0.0), max(slope_rest, 0.0), None, error)


def slanted_activation(activation: Activation | str) -> HermiteActivation:
    """Return the Gaussian moments of an activation whose c_1 = E sigma' does not vanish.

    Raises
    ------
    SpecError
        As `hermite_activation`; and for c_1 = 0, where the neurons have no common part to move along.

    Examples
    --------
    >>> slanted_activation("He2")
    Traceback (most recent call last):
    giantstep.errors.SpecError: activation: found c_1 = E sigma' = 0 of 'He2', expected another value: ...
    """
    moments = hermite_activation(activation)
    if not moments.slope:
        raise SpecError(
            f"activation: found c_1 = E sigma' = 0 of {moments.activation.name!r}, expected another value: "
            "the first step's common part vanishes with it, and every spike. Add a linear part, as in "
            "'He1+0.5*He2', or a shift, as in 'cos(z+0.5)'."
        )
    return moments


def _check_size(activation: Activation, slope_square: float) -> None:
    if not slope_square <= LARGEST:
        raise SpecError(
            f"activation: found E sigma'^2 = {slope_square:.3g} of {activation.name!r}, expected at most "
            f"{LARGEST:g}. Divide the activation by its size."
        )
