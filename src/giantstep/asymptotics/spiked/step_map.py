"""From one giant step to spiked random features: strength, alignment and bulk (theory note 30, section 2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.spiked.functionals import link_function, link_kinks
from giantstep.gaussian.line import Array, gaussian_means
from giantstep.networks import Activation
from giantstep.targets import Target


@dataclass(frozen=True, slots=True)
class ActivationMoments:
    """Gaussian moments of an activation: E sigma, E sigma', E sigma'', E sigma''', E sigma'^2.

    Attributes
    ----------
    turning : float
        E[(sigma' - E sigma')^2 u^2], which only the row-variance overlap needs.
    error : float
        Estimated relative error of all.
    """

    mean: float
    slope: float
    bend: float
    third: float
    slope_square: float
    turning: float
    error: float = 0.0

    @property
    def odd_like(self) -> bool:
        """Whether E sigma'' vanishes, as it does for every odd activation."""
        return abs(self.bend) <= 1e-12 * math.sqrt(self.slope_square)


@dataclass(frozen=True, slots=True)
class LabelMoments:
    """Moments of the residual labels y - f0, f0 a constant: E, E^2, E^4, and the linear part E[u g].

    The noise is inside; ``error`` is the estimated relative error of all.
    """

    linear: float
    mean: float
    square: float
    fourth: float
    error: float = 0.0


@dataclass(frozen=True, slots=True)
class StepMap:
    """First layer after the step: W = r 1 v^T + B, v.theta = gamma, rows of B of squared norm c.

    Attributes
    ----------
    spike_strength : float
        r.
    spike_alignment : float
        gamma, the cosine of spike and teacher.
    bulk_scale : float
        c, a variance.
    misalignment : float
        sqrt(1 - gamma^2), without cancellation.
    gradient_norm : float
        |(1/n0) sum (y - f0) x|.
    """

    spike_strength: float
    spike_alignment: float
    bulk_scale: float
    misalignment: float
    gradient_norm: float


NO_STEP = StepMap(0.0, 0.0, 1.0, 1.0, 0.0)
"""The first layer at initialisation."""


def activation_moments(activation: Activation) -> ActivationMoments:
    """Return the Gaussian moments of an activation.

    >>> found = activation_moments(Activation.named("relu"))
    >>> round(found.slope, 12), round(found.slope_square, 12), round(found.bend, 6)
    (0.5, 0.5, 0.398942)
    """

    def integrands(u: Array) -> Array:
        slopes = np.asarray(activation.derivative(u), dtype=np.float64)
        squares, turned = slopes * slopes, slopes * u * u
        value = np.asarray(activation.value(u), dtype=np.float64)
        return np.array([value, slopes, u * slopes, turned - slopes, squares, squares * u * u, turned])

    means, error = gaussian_means(integrands, activation.kinks)
    mean, slope, bend, third, square, turning, turned = (float(value) for value in means)
    # E (sigma' - s1)^2 u^2 from its three parts.
    turning += slope * slope - 2 * slope * turned
    return ActivationMoments(mean, slope, bend, third, square, turning, error)


def label_moments(target: Target, output: float) -> LabelMoments:
    """Return the moments of y - output for a target of rank 1, label noise included.

    >>> label_moments(Target.parse("z1", noise=0.5), 0.0).square
    1.5
    """
    link, noise = link_function(target), target.noise

    def integrands(u: Array) -> Array:
        g = link(u)
        centred = g - output
        squares = centred * centred
        return np.array([u * g, centred, squares, squares * squares])

    means, error = gaussian_means(integrands, link_kinks(target))
    linear, mean, square, fourth = (float(value) for value in means)
    return LabelMoments(linear, mean, square + noise, fourth + 6 * noise * square + 3 * noise * noise, error)


def step_map(
    activation: ActivationMoments,
    labels: LabelMoments,
    learning_rate_ratio: float,
    first_batch_ratio: float,
    readout: float = 1.0,
) -> StepMap:
    """Return spike and bulk after one step (theory note 30, equation 2).

    Parameters
    ----------
    activation, labels
        Moments; those of the labels with the network's initial output taken off.
    learning_rate_ratio : float
        The note's eta: the learning rate divided by the width, for a readout of 1/sqrt(p).
    first_batch_ratio : float
        n0 / d; 0 means no step.
    readout : float
        The neuron's initial readout times sqrt(p) (section 7c).

    Examples
    --------
    >>> from giantstep.networks import Activation
    >>> sigma = activation_moments(Activation.named("tanh"))
    >>> found = step_map(sigma, label_moments(Target.parse("sin(z1)"), sigma.mean), 3.0, 20.0)
    >>> [round(x, 6) for x in (found.spike_strength, found.spike_alignment, found.bulk_scale)]
    [1.134056, 0.971854, 1.018973]
    """
    if learning_rate_ratio == 0 or first_batch_ratio == 0:
        return NO_STEP
    eta = learning_rate_ratio * readout
    per_sample = labels.square / first_batch_ratio
    norm = math.sqrt(labels.linear**2 + per_sample)
    rest = activation.slope_square - activation.slope**2
    shrink = 1 + eta * activation.bend * labels.mean
    return StepMap(
        spike_strength=eta * activation.slope * norm,
        spike_alignment=labels.linear / norm if norm else 0.0,
        bulk_scale=shrink * shrink + eta * eta * per_sample * rest,
        misalignment=math.sqrt(per_sample) / norm if norm else 1.0,
        gradient_norm=norm,
    )
