"""Fluctuations of the rows' squared norms, an order parameter of their own (theory note 30, section 6b).

The squared norm of a row of the bulk fluctuates by O(1/sqrt d).  With a spike the mean of the activation
depends on it in a way that varies along the spike, so the readout's overlap with these fluctuations counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.spiked.step_map import ActivationMoments, LabelMoments, StepMap

ROUGH = 1.0
"""Above this value of eta^2 E[yt^2] d / n0 the overlaps may be off by tens of percents (section 6b)."""


@dataclass(frozen=True, slots=True)
class RowVariance:
    """How the squared norms of the rows of B fluctuate, and go with their overlap with the spike.

    Attributes
    ----------
    with_spike, with_itself : float
        B v . eps / d and eps . eps / d for the fluctuations eps_i of sqrt(d) |Pi B_i|^2.
    rough : bool
        Whether the step is so strong and noisy that these are not accurate.
    """

    with_spike: float
    with_itself: float
    rough: bool = False

    def add(self, form: NDArray[np.float64], average: NDArray[np.float64]) -> None:
        """Put these overlaps, times a spectral average, into the forms' last row and column."""
        form[:, 0, 2] = form[:, 2, 0] = self.with_spike * average
        form[:, 2, 2] = self.with_itself * average


def row_variance(
    step: StepMap,
    activation: ActivationMoments,
    labels: LabelMoments,
    *,
    learning_rate_ratio: float,
    first_batch_ratio: float,
    width_ratio: float,
) -> RowVariance | None:
    """Return the row-variance overlap of a step; None where it is not derived or there is no step.

    It is derived for E sigma'' = 0, so for every odd activation.

    Examples
    --------
    >>> from giantstep.asymptotics.spiked.step_map import activation_moments, label_moments, step_map
    >>> from giantstep import Activation, Target
    >>> sigma = activation_moments(Activation.named("tanh"))
    >>> labels = label_moments(Target.parse("sin(z1)"), sigma.mean)
    >>> found = row_variance(step_map(sigma, labels, 3.0, 4.0), sigma, labels, learning_rate_ratio=3.0,
    ...                      first_batch_ratio=4.0, width_ratio=1.0)
    >>> round(found.with_spike, 3), round(found.with_itself, 3)
    (-1.505, 2.482)
    """
    eta, alpha0 = learning_rate_ratio, first_batch_ratio
    if eta == 0 or alpha0 == 0 or not activation.odd_like:
        return None
    third = activation.third
    along = 2 * eta * third * step.gradient_norm
    rest = eta * eta * (activation.slope_square - activation.slope**2 - activation.bend**2) / alpha0
    per_sample = labels.square / alpha0
    itself = (
        along * along
        + 4 * eta * eta * per_sample * (activation.turning - third**2)
        + 2 * rest * rest * (labels.square**2 + labels.fourth / alpha0)
    )
    return RowVariance(width_ratio * along, width_ratio * itself, bool(eta * eta * per_sample > ROUGH))
