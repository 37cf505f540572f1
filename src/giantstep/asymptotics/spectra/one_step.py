"""What one giant step adds to the features: constants of the rank-one terms (theory note 40, 0 and A.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from giantstep.asymptotics.spectra.activation_moments import ORDERS, HermiteActivation
from giantstep.asymptotics.spectra.link_moments import CentredLink

_BOUNDARY = 1e-9
"""Exponents this near a boundary lie on it: .4/(.5 - .45) is 8.000000000000002 in floats."""


@dataclass(frozen=True, slots=True)
class OneStep:
    """F = F0 + sum_k c_k eta^k L_k (a^{ok})^T for one step of size eta on labels alone.

    Attributes
    ----------
    activation, link
        Moments of the two.
    learning_rate : float
        eta.
    width : int
        N.
    first_batch_ratio : float
        n0 / d of the gradient's batch.
    fourth : float
        m_4 of the readout's law.
    variance : bool
        Whether V, the variance of the neurons' own part delta_i . x of the step, is inside.
    intercept : bool
        Whether features and labels are centred over the sample, which takes the mean of L_2 away.
    """

    activation: HermiteActivation
    link: CentredLink
    learning_rate: float
    width: int
    first_batch_ratio: float
    fourth: float
    variance: bool = True
    intercept: bool = False

    @property
    def gradient_square(self) -> float:
        """b2 = |beta|^2 = cs_1^2 + phi_g E2, beta = X^T y / n0."""
        return self.link.slope**2 + self.link.energy / self.first_batch_ratio

    @property
    def gradient_alignment(self) -> float:
        """rho2 = cos^2(beta, beta*)."""
        return self.link.slope**2 / self.gradient_square

    @property
    def row_variance(self) -> float:
        """V = phi_g E2 D = |delta_i|^2, or 0 in the form that leaves it out."""
        spread = self.link.energy / self.first_batch_ratio * self.activation.slope_rest
        return spread if self.variance else 0.0

    @property
    def linear_gradient(self) -> float:
        """c_1^2 b2, the variance of the step's common part."""
        return self.activation.slope**2 * self.gradient_square

    @property
    def first_strength(self) -> float:
        """A1 = (c_1^2 eta)^2 b2."""
        return (self.activation.slope * self.learning_rate) ** 2 * self.linear_gradient

    @property
    def second_square(self) -> float:
        """S2 = E L_2^2 = 2 c_1^4 b2^2 + (c_1^2 b2 + V)^2; the mean is gone with an intercept."""
        spread = self.linear_gradient
        return 2 * spread**2 + (0.0 if self.intercept else (spread + self.row_variance) ** 2)

    @property
    def second_scale(self) -> float:
        """A2' = c_2^2 eta^4 m_4 / N."""
        return self.activation.coefficient(2) ** 2 * self.learning_rate**4 * self.fourth / self.width

    @property
    def second_strength(self) -> float:
        """A2 = A2' S2."""
        return self.second_scale * self.second_square

    @property
    def capture(self) -> float:
        """K, what the second spike takes of the label's He_2 part: 4 / (2 + (1 + V/(c_1^2 b2))^2).

        It is 2 with an intercept.
        """
        if self.intercept:
            return 2.0
        return 4.0 / (2.0 + (1.0 + self.row_variance / self.linear_gradient) ** 2)

    @property
    def leading_values(self) -> tuple[float, float]:
        """Leading order of the singular values of the two spikes over sqrt n."""
        c1, c2, eta = abs(self.activation.slope), abs(self.activation.coefficient(2)), self.learning_rate
        first = c1 * eta * c1 * math.sqrt(self.gradient_square)
        second = c2 * eta**2 * math.sqrt(self.second_square * self.fourth / self.width)
        return first, second

    @property
    def reach(self) -> float:
        """Typical shift of a pre-activation by the step, c_1 eta |a_i| |kappa|: Taylor's small number."""
        return self.learning_rate * math.sqrt((self.linear_gradient + self.row_variance) / self.width)


def spike_orders(activation: HermiteActivation, exponent: float) -> list[int]:
    """Return the k of the rank-one terms that outgrow the bulk when eta ~ n^exponent.

    Term k has size n^{k exponent + 1 - k/2}: it exceeds sqrt n iff exponent > (k - 1)/(2k), and is missing
    where c_k = 0. On a boundary the term is O(1) and left to the outlier equation.

    Parameters
    ----------
    activation : HermiteActivation
    exponent : float
        In [0, 1/2).

    References
    ----------
    Theory note 40, A.1: l spikes for (l - 1)/(2l) < exponent < l/(2l + 2) where no c_k vanishes.

    Examples
    --------
    >>> from giantstep.asymptotics.spectra.activation_moments import hermite_activation
    >>> spike_orders(hermite_activation("He1 + 0.5*He2"), 0.15), spike_orders(hermite_activation("relu"), 0.4)
    ([1], [1, 2, 4])
    """
    highest = activation.degree or ORDERS
    orders = range(1, min(highest, ORDERS) + 1)
    return [k for k in orders if exponent > (k - 1) / (2 * k) + _BOUNDARY and activation.coefficient(k)]
