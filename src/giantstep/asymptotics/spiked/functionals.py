"""What the activation and the link do to a Gaussian around each place k along the spike (theory note 30, 3).

Tables over the nodes of an outer rule for k ~ N(0, 1): mu0, mu1, mu2sq and mu_c of the activation, h, h1 and
hh of the link; closed forms for relu, sin and sign, whose kinks would spoil a quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from giantstep.gaussian.line import Array, LocalMoments, density, local_moments
from giantstep.networks import Activation
from giantstep.targets import Target

Closed = Callable[[Array, float], LocalMoments]


@dataclass(frozen=True, slots=True)
class ActivationTable:
    """The activation at h = strength k + sqrt(scale) z, z ~ N(0, 1), one entry a node k.

    Attributes
    ----------
    mean : array
        mu0 = E sigma.
    slope : array
        mu1 = E sigma'.
    rest : array
        mu2sq = E sigma^2 - mu0^2 - scale mu1^2, at least 0.
    bend : array
        mu_c = E sigma'' / 2, the derivative of mu0 in the variance.
    error : float
        Estimated relative error of the entries.
    """

    mean: Array
    slope: Array
    rest: Array
    bend: Array
    error: float


@dataclass(frozen=True, slots=True)
class LinkTable:
    """The link at gamma k + rho w, w ~ N(0, 1): h = E g, h1 = E w g, hh = E g^2."""

    mean: Array
    along: Array
    square: Array
    error: float


def activation_table(activation: Activation, k: Array, strength: float, scale: float) -> ActivationTable:
    """Tabulate an activation along the spike.

    Parameters
    ----------
    activation : Activation
    k : array, shape (K,)
        Places along the spike, in units of its standard deviation.
    strength, scale : float
        Spike strength r and bulk variance c > 0.

    Examples
    --------
    >>> table = activation_table(Activation.named("relu"), np.array([0.0]), 1.0, 1.0)
    >>> round(float(table.mean[0]), 6), float(table.slope[0])
    (0.398942, 0.5)
    """
    spread = math.sqrt(scale)
    closed = _CLOSED_ACTIVATIONS.get(activation.name) if activation.portable else None
    if closed is not None:
        found = closed(strength * k, spread)
    else:
        found = local_moments(activation.value, strength * k, spread, activation.kinks)
    return ActivationTable(
        found.mean, found.first / spread, np.maximum(found.rest, 0.0), found.second / (2 * scale), found.error
    )


def link_table(target: Target, k: Array, gamma: float, rho: float) -> LinkTable:
    """Tabulate the link of a target of rank 1 along the spike.

    >>> table = link_table(Target.parse("sign(z1)"), np.array([0.0]), 0.6, 0.8)
    >>> float(table.mean[0]), round(float(table.along[0]), 6)
    (0.0, 0.797885)
    """
    closed = _CLOSED_LINKS.get(str(target)) if not target.link.black_box else None
    if closed is not None:
        found = closed(gamma * k, rho)
    else:
        found = local_moments(link_function(target), gamma * k, rho, link_kinks(target))
    return LinkTable(found.mean, found.first, found.square, found.error)


def link_function(target: Target) -> Callable[[Array], Array]:
    """Return the link as a function of arrays of any shape."""
    return lambda z: np.asarray(target(np.asarray(z)[..., None]), dtype=np.float64)


def link_kinks(target: Target) -> tuple[float, ...]:
    """Return the places where the link of a target of rank 1 or its derivative jumps."""
    return tuple(offset / normal[0] for normal, offset in target.link.kinks().hyperplanes)


def _relu(x: Array, s: float) -> LocalMoments:
    from scipy.special import ndtr

    t = x / s
    below, above, bell = ndtr(t), ndtr(-t), density(t)
    # E f^2 - (E f)^2 - s^2 (E f')^2, written so that the parts that cancel are gone.
    rest = s * s * ((t * t + 1) * below * above + t * bell * (above - below) - bell * bell)
    square = (x * x + s * s) * below + x * s * bell
    return LocalMoments(x * below + s * bell, s * below, s * bell, square, np.maximum(rest, 0.0), 0.0)


def _sin(x: Array, s: float) -> LocalMoments:
    fade = math.exp(-0.5 * s * s)
    mean, first = np.sin(x) * fade, s * np.cos(x) * fade
    square = 0.5 * (1 - np.cos(2 * x) * fade**4)
    # Var sin = (1 - q)(1 + q cos 2x)/2 with q = e^{-s^2}; expm1 keeps its digits at small s.
    q = fade * fade
    rest = 0.5 * -math.expm1(-s * s) * (1 + q * np.cos(2 * x)) - first * first
    return LocalMoments(mean, first, -s * s * mean, square, np.maximum(rest, 0.0), 0.0)


def _sign(x: Array, s: float) -> LocalMoments:
    from scipy.special import erf

    t = x / s
    bell = density(t)
    mean, first = erf(t / math.sqrt(2)), 2 * bell
    one = np.ones_like(t)
    return LocalMoments(mean, first, -2 * t * bell, one, one - mean * mean - first * first, 0.0)


_CLOSED_ACTIVATIONS: dict[str, Closed] = {"relu": _relu, "sin": _sin}
_CLOSED_LINKS: dict[str, Closed] = {"relu(z1)": _relu, "sin(z1)": _sin, "sign(z1)": _sign}
