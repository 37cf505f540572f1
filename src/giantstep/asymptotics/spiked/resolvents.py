"""The two equations of the fixed point that are not linear: V1 = <D/S>, V2 = <1/S> (theory note 30, eq. 3).

The map (V1, V2) -> new (V1, V2) is a standard interference function - positive, increasing, and scaling up
less than its argument because the ridge is positive - so the fixed point is unique and plain iteration
reaches it from any positive start.  Newton in log V does so in a few steps; where it has not after
`NEWTON_STEPS`, the plain iteration goes on from the proven start, for as long as the bulk is patient.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, Averages, Bulk
from giantstep.asymptotics.spiked.status import Status

NEWTON_STEPS = 60
TOLERANCE, NEARLY, FORECAST = 1e-12, 1e-8, 1e-15
"""Newton ends with a step in log V below the first; or below the second, if its successor is forecast below
the third - each step is about the square of the one before - or if steps no longer shrink: then the map has
no more digits, as the residual says."""

_LARGEST_STEP = 4.0
_NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Points:
    """Where a fixed point is wanted; one entry a point.

    Attributes
    ----------
    samples_per_neuron : array
        n / p.
    ridge : array
    """

    samples_per_neuron: Array
    ridge: Array

    def at(self, chosen: Array) -> Points:
        """Return some of the points."""
        return Points(self.samples_per_neuron[chosen], self.ridge[chosen])


@dataclass(frozen=True, slots=True)
class Places:
    """Nodes of the outer rule for k ~ N(0, 1), with mu1^2 and mu2^2 there.

    Attributes
    ----------
    squares : array, shape (2, K)
        mu1^2 and mu2sq.
    once : array, shape (K, 2)
        The same times the weights of the rule.
    twice : array, shape (K, 3)
        Products of two of them times the weights: 11, 12, 22.
    """

    squares: Array
    once: Array
    twice: Array

    @classmethod
    def of(cls, weights: Array, slope: Array, rest: Array) -> Places:
        """Return the places of a rule, from mu1 and mu2sq at its nodes."""
        squares = np.array([slope * slope, rest])
        once = weights * squares
        twice = np.array([once[0] * squares[0], once[0] * squares[1], once[1] * squares[1]])
        return cls(squares, once.T, twice.T)


@dataclass(frozen=True, slots=True)
class Resolvents:
    """Solution of the two equations; one entry a point.

    Attributes
    ----------
    v : array, shape (P, 2)
        V1, V2.
    conjugate : array, shape (P, 2)
        V1h, V2h.
    averages : Averages
        Spectral averages at the solution.
    status : array of str, shape (P,)
    residual : array, shape (P,)
        Largest relative change under one more application of the map.
    steps : array of int, shape (P,)
    amplification : array, shape (P,)
        At most this much larger than a relative error of the map is that of V1 and V2.
    """

    v: Array
    conjugate: Array
    averages: Averages
    status: Array
    residual: Array
    steps: Array
    amplification: Array


def solve(places: Places, points: Points, bulk: Bulk, start: Array | None = None) -> Resolvents:
    """Solve for V1 and V2, all points at once.

    Parameters
    ----------
    places, points, bulk
        What the equations are made of.
    start : array, shape (P, 2), optional
        Positive V1, V2 to start from, such as a neighbour's.

    Examples
    --------
    >>> from giantstep.asymptotics.spiked.bulk import IsotropicBulk
    >>> places = Places.of(np.ones(1), np.array([0.7]), np.array([0.1]))
    >>> found = solve(places, Points(np.array([2.0]), np.array([0.1])), IsotropicBulk(1.0, 1.0))
    >>> str(found.status[0]), bool(found.residual[0] < 1e-13)
    ('converged', True)
    """
    count = len(points.ridge)
    with np.errstate(all="ignore"):
        # What V1 and V2 are without any data, from where plain iteration descends.
        proven = np.log(np.array([bulk.scale / points.ridge, 1.0 / points.ridge]).T)
        state = _State(
            x=proven.copy() if start is None else np.log(start),
            steps=np.zeros(count, int),
            status=np.full(count, Status.MAX_STEPS, object),
        )
        alone = count == 1 and state.newton_alone(places, points, bulk)
        left = state.newton(places, points, bulk, np.arange(0 if alone else count))
        if len(left):
            state.x[left] = proven[left]
            near = state.picard(places, points, bulk, left)
            state.newton(places, points, bulk, near)
        v = np.exp(state.x)
        hats, mean = mapped(places, points, bulk, v) if count > 1 else _mapped_alone(places, points, bulk, v)
        residual = abs(np.array([mean.v1, mean.v2]) / v.T - 1).max(0)
        rate = _growth(places, points, mean, v)
    return Resolvents(v, hats, mean, state.status, residual, state.steps, 1.0 / (1.0 - rate))


def mapped(places: Places, points: Points, bulk: Bulk, v: Array) -> tuple[Array, Averages]:
    """Return the conjugates V1h, V2h (P, 2) at V1, V2 and the averages they give: the map of equation (3)."""
    damping = 1.0 / (1.0 + v @ places.squares)
    hats = points.samples_per_neuron[:, None] * (damping @ places.once)
    return hats, bulk.averages(points.ridge + hats[:, 1], hats[:, 0])


def _mapped_alone(places: Places, points: Points, bulk: Bulk, v: Array) -> tuple[Array, Averages]:
    """Return the same of a single point, the averages in plain numbers, which takes half the time."""
    damping = 1.0 / (1.0 + v[0] @ places.squares)
    hats = points.samples_per_neuron * (damping @ places.once)
    first, second = hats.tolist()
    try:
        found = bulk.averages(points.ridge.item() + second, first)
    except (ArithmeticError, ValueError):
        return mapped(places, points, bulk, v)
    values = np.array([[found.v1], [found.v2], [found.two], [found.one], [found.zero]])
    return hats[None], Averages(*values)


def _growth(places: Places, points: Points, mean: Averages, v: Array) -> Array:
    """Return the largest row sum of d log T / d log V: below 1, near 1 by interpolation."""
    damping = 1.0 / (1.0 + v @ places.squares)
    # Both directions at once: the response to growing V1 and V2 alike.
    pull = points.samples_per_neuron[:, None] * ((damping * (1.0 - damping)) @ places.once)
    first = (mean.two * pull[:, 0] + mean.one * pull[:, 1]) / mean.v1
    second = (mean.one * pull[:, 0] + mean.zero * pull[:, 1]) / mean.v2
    return np.maximum(first, second)


def _newton_step(
    places: Places, ratio: Array, ridge: Array, bulk: Bulk, x: Array
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return the gap log T(V) - log V and Newton's step; x is (2,) for one point or (P, 2)."""
    v = np.exp(x)
    damping = 1.0 / (1.0 + v @ places.squares)
    hats, rates, v, x = (damping @ places.once).T, (damping * damping @ places.twice).T, v.T, x.T
    log: Any = np.log
    if x.ndim == 1:
        # Plain numbers are several times faster than NumPy's.
        hats, rates, v, x, log = hats.tolist(), rates.tolist(), v.tolist(), x.tolist(), math.log
    mean = bulk.averages(ridge + ratio * hats[1], ratio * hats[0])
    g1, g2 = log(mean.v1) - x[0], log(mean.v2) - x[1]
    # d log T / d log V: derivatives of averages and of conjugates, both negative.
    r1, r2 = ratio * v[0] / mean.v1, ratio * v[1] / mean.v1
    s1, s2 = ratio * v[0] / mean.v2, ratio * v[1] / mean.v2
    j11 = (mean.two * rates[0] + mean.one * rates[1]) * r1 - 1
    j12 = (mean.two * rates[1] + mean.one * rates[2]) * r2
    j21 = (mean.one * rates[0] + mean.zero * rates[1]) * s1
    j22 = (mean.one * rates[1] + mean.zero * rates[2]) * s2 - 1
    det = j11 * j22 - j12 * j21
    return (g1, g2), ((j12 * g2 - j22 * g1) / det, (j21 * g1 - j11 * g2) / det)


