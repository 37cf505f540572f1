"""Points of a learning curve: the step, the tables, the fixed point, and how many digits are good."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, IsotropicBulk
from giantstep.asymptotics.spiked.functionals import activation_table, link_table
from giantstep.asymptotics.spiked.resolvents import Points
from giantstep.asymptotics.spiked.ridge_readout import Readout, Tables, retrain
from giantstep.asymptotics.spiked.row_variance import RowVariance, row_variance
from giantstep.asymptotics.spiked.status import FEWEST_DIGITS, Status
from giantstep.asymptotics.spiked.step_map import (
    NO_STEP,
    ActivationMoments,
    LabelMoments,
    StepMap,
    activation_moments,
    label_moments,
    step_map,
)
from giantstep.asymptotics.spiked.structured_bulk import StructuredBulk
from giantstep.gaussian.line import trapezoid
from giantstep.networks import Activation
from giantstep.targets import Target

FEWEST_NODES, MOST_NODES = 101, 6401
MOST_AT_ONCE = 2048
MOST_DIGITS = 14.0
_LEAST_ERROR = 10.0**-MOST_DIGITS

_ACCEPTED = 1e-12
"""Estimated relative error of the outer rule at which refinement stops."""

_SAFETY = 10.0
_ROUND_OFF = 2e-16
_BULK_NODES = ((60, 40), (240, 80))
"""Nodes of the bulk's quadrature over the teacher's projection, on each piece, and over the label noise."""

_BULK_ACCEPTED = 1e-9


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything but sample ratio and ridge.

    Attributes
    ----------
    target : Target
        Of rank 1.
    activation : Activation
    learning_rate_ratio, first_batch_ratio, width_ratio : float
        The note's eta, alpha0 and beta.
    structured : bool
        Take the structured bulk of section 6a.
    row_variance : bool
        Take the row-variance overlap of section 6b, where it is derived.
    """

    target: Target
    activation: Activation
    learning_rate_ratio: float
    first_batch_ratio: float
    width_ratio: float = 1.0
    structured: bool = False
    row_variance: bool = False

    @property
    def steps(self) -> bool:
        """Whether there is a step at all."""
        return self.learning_rate_ratio != 0 and self.first_batch_ratio != 0


