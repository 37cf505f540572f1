"""Moments of the labels of a rank-1 target, always centred: E y = 0 (theory note 40, section 0)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from giantstep.asymptotics.spectra.reading import LARGEST
from giantstep.asymptotics.spiked.functionals import link_function, link_kinks
from giantstep.errors import SpecError
from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.line import Array, gaussian_means
from giantstep.gaussian.quadrature import Rule, split_rule
from giantstep.targets import Target

ORDERS = 12
"""Highest Hermite coefficient kept."""
CENTRED = 1e-6
"""Labels whose mean is above this fraction of their size are refused by `centred_labels`."""
_ZERO = 1e-11


@dataclass(frozen=True, slots=True)
class CentredLink:
    """Labels y = s(t) + sqrt(noise) eps with E s(t) = 0, t ~ N(0, 1).

    Attributes
    ----------
    target : Target
    mean : float
        E of the target's own link, taken off.
    coefficients : array, shape (ORDERS + 1,)
        cs_k = E[s He_k] / k!; those that are zero but for round-off are exactly 0, cs_0 always.
    link_energy : float
        E s^2.
    noise : float
        Variance of the label noise.
    error : float
        Estimated relative error of the moments.
    kinks : tuple of float
        Where s or its derivative jumps.
    """

    target: Target
    mean: float
    coefficients: Array
    link_energy: float
    noise: float
    error: float
    kinks: tuple[float, ...] = field(default=())

    @property
    def energy(self) -> float:
        """E2 = E y^2, noise included."""
        return self.link_energy + self.noise

    @property
    def slope(self) -> float:
        """cs_1 = E[s(t) t]."""
        return float(self.coefficients[1])

    @property
    def rest(self) -> float:
        """tau2 = E2 - cs_1^2: all that is not linear, and the noise."""
        return max(self.energy - self.slope**2, 0.0)

    @property
    def information_exponent(self) -> int | None:
        """The first k >= 1 with cs_k != 0; None beyond the orders kept."""
        return next((k for k in range(1, ORDERS + 1) if self.coefficients[k]), None)

    @property
    def kurtosis(self) -> float:
        """E y^4 / (E y^2)^2: means of y^2 over n samples are themselves when it is well below n."""
        fourth = float(gaussian_means(lambda t: self.values(t)[None] ** 4, self.kinks)[0][0])
        return (fourth + 6 * self.noise * self.link_energy + 3 * self.noise**2) / self.energy**2

    def values(self, t: Array) -> Array:
        """Return the centred link s at t, shape (...)."""
        return np.asarray(link_function(self.target)(t), dtype=np.float64) - self.mean

    def rule(self, nodes: int = 48) -> Rule:
        """Return quadrature nodes and weights for t ~ N(0, 1), split at the kinks of the link."""
        return split_rule(self.kinks, nodes)


def centred_link(target: Target) -> CentredLink:
    """Return the moments of the centred labels of a target of rank 1.

    Raises
    ------
    SpecError
        For another rank, or labels that are constant.

    Examples
    --------
    >>> link = centred_link(Target.parse("z1 + 0.5*z1**2", noise=0.09))
    >>> round(link.mean, 12), link.coefficients[:4].round(12).tolist(), round(link.energy, 12)
    (0.5, [0.0, 1.0, 0.5, 0.0], 1.59)
    """
    if not isinstance(target, Target):
        raise SpecError(f"target: found {type(target).__name__}, expected a Target.")
    if target.rank != 1:
        raise SpecError(
            f"target: found rank {target.rank} ({target}), expected rank 1: spikes and outliers are derived "
            "for a function of z1 alone. Use overlaps or simulate for more directions."
        )
    link, kinks = link_function(target), link_kinks(target)
    norms = np.array([math.factorial(k) for k in range(ORDERS + 1)], dtype=np.float64)

    def integrands(t: Array) -> Array:
        value = link(t)
        return np.concatenate([hermite_values(t, ORDERS) / np.sqrt(norms)[:, None] * value, [value * value]])

    means, error = gaussian_means(integrands, kinks)
    size = math.sqrt(float(means[-1]))
    weights = np.where(np.abs(means[:-1]) > _ZERO * size, means[:-1], 0.0)
    mean = float(weights[0])
    energy = max(float(means[-1]) - mean * mean, 0.0)
    if energy <= _ZERO * size * size and target.noise == 0:
        raise SpecError(f"target: {target} is constant, so that its centred labels are all zero.")
    if not 1 / LARGEST <= energy + target.noise <= LARGEST:
        raise SpecError(
            f"target: found labels of variance {energy + target.noise:.3g}, expected {1 / LARGEST:g} to "
            f"{LARGEST:g}. Divide the labels, and multiply the learning rates, by their size."
        )
    coefficients = weights / np.sqrt(norms)
    coefficients[0] = 0.0
    return CentredLink(target, mean, coefficients, energy, target.noise, error, kinks)


def centred_labels(target: Target) -> CentredLink:
    """Return the moments of labels that are centred as they stand, for theories whose steps see them raw.

    Raises
    ------
    SpecError
        As `centred_link`; and for a mean above `CENTRED`, with the target to write instead.

    Examples
    --------
    >>> centred_labels(Target.parse("z1**2"))
    Traceback (most recent call last):
    giantstep.errors.SpecError: target: found labels of mean 1, expected E y = 0: ... Write 'z1**2 - 1'.
    """
    link = centred_link(target)
    if abs(link.mean) > CENTRED * math.sqrt(link.energy + link.mean**2):
        raise SpecError(
            f"target: found labels of mean {link.mean:.6g}, expected E y = 0: the theory and the steps need "
            f"centred labels. Write '{target.minus(link.mean)}'."
        )
    return link