def _settled(size: Any, last: Any) -> Any:
    """Return whether a step ends the iteration, given the one before; numbers or arrays."""
    ends = (size**3 <= FORECAST * last**2) | ((last > 0) & (2 * size >= last))
    return (size <= TOLERANCE) | ((size <= NEARLY) & ends)


@dataclass(slots=True)
class _State:
    """The iterate of every point; every method updates the points it is given."""

    x: Array
    steps: Array
    status: Array

    def newton_alone(self, places: Places, points: Points, bulk: Bulk) -> bool:
        """Iterate on a single point, in plain numbers; return whether that came to an end."""
        ratio, ridge = points.samples_per_neuron.item(), points.ridge.item()
        x: Array = self.x[0]
        last: float = 0.0
        for count in range(NEWTON_STEPS):
            try:
                _, moves = _newton_step(places, ratio, ridge, bulk, x)
            except (ArithmeticError, ValueError):
                return False  # Plain numbers raise where arrays hold inf or NaN.
            size = float(max(map(abs, moves)))
            if not math.isfinite(sum(moves)):
                return False
            x = x + [min(max(move, -_LARGEST_STEP), _LARGEST_STEP) for move in moves]
            if _settled(size, last):
                self.x[0], self.steps[0], self.status[0] = x, count + 1, Status.CONVERGED
                return True
            last = size
        return False

    def newton(self, places: Places, points: Points, bulk: Bulk, active: Array) -> Array:
        """Iterate; return the points that are neither solved nor lost."""
        last: Array = np.zeros(len(self.x))
        for _ in range(NEWTON_STEPS):
            if not len(active):
                break
            some = points.at(active)
            gap, step = _newton_step(places, some.samples_per_neuron, some.ridge, bulk, self.x[active])
            size = np.maximum(abs(step[0]), abs(step[1]))
            lost = ~np.isfinite(size + gap[0] + gap[1])
            moves = np.clip(np.array(step).T, -_LARGEST_STEP, _LARGEST_STEP)
            done = ~lost & _settled(size, last[active])
            last[active] = size
            active = self._advance(active, moves, lost, done)
        return active

    def picard(self, places: Places, points: Points, bulk: Bulk, active: Array) -> Array:
        """Apply the map; return the points near their solution, for Newton to finish."""
        near: list[int] = []
        for _ in range(bulk.patience):
            if not len(active):
                break
            _, mean = mapped(places, points.at(active), bulk, np.exp(self.x[active]))
            gap = np.log(np.array([mean.v1, mean.v2]).T) - self.x[active]
            size = np.abs(gap).max(1)
            near.extend(active[size < _NEAR])
            lost = ~np.isfinite(size)
            still = lost | (size >= _NEAR)
            active = self._advance(active[still], gap[still], lost[still], np.zeros(still.sum(), bool))
        return np.array(sorted(near), dtype=int)

    def _advance(self, active: Array, moves: Array, lost: Array, done: Array) -> Array:
        """Move, record, and return the points that are neither solved nor lost."""
        self.x[active[~lost]] += moves[~lost]
        self.steps[active] += 1
        self.status[active[done]] = Status.CONVERGED
        self.status[active[lost]] = Status.NONFINITE
        return active[~lost & ~done]