@dataclass(frozen=True, slots=True)
class FirstLayer:
    """What the step made of the first layer, and the moments it came from."""

    step: StepMap
    activation: ActivationMoments
    labels: LabelMoments
    rows: RowVariance | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a learning curve; arrays have one entry a point.

    Attributes
    ----------
    readout : Readout
    layer : FirstLayer
    digits : array
        Estimated number of good digits of the errors.
    status : array of Status
    """

    readout: Readout
    layer: FirstLayer
    digits: Array
    status: Array


def first_layer(setting: Setting) -> FirstLayer:
    """Return the first layer after the step."""
    sigma = activation_moments(setting.activation)
    labels = label_moments(setting.target, sigma.mean)
    step = step_map(sigma, labels, setting.learning_rate_ratio, setting.first_batch_ratio)
    rows = None
    if setting.row_variance and setting.steps:
        rows = row_variance(
            step,
            sigma,
            labels,
            learning_rate_ratio=setting.learning_rate_ratio,
            first_batch_ratio=setting.first_batch_ratio,
            width_ratio=setting.width_ratio,
        )
    return FirstLayer(step, sigma, labels, rows)


def curve(setting: Setting, sample_ratio: Array, ridge: Array, start: Array | None = None) -> Curve:
    """Return the retrained readout at every pair of sample ratio and ridge.

    The outer rule is doubled until the change it makes, squared, is negligible: the trapezoid rule converges
    geometrically, so its error is about the square of that of its every other node.  Large grids are taken
    `MOST_AT_ONCE` points at a time, which bounds the memory.

    Parameters
    ----------
    setting : Setting
    sample_ratio, ridge : array, shape (P,)
    start : array, shape (P, 2), optional
        V1 and V2 to start from.

    Examples
    --------
    >>> setting = Setting(Target.parse("sin(z1)"), Activation.named("tanh"), 3.0, 20.0)
    >>> found = curve(setting, np.array([3.0]), np.array([0.1]))
    >>> round(float(found.readout.test_error[0]), 12), bool(found.digits[0] >= 12)
    (0.032518208015, True)
    """
    if len(ridge) <= MOST_AT_ONCE:
        return _some(setting, sample_ratio, ridge, start)
    cuts = range(MOST_AT_ONCE, len(ridge), MOST_AT_ONCE)
    starts = [None] * (len(cuts) + 1) if start is None else np.split(start, cuts)
    chunks = zip(np.split(sample_ratio, cuts), np.split(ridge, cuts), starts, strict=True)
    parts = [_some(setting, *chunk) for chunk in chunks]
    return Curve(
        _joined([part.readout for part in parts]),
        parts[0].layer,
        np.concatenate([part.digits for part in parts]),
        np.concatenate([part.status for part in parts]),
    )


def _joined(parts: list[Any]) -> Any:
    """Return one record of arrays out of several, its parts joined."""
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    names = [field.name for field in fields(parts[0])]
    return type(parts[0])(**{name: _joined([getattr(part, name) for part in parts]) for name in names})


def _some(setting: Setting, sample_ratio: Array, ridge: Array, start: Array | None) -> Curve:
    """Return the same of as many points as fit in memory."""
    with np.errstate(all="ignore"):
        layer = first_layer(setting)
        points = Points(sample_ratio / setting.width_ratio, ridge)
        plain = IsotropicBulk(layer.step.bulk_scale, setting.width_ratio, layer.rows)
        if not 0 < layer.step.bulk_scale < math.inf:
            return _lost(setting, layer, points)
        nodes = FEWEST_NODES
        while True:
            tables = tabulate(setting, layer.step, nodes)
            readout = retrain(tables, points, plain, setting.target.noise, start)
            error = _SAFETY * readout.change**2
            if not (error > _ACCEPTED).any() or 2 * nodes - 1 > MOST_NODES:
                break
            nodes = 2 * nodes - 1
            start = readout.solution.v
        moments = max(layer.activation.error, layer.labels.error)
        error = np.maximum(error, max(tables.activation.error, tables.link.error, moments))
        if setting.structured and setting.steps:
            start = readout.solution.v
            for nodes, noise_nodes in _BULK_NODES:
                bulk = _structured(setting, layer, nodes, noise_nodes)
                readout = retrain(tables, points, bulk, setting.target.noise, start)
                coarse_bulk = _structured(setting, layer, 2 * nodes // 3, 2 * noise_nodes // 3)
                far = _bulk_error(bulk, coarse_bulk, points, readout)
                if not np.any(far > _BULK_ACCEPTED):
                    break
            error = np.maximum(error, far)
        # What is left of the equations, and their round-off, grows on the way to V1 and V2.
        left = np.maximum(readout.solution.residual, _SAFETY * _ROUND_OFF)
        return _judged(readout, layer, np.maximum(error, left * readout.solution.amplification))


def tabulate(setting: Setting, step: StepMap, nodes: int) -> Tables:
    """Return the functionals of activation and link on an outer rule."""
    k, w = trapezoid(nodes)
    return Tables(
        k,
        w,
        activation_table(setting.activation, k, step.spike_strength, step.bulk_scale),
        link_table(setting.target, k, step.spike_alignment, step.misalignment),
    )


def _structured(setting: Setting, layer: FirstLayer, nodes: int, noise_nodes: int) -> StructuredBulk:
    return StructuredBulk.after(
        layer.step,
        layer.activation,
        setting.target,
        learning_rate_ratio=setting.learning_rate_ratio,
        first_batch_ratio=setting.first_batch_ratio,
        width_ratio=setting.width_ratio,
        rows=layer.rows,
        nodes=nodes,
        noise_nodes=noise_nodes,
    )


def _bulk_error(fine: StructuredBulk, coarse: StructuredBulk, points: Points, readout: Readout) -> Array:
    """Return how far averages and forms at the solution move with fewer nodes in the bulk's quadrature."""
    slope, level = readout.solution.conjugate[:, 0], points.ridge + readout.solution.conjugate[:, 1]
    here, there = fine.averages(level, slope), coarse.averages(level, slope)
    far = np.maximum(abs(there.v1 / here.v1 - 1), abs(there.zero / here.zero - 1))
    one, two = fine.forms(level, slope, here).value, coarse.forms(level, slope, there).value
    size = abs(one).max((1, 2))
    return np.maximum(np.maximum(far, abs(two - one).max((1, 2)) / size), 1e-12)


def _judged(readout: Readout, layer: FirstLayer, error: Array) -> Curve:
    finite = np.isfinite(readout.test_error + readout.train_error)
    error = np.where(finite & np.isfinite(error), error, 1.0)
    converged = readout.solution.status == Status.CONVERGED
    digits = converged * np.maximum(-np.log10(np.maximum(error, _LEAST_ERROR)), 0.0)
    status = readout.solution.status
    doubtful = converged & (digits < FEWEST_DIGITS)
    if doubtful.any():
        status = status.copy()
        status[doubtful] = Status.IMPRECISE
        status[converged & ~finite] = Status.NONFINITE
    return Curve(readout, layer, digits, status)


def _lost(setting: Setting, layer: FirstLayer, points: Points) -> Curve:
    """Return NaN everywhere: the bulk vanished or overflowed."""
    plain = IsotropicBulk(1.0, setting.width_ratio)
    nothing = Points(np.full_like(points.ridge, np.nan), points.ridge)
    readout = retrain(tabulate(setting, NO_STEP, FEWEST_NODES), nothing, plain, setting.target.noise)
    return _judged(readout, layer, np.ones_like(points.ridge))
