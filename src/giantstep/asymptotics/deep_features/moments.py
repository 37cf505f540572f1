"""From weights to a `RidgeTheory`: deep or trained features, a network or a multi-index target."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.deep_features.covariance import linear_layers, row_moments
from giantstep.asymptotics.deep_features.cross_covariance import cross_covariance
from giantstep.asymptotics.deep_features.ridge_theory import RidgeTheory
from giantstep.errors import SpecError, real_array
from giantstep.gaussian.quadrature import gaussian_mean
from giantstep.networks import Activation
from giantstep.networks.deep import DeepWeights
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

Array = NDArray[np.float64]

HEAVY = 12.0
"""A kurtosis above which single runs say little (note 50, S5.7)."""
_SMALL = 1e-10


def network_target(
    learner: DeepWeights,
    target: DeepWeights,
    readout: Any,
    *,
    shared_layers: int = 0,
    per_row: bool = True,
    input_covariance: Any = None,
) -> RidgeTheory:
    """Return the theory of ridge on a deep network's features, for a target f* = <readout, phi*(x)>.

    Parameters
    ----------
    learner, target : DeepWeights
        Of odd activations, seeing the same inputs x ~ N(0, Omega_0).
    readout : array, shape (p*,)
        theta*.
    shared_layers : int
        How many first layers of the two are equal, or paired row by row.
    per_row : bool
        Each row's own variance in the linearisation (closer), or one a layer.
    input_covariance : array, shape (d, d), optional

    Raises
    ------
    SpecError, CapabilityError
        For shapes that do not fit, and activations that are not odd.

    References
    ----------
    Theory note 50, S5.2 and S5.3; arXiv 2402.13999.
    """
    theta = real_array("readout", readout)
    if theta.shape != (target.width,):
        raise SpecError(f"readout: found shape {theta.shape}, expected {target.width} finite numbers.")
    with one_blas_thread():
        mine = linear_layers(learner, per_row=per_row, input_covariance=input_covariance)
        theirs = linear_layers(target, per_row=per_row, input_covariance=input_covariance)
        phi = cross_covariance(
            mine,
            theirs,
            (learner.activation, target.activation),
            paired=shared_layers,
            per_row=per_row,
            input_covariance=None if input_covariance is None else np.asarray(input_covariance, float),
        )
        energy = float(theta @ theirs[-1].covariance @ theta)
        return RidgeTheory.of(mine[-1].covariance, phi @ theta, energy)


def multi_index_target(learner: DeepWeights, target: Target) -> RidgeTheory:
    """Return the theory for a target g(z1, .., zr) of the first r inputs; noise is left to `RidgeTheory.at`.

    Only the linear part of g is visible to linearised features; the rest acts as label noise.

    Examples
    --------
    >>> from giantstep.networks.deep import DeepNetwork
    >>> from giantstep.streams import Streams
    >>> weights = DeepNetwork([80]).draw(60, Streams(0))
    >>> theory = multi_index_target(weights, Target.parse("z1 + He2(z2)"))
    >>> theory.misfit > 2.0  # E He2^2 = 2
    True
    """
    if target.rank > learner.dimension:
        raise SpecError(f"target: rank {target.rank} is above the dimension {learner.dimension}.")
    linear, energy = linear_part(target)
    with one_blas_thread():
        layers = linear_layers(learner)
        moment = linear
        for place, layer in enumerate(layers):
            moment = (layer.map[:, : target.rank] if place == 0 else layer.map) @ moment
        return RidgeTheory.of(layers[-1].covariance, moment, energy)


def one_layer_theory(
    overlaps: Any, self_overlaps: Any, activation: str | Activation, target: Target
) -> RidgeTheory:
    """Return the linearised theory of a two-layer network from its order parameters, trained or not.

    Accurate while the first layer has no long spike (top singular value of the update below about 5);
    beyond, use the plug-in, `predict.ridge_curve` on the network's features.

    Parameters
    ----------
    overlaps : array, shape (p, r)
        M = W W*^T.
    self_overlaps : array, shape (p, p)
        Q = W W^T.

    References
    ----------
    Theory note 50, S5.4: per-row Omega, b = E[G f*] diag(k1) W u.
    """
    sigma, cross = Activation.named(activation), np.asarray(overlaps, dtype=np.float64)
    gram = np.asarray(self_overlaps, dtype=np.float64)
    linear, energy = linear_part(target)
    slopes, rests = row_moments(sigma, np.diag(gram))
    covariance = slopes[:, None] * gram * slopes + np.diag(rests)
    return RidgeTheory.of(0.5 * (covariance + covariance.T), slopes * (cross @ linear), energy)


def target_doubts(target: Target) -> list[str]:
    """Return sentences, each with its remedy, on a target that linearised features see badly.

    Examples
    --------
    >>> target_doubts(Target.parse("tanh(2*z1)"))
    []
    >>> [line.split(":")[0] for line in target_doubts(Target.parse("He3(z1)"))]
    ['target', 'target']
    """
    linear, energy = linear_part(target)
    misfit = energy - float(linear @ linear)
    if misfit <= _SMALL * energy:
        return []
    found = []
    if float(linear @ linear) <= _SMALL * energy:
        found.append(
            "target: no linear part, which is all that the linearised features see of it; the readout learns "
            "nothing, and the theory covers no more samples than of order p. Train the features instead."
        )
    kinks = target.link.kinks().hyperplanes
    fourth = gaussian_mean(lambda z: (target(z) - z @ linear) ** 4, target.rank, kinks=kinks).value
    if misfit > 0.1 * energy and fourth > HEAVY * misfit**2:
        found.append(
            f"target: what is not linear in it has kurtosis {fourth / misfit**2:.0f} (3 for a Gaussian); "
            "single runs fluctuate widely about the theory. Use many seeds, or a bounded target."
        )
    return found


def linear_part(target: Target) -> tuple[Array, float]:
    """Return (E[z g(z)], E[g^2]).

    >>> linear, energy = linear_part(Target.parse("z1 + He3(z1)"))
    >>> linear.round(10).tolist(), round(energy, 10)
    ([1.0], 7.0)
    """
    kinks = target.link.kinks().hyperplanes

    def mean(factor: Callable[[Array], Array]) -> float:
        return gaussian_mean(lambda z: factor(z) * target(z), target.rank, kinks=kinks).value

    linear = [mean(itemgetter((slice(None), axis))) for axis in range(target.rank)]
    return np.array(linear), mean(target)
