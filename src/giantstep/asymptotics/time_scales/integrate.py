"""Integrate the reduced flow in log time, and find when each component is learned.

Stiffness grows like 1/eps, so the method is BDF with the analytic Jacobian and log t as its clock (theory
note 50, S6.2 and S6.6). Learning times are events of the solver, not readings off a grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.time_scales.closed_forms import LEARNED
from giantstep.asymptotics.time_scales.reduced_flow import ReducedFlow

Array = NDArray[np.float64]

SMALLEST_RATIO: Final = 1e-18
"""Below this eps rounding of the residuals, divided by eps, drowns the flow."""

_FIRST_TIME = 1e-6
_RTOL = 1e-8
# Squared residuals below this part of their start are rounding; going on is all stiffness and no news.
_SETTLED = 1e-13


class Status(StrEnum):
    """How one flow ended."""

    COMPLETED = "completed"
    UNFINISHED = "unfinished"
    STUCK = "stuck"
    TOO_STIFF = "too_stiff"
    NONFINITE = "nonfinite"


REMEDY: Final = {
    Status.COMPLETED: "",
    Status.UNFINISHED: "some components were not learned in time. Raise until.",
    Status.STUCK: (
        "sigma_1 phi_1 = 0, so overlaps that start at zero stay there and nothing happens after component 0. "
        "Give dimension, for overlaps of size 1/sqrt(d): the escape takes a time that grows with d, "
        "which this theory does not predict."
    ),
    Status.TOO_STIFF: (
        "rounding divided by eps is no longer small, so the flow is not run or broke off. Keep the "
        f"time-scale ratio at or above {SMALLEST_RATIO:g}; below, the closed forms are all there is."
    ),
    Status.NONFINITE: "the flow left the finite numbers. Bring the coefficients nearer to 1.",
}


@dataclass(frozen=True)
class Path:
    """One integrated flow.

    Attributes
    ----------
    times : array, shape (K + 1,)
        Learning times; NaN for components not learned or with nothing to learn.
    states : array, shape (K + 1, 2m)
        (a, s) at those times.
    status : Status
    end, final : float, array
        Where the solver stopped, and the state there.
    start, dense : float, callable
        First time, and the interpolation of the state by log time.
    """

    times: Array
    states: Array
    status: Status
    end: float
    final: Array
    start: float
    dense: Callable[[float], Array] | None

    def at(self, time: float) -> Array:
        """Return (a, s) at a time: the last state once the flow has settled, NaN where it broke off."""
        if self.dense is None or not math.isfinite(time):
            return np.full_like(self.final, np.nan)
        if time > self.end:
            done = self.status in (Status.COMPLETED, Status.STUCK)
            return self.final if done else np.full_like(self.final, np.nan)
        return self.dense(math.log(max(time, self.start)))


def integrate(flow: ReducedFlow, readout: Array, overlaps: Array, until: float) -> Path:
    """Return the flow from t = 1e-6 eps to ``until``, or to where every component that can be has settled.

    Parameters
    ----------
    flow : ReducedFlow
    readout, overlaps : array, shape (m,)
        a(0) and s(0).
    until : float
        Last time, in the unit of the first layer.
    """
    from scipy.integrate import solve_ivp

    start = np.concatenate([readout, overlaps])
    count, ratio = len(flow.sigma), flow.ratio
    initial = flow.residuals(start)
    times, states = np.full(count, np.nan), np.full((count, len(start)), np.nan)
    if ratio < SMALLEST_RATIO:
        return Path(times, states, Status.TOO_STIFF, 0.0, start, 0.0, None)
    stuck = _stuck(flow, overlaps)
    wanted = _learnable(flow, initial, stuck)
    goals = LEARNED * np.append(initial[0] ** 2, flow.phi[1:] ** 2)
    events = [_falls_below(flow, k, goals[k]) for k in range(count)]
    events.append(_settles(flow, wanted, float(np.sum(initial[wanted] ** 2))))
    # Phase 1 starts at s ~ sqrt(eps): an absolute tolerance above that would skip it.
    tolerance = _RTOL * np.repeat([1.0, math.sqrt(ratio)], len(readout))
    with np.errstate(over="ignore", invalid="ignore"):
        solved: Any = solve_ivp(
            flow.rate,
            (math.log(_FIRST_TIME * ratio), math.log(until)),
            start,
            method="BDF",
            jac=flow.jacobian,
            rtol=_RTOL,
            atol=tolerance,
            events=events,
            dense_output=True,
        )
    for k in np.flatnonzero(wanted):
        if len(solved.t_events[k]):
            times[k], states[k] = math.exp(solved.t_events[k][0]), solved.y_events[k][0]
    status = _status(solved, bool(np.isfinite(times[wanted]).all()), stuck)
    begin, end = math.exp(solved.t[0]), math.exp(solved.t[-1])
    return Path(times, states, status, end, solved.y[:, -1], begin, solved.sol)


def flow_seconds(ratio: float, width: int) -> float:
    """Return about how long one flow takes on one core; the factors of the Jacobian are the cost.

    Measured with 64 particles: 0.25 s at eps = 1e-2, 4 s at 1e-18.
    """
    decades = math.log10(1 / ratio) if ratio > 0 else 0.0
    return (0.1 + 0.22 * decades) * max(width / 64, 0.25) ** 2


def _stuck(flow: ReducedFlow, overlaps: Array) -> bool:
    """Whether zero overlaps stay zero: their rate at s = 0 is a sigma_1 phi_1."""
    later = flow.phi[1:].any() and flow.sigma[1:].any()
    return bool(later and not overlaps.any() and not flow.sigma[1] * flow.phi[1])


def _learnable(flow: ReducedFlow, initial: Array, stuck: bool) -> NDArray[np.bool_]:
    """Components that the activation sees and that have something to learn."""
    wanted = (flow.sigma != 0) & (flow.phi != 0)
    wanted[0] = flow.sigma[0] != 0 and initial[0] != 0
    if stuck:
        wanted[1:] = False
    return wanted


def _falls_below(flow: ReducedFlow, k: int, goal: float) -> Callable[[float, Array], float]:
    def event(clock: float, state: Array) -> float:
        return float(flow.residuals(state)[k] ** 2 - goal)

    event.direction = -1.0  # type: ignore[attr-defined]
    return event


def _settles(flow: ReducedFlow, wanted: NDArray[np.bool_], start: float) -> Callable[[float, Array], float]:
    def event(clock: float, state: Array) -> float:
        return float(np.sum(flow.residuals(state)[wanted] ** 2) - _SETTLED * start)

    event.direction = -1.0  # type: ignore[attr-defined]
    event.terminal = True  # type: ignore[attr-defined]
    return event


def _status(solved: Any, learned: bool, stuck: bool) -> Status:
    if not np.isfinite(solved.y[:, -1]).all():
        return Status.NONFINITE
    if stuck:
        return Status.STUCK
    if learned:
        return Status.COMPLETED
    return Status.TOO_STIFF if solved.status < 0 else Status.UNFINISHED
