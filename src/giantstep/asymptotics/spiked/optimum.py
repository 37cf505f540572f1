"""The best ridge and the best step, and how the test error changes around them (theory note 30, section 4).

Derivatives are central differences of sixth order in the logarithms: the solver's 13 digits leave them 10,
for every activation and both theories, where a complex step would not pass through kinks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array
from giantstep.asymptotics.spiked.curve import Setting, curve
from giantstep.asymptotics.spiked.status import Status

AT_BOUND: Final = "at_bound"
RIDGE_RANGE = (1e-6, 1e3)
STEP_RANGE = (1e-2, 1e2)

_STENCIL = 0.01
_OFFSETS = np.arange(-3, 4)
_FIRST = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
_SECOND = np.array([2, -27, 270, -490, 270, -27, 2]) / 180
_RIDGES, _STEPS = 46, 25
_MOST_NEWTON, _LARGEST_MOVE = 40, 0.5
_FLAT = 1e-8


@dataclass(frozen=True, slots=True)
class Optimum:
    """A ridge and a step, what they give, and derivatives there.

    Attributes
    ----------
    ridge, learning_rate_ratio : float
    test_error : float
    by_ridge, by_learning_rate : float
        Derivatives of the test error; NaN for a learning rate of 0.
    status : str
        converged, at_bound (no minimum inside the range), max_steps or nonfinite.
    """

    ridge: float
    learning_rate_ratio: float
    test_error: float
    by_ridge: float
    by_learning_rate: float
    status: str


def derivatives(setting: Setting, sample_ratio: float, ridge: float) -> tuple[float, float]:
    """Return the derivatives of the test error in the ridge and in the learning rate ratio.

    >>> from giantstep import Activation, Target
    >>> setting = Setting(Target.parse("sin(z1)"), Activation.named("tanh"), 3.0, 8.0, 1.3)
    >>> [round(rate, 8) for rate in derivatives(setting, 2.0, 0.1)]
    [0.00281155, -0.00900253]
    """
    surface = _Surface(setting, sample_ratio)
    x, eta = math.log(ridge), setting.learning_rate_ratio
    by_ridge = float(_FIRST @ surface.ridges(x + _STENCIL * _OFFSETS, eta)) / (_STENCIL * ridge)
    if eta == 0:
        return by_ridge, math.nan
    values = [surface(x, math.log(eta) + offset) for offset in _STENCIL * _OFFSETS]
    return by_ridge, float(_FIRST @ values) / (_STENCIL * eta)


def best(
    setting: Setting, sample_ratio: float, *, ridge: float | None = None, best_step: bool = False
) -> Optimum:
    """Return the ridge, and if wanted the step, of least test error.

    Parameters
    ----------
    setting : Setting
        Its learning rate ratio is kept unless ``best_step``.
    sample_ratio : float
    ridge : float, optional
        Kept when given.
    best_step : bool

    Notes
    -----
    A grid over `RIDGE_RANGE` and `STEP_RANGE`, by the isotropic theory, finds the valley; Newton's method in
    the logarithms its floor.

    Examples
    --------
    >>> from giantstep import Activation, Target
    >>> setting = Setting(Target.parse("sin(z1)"), Activation.named("tanh"), 3.0, 8.0, 1.3)
    >>> found = best(setting, 2.0, best_step=True)
    >>> round(found.ridge, 5), round(found.learning_rate_ratio, 4), round(found.test_error, 7)
    (0.07879, 4.0709, 0.0428751)
    """
    surface = _Surface(setting, sample_ratio)
    free = (ridge is None, best_step)
    x, inside = _valley(replace(surface, setting=replace(setting, structured=False)), ridge, best_step)
    status = Status.CONVERGED.value if inside else AT_BOUND
    if inside and any(free):
        x, status = _descend(surface, x, free)
    eta = math.exp(x[1]) if best_step else setting.learning_rate_ratio
    found = replace(setting, learning_rate_ratio=eta)
    chosen = math.exp(x[0]) if ridge is None else ridge
    error = float(curve(found, np.array([sample_ratio]), np.array([chosen])).readout.test_error[0])
    return Optimum(chosen, eta, error, *derivatives(found, sample_ratio, chosen), status)


@dataclass(frozen=True, slots=True)
class _Surface:
    """Test error over log ridge and log learning rate ratio."""

    setting: Setting
    sample_ratio: float

    def ridges(self, x: Array, eta: float) -> Array:
        """Return the test error at many ridges of one step."""
        setting = replace(self.setting, learning_rate_ratio=eta)
        ridge = np.exp(np.asarray(x, float))
        return curve(setting, np.full_like(ridge, self.sample_ratio), ridge).readout.test_error

    def __call__(self, x: float, log_eta: float) -> float:
        return float(self.ridges(np.array([x]), math.exp(log_eta))[0])


def _valley(surface: _Surface, ridge: float | None, best_step: bool) -> tuple[Array, bool]:
    """Return the best node of a grid in (log ridge, log step), and whether it is inside the grid."""
    rows = np.log(np.geomspace(*RIDGE_RANGE, _RIDGES)) if ridge is None else np.log([ridge])
    eta = surface.setting.learning_rate_ratio
    columns = np.log(np.geomspace(*STEP_RANGE, _STEPS)) if best_step else np.log([eta or 1.0])
    rates = np.exp(columns) if best_step else [eta]
    values = np.array([surface.ridges(rows, float(rate)) for rate in rates])
    values = np.where(np.isfinite(values), values, np.inf)
    column, row = np.unravel_index(values.argmin(), values.shape)
    inside = len(rows) == 1 or 0 < row < len(rows) - 1
    inside = inside and (len(columns) == 1 or 0 < column < len(columns) - 1)
    return np.array([rows[row], columns[column]]), bool(inside)


def _descend(surface: _Surface, x: Array, free: tuple[bool, bool]) -> tuple[Array, str]:
    """Newton's method with steps of at most `_LARGEST_MOVE`, downhill where the surface is not convex."""
    chosen = np.flatnonzero(free)
    eta = surface.setting.learning_rate_ratio
    lines: list[Callable[[Array], Array]] = [
        lambda offsets: surface.ridges(x[0] + offsets, math.exp(x[1]) if free[1] else eta),
        lambda offsets: np.array([surface(x[0], x[1] + offset) for offset in offsets]),
    ]
    for _ in range(_MOST_NEWTON):
        gradient, hessian, size = np.zeros(2), np.eye(2), 1.0
        for axis in chosen:
            values = lines[axis](_STENCIL * _OFFSETS)
            gradient[axis] = float(_FIRST @ values) / _STENCIL
            hessian[axis, axis] = float(_SECOND @ values) / _STENCIL**2
            size = float(values[3])
        if len(chosen) == 2:
            signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
            corners = [a * b * surface(x[0] + a * _STENCIL, x[1] + b * _STENCIL) for a, b in signs]
            hessian[0, 1] = hessian[1, 0] = sum(corners) / (4 * _STENCIL**2)
        if not np.isfinite(gradient).all() or not np.isfinite(hessian).all():
            return x, Status.NONFINITE.value
        values, vectors = np.linalg.eigh(hessian)
        floor = max(1e-6 * size, 1e-300)
        move = -vectors @ ((vectors.T @ gradient) / np.maximum(abs(values), floor))
        move *= np.array(free, float)
        move *= min(1.0, _LARGEST_MOVE / max(abs(move).max(), 1e-300))
        x = x + move
        if abs(move).max() < _FLAT:
            return x, Status.CONVERGED.value
    return x, Status.MAX_STEPS.value
