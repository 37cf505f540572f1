"""Learning curves of convex losses: warm starts from point to point, and digits from a second quadrature."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, IsotropicBulk
from giantstep.asymptotics.spiked.convex_readout import ConvexPoint, ConvexProblem, train, train_from_logistic
from giantstep.asymptotics.spiked.curve import FirstLayer, Setting, first_layer, tabulate
from giantstep.asymptotics.spiked.losses import LOSSES
from giantstep.asymptotics.spiked.status import FEWEST_DIGITS, Status
from giantstep.errors import CapabilityError

_NODES, _XI_NODES = (161, 321, 641, 1281), 60
_ENOUGH_DIGITS = 8.0
_EASY_RIDGE, _FACTOR = 1.0, 10**0.5
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
    bulk = IsotropicBulk(step.bulk_scale, setting.width_ratio)
    tables = {_NODES[0]: tabulate(setting, step, _NODES[0])}
    points: list[ConvexPoint] = []
    digits = np.zeros(len(ridge))
    start: Array | None = None
    for place, (samples, penalty) in enumerate(zip(sample_ratio, ridge, strict=True)):
        problem = ConvexProblem(
            tables=tables[_NODES[0]],
            bulk=bulk,
            loss=LOSSES[loss],
            gamma=step.spike_alignment,
            rho=step.misalignment,
            samples_per_neuron=float(samples) / setting.width_ratio,
            ridge=float(penalty),
            nodes=_XI_NODES,
        )
        found = _solved(problem, start)
        good = _digits(problem, found)
        for nodes in _NODES[1:]:
            if good >= _ENOUGH_DIGITS or found.status is not Status.CONVERGED:
                break
            if nodes not in tables:
                tables[nodes] = tabulate(setting, step, nodes)
            problem = replace(problem, tables=tables[nodes])
            finer = train(problem, found.x)
            if finer.status is not Status.CONVERGED:
                break
            found, good = finer, _digits(problem, finer)
        points.append(found)
        # A long jump is a cold start; only neighbours on the grid help.
        start = found.x if found.status is Status.CONVERGED else None
        digits[place] = good
    status = np.array([point.status for point in points], object)
    status[(status == Status.CONVERGED) & (digits < FEWEST_DIGITS)] = Status.IMPRECISE
    return ConvexCurve(tuple(points), layer, digits, status)


def _solved(problem: ConvexProblem, start: Array | None) -> ConvexPoint:
    """Solve from a neighbour, else from the logistic loss, else down from a strong penalty."""
    found = train(problem, start) if start is not None else None
    if found is None or found.status is not Status.CONVERGED:
        found = _cold(problem)
    if found.status is Status.CONVERGED or problem.ridge >= _EASY_RIDGE:
        return found
    count = 1 + math.ceil(math.log(_EASY_RIDGE / problem.ridge) / math.log(_FACTOR))
    before: Array | None = None
    here: ConvexPoint | None = None
    for ridge in np.geomspace(_EASY_RIDGE, problem.ridge, count):
        one = replace(problem, ridge=float(ridge))
        # Solutions are near a power of the ridge, so straight in the logarithms.
        ahead = None if here is None else here.x if before is None else 2 * here.x - before
        new = _cold(one) if ahead is None else train(one, ahead)
        if new.status is not Status.CONVERGED:
            return found
        before, here = None if here is None else here.x, new
    return found if here is None else here


def _cold(problem: ConvexProblem) -> ConvexPoint:
    return train_from_logistic(problem) if problem.loss.name == "hinge" else train(problem)


def _digits(problem: ConvexProblem, found: ConvexPoint) -> float:
    """Return the digits good to a coarser quadrature: half the outer nodes, two thirds of the inner."""
    if found.status is not Status.CONVERGED:
        return 0.0
    coarse = replace(problem, tables=problem.tables.thinned(), nodes=_COARSE_XI_NODES)
    with np.errstate(all="ignore"):
        move = np.abs(coarse.image(found.x) - problem.image(found.x)).max()
        errors = coarse.errors(found.x)
        losses = abs(np.array([errors[name] - getattr(found, name) for name in ("test_loss", "train_loss")]))
        # Where the readout hardly fluctuates the classification error jumps along the spike.
        missed = abs(errors["classification_error"] / found.classification_error - 1)
    changed = max(float(losses.max()) / found.test_loss, missed)
    # Both rules converge geometrically: the fine one is off by about the square of their difference.
    far = max(max(float(move), changed) ** 1.5, found.residual, 1e-300)
    return float(np.clip(-np.log10(far), 0.0, _MOST_DIGITS)) if np.isfinite(far) else 0.0
