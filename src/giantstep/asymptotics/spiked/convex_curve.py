"""Learning curves of convex losses: warm starts from point to point, and digits from a second quadrature."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, IsotropicBulk
from giantstep.asymptotics.spiked.convex_readout import ConvexPoint, ConvexProblem, train, train_from_logistic
from giantstep.asymptotics.spiked.curve import FirstLayer, Setting, first_layer, tabulate
from giantstep.asymptotics.spiked.losses import LOSSES
from giantstep.asymptotics.spiked.status import FEWEST_DIGITS, Status
from giantstep.errors import CapabilityError

_NODES, _XI_NODES = 161, 60
_COARSE_XI_NODES = 40
_MOST_DIGITS = 11.0


@dataclass(frozen=True, slots=True)
class ConvexCurve:
    """Points of a learning curve under a convex loss.

    Attributes
    ----------
    points : tuple of ConvexPoint
    layer : FirstLayer
    digits : array
        Estimated number of good digits of X.
    status : array of Status
    """

    points: tuple[ConvexPoint, ...]
    layer: FirstLayer
    digits: Array
    status: Array


def convex_curve(setting: Setting, loss: str, sample_ratio: Array, ridge: Array) -> ConvexCurve:
    """Return the readout trained with a loss of `LOSSES` at every pair of sample ratio and ridge.

    Raises
    ------
    CapabilityError
        Unless the target is sign(z1) without noise.

    Examples
    --------
    >>> from giantstep import Activation, Target
    >>> setting = Setting(Target.parse("sign(z1)"), Activation.named("tanh"), 2.0, 6.0)
    >>> found = convex_curve(setting, "logistic", np.array([2.0]), np.array([0.1]))
    >>> round(found.points[0].classification_error, 7)
    0.1305494
    """
    target = setting.target
    if str(target) != "sign(z1)" or target.noise > 0:
        raise CapabilityError(
            f"loss {loss!r}: found target {target} with noise {target.noise:g}, expected sign(z1) without "
            "noise: the theory of convex losses is derived for labels +-1. Use loss='square'."
        )
    layer = first_layer(setting)
    step = layer.step
    fine = tabulate(setting, step, _NODES)
    bulk = IsotropicBulk(step.bulk_scale, setting.width_ratio)
    points: list[ConvexPoint] = []
    digits = np.zeros(len(ridge))
    start: Array | None = None
    for place, (samples, penalty) in enumerate(zip(sample_ratio, ridge, strict=True)):
        problem = ConvexProblem(
            tables=fine,
            bulk=bulk,
            loss=LOSSES[loss],
            gamma=step.spike_alignment,
            rho=step.misalignment,
            samples_per_neuron=float(samples) / setting.width_ratio,
            ridge=float(penalty),
            nodes=_XI_NODES,
        )
        found = train(problem, start) if start is not None else None
        if found is None or found.status is not Status.CONVERGED:
            found = train_from_logistic(problem) if loss == "hinge" else train(problem)
        points.append(found)
        # A long jump is a cold start; only neighbours on the grid help.
        start = found.x if found.status is Status.CONVERGED else None
        digits[place] = _digits(problem, found)
    status = np.array([point.status for point in points], object)
    status[(status == Status.CONVERGED) & (digits < FEWEST_DIGITS)] = Status.IMPRECISE
    return ConvexCurve(tuple(points), layer, digits, status)


def _digits(problem: ConvexProblem, found: ConvexPoint) -> float:
    """Return the digits good to a coarser quadrature: half the outer nodes, two thirds of the inner."""
    if found.status is not Status.CONVERGED:
        return 0.0
    coarse = replace(problem, tables=problem.tables.thinned(), nodes=_COARSE_XI_NODES)
    with np.errstate(all="ignore"):
        move = np.abs(coarse.image(found.x) - problem.image(found.x)).max()
        changed = abs(coarse.errors(found.x)["test_loss"] / found.test_loss - 1)
    # Both rules converge geometrically: the fine one is off by about the square of their difference.
    far = max(max(float(move), float(changed)) ** 1.5, found.residual, 1e-300)
    return float(np.clip(-np.log10(far), 0.0, _MOST_DIGITS)) if np.isfinite(far) else 0.0
