"""One game of descent-ascent between two particle networks, with a source of pulls that decides its kind.

    th_i <- th_i + (eta/alpha) sum_n r_n grad phi(x_n; th_i)
    om_i <- om_i + (eta/alpha) sum_n q_n grad phi(z_n; om_i)

This is the plain gradient times N/alpha^2: without that factor the time of the flow would change with alpha
and hide the law (theory note 50, S7.2 and S7.6). Both networks move together from their old values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from giantstep.networks.tanh_particles import Forward, forward, output, push
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import Sample
from giantstep.training.minimax.transport import coupling, movement

Array = NDArray[np.float64]


class Pull(NamedTuple):
    """Weights r_n at places of the primal and q_n at places of the dual; None leaves the dual alone."""

    primal: Array
    dual: Array | None


class Source(Protocol):
    """Where the pulls of a step come from."""

    def places(self) -> tuple[Array, Array]:
        """Return the inputs of f (n,) and of g (n',) of the next step."""

    def pull(self, primal: Array, dual: Array) -> Pull:
        """Return the weights, given f and g at those inputs."""


@dataclass(frozen=True, eq=False)
class Population:
    """Every step sees the law of the data: quadrature nodes and the operator T."""

    grid: MomentGrid

    def places(self) -> tuple[Array, Array]:
        """Return the nodes, twice."""
        return self.grid.rule.nodes, self.grid.rule.nodes

    def pull(self, primal: Array, dual: Array) -> Pull:
        """Return the slopes of L, weighted by the rule."""
        first, second = self.grid.pulls(primal, dual)
        return Pull(self.grid.rule.weights * first, self.grid.rule.weights * second)


class Online:
    """Every step sees fresh samples once."""

    def __init__(self, grid: MomentGrid, generator: np.random.Generator, batch: int) -> None:
        self.grid, self.batch = grid, batch
        self.coefficients = np.array(grid.problem.coefficients)[:, None]
        self._samples = _stream(grid, generator, batch)
        self._now: Sample | None = None

    def places(self) -> tuple[Array, Array]:
        """Draw a batch; f is wanted at all its inputs, g at its instruments."""
        self._now = next(self._samples)
        return self._now.inputs.ravel(), self._now.instruments

    def residual(self, primal: Array) -> tuple[Array, Array, Sample]:
        """Return f at the inputs (J, n), Y - sum_j c_j f(X_j), and the batch."""
        assert self._now is not None
        values = primal.reshape(self._now.inputs.shape)
        return values, self._now.labels - np.sum(self.coefficients * values, axis=0), self._now

    def pull(self, primal: Array, dual: Array) -> Pull:
        """Return the slopes of L on the batch."""
        values, residual, _ = self.residual(primal)
        weights = self.coefficients * dual
        weights[0] -= self.grid.penalty * values[0]
        return Pull(weights.ravel() / self.batch, (residual - dual) / self.batch)


class Naive(Online):
    """The same network, ignoring the instrument: online least squares of Y on sum_j c_j f(X_j)."""

    def pull(self, primal: Array, dual: Array) -> Pull:
        """Return the slope of half the squared residual; the dual rests."""
        _, residual, _ = self.residual(primal)
        return Pull((self.coefficients * residual).ravel() / self.batch, None)


def _stream(grid: MomentGrid, generator: np.random.Generator, batch: int) -> Iterator[Sample]:
    while True:
        yield grid.problem.sample(generator, batch)


@dataclass(frozen=True)
class Game:
    """The recorded states of one game.

    Attributes
    ----------
    finite : bool
        False where the particles diverged; what follows is NaN.
    primal, dual : array, shape (times, nodes)
        f and g at the quadrature nodes.
    gap_integral : array, shape (times,)
        Left Riemann sum over all steps; NaN for online games, where no step sees the whole law.
    primal_movement, dual_movement, primal_coupling, dual_coupling : array, shape (times,)
        W2 of each network's particles from their start, and its upper bound.
    """

    finite: bool
    primal: Array
    dual: Array
    gap_integral: Array
    primal_movement: Array
    dual_movement: Array
    primal_coupling: Array
    dual_coupling: Array


def play(grid: MomentGrid, source: Source, start: tuple[Array, Array], scale: float, clock: Clock) -> Game:
    """Return the game from two clouds of particles (3, N), up to the clock's end or to infinity."""
    clouds = [start[0].copy(), start[1].copy()]
    saddle, nodes = grid.saddle(), grid.rule.nodes
    absurd = grid.absurd
    population = isinstance(source, Population)
    total, rows = (0.0 if population else np.nan), []
    recorded = set(clock.recorded.tolist())
    rate = clock.step / scale
    finite = True
    for number in range(clock.count + 1):
        passes: list[Forward] = [
            forward(cloud, places) for cloud, places in zip(clouds, source.places(), strict=True)
        ]
        values = [output(cloud, one, scale) for cloud, one in zip(clouds, passes, strict=True)]
        finite = all(bool(np.all(np.abs(value) < absurd)) for value in values)
        if not finite:
            break
        if number in recorded:
            rows.append(_row(clouds, start, nodes, scale, total))
        if population:
            gap = grid.penalty * grid.squared(values[0] - saddle[0]) + grid.squared(values[1] - saddle[1])
            total += clock.step * float(gap)
        pull = source.pull(*values)
        steps = [
            push(cloud, one, weights) if weights is not None else None
            for cloud, one, weights in zip(clouds, passes, pull, strict=True)
        ]
        for cloud, step in zip(clouds, steps, strict=True):
            if step is not None:
                cloud += rate * step
    missing = len(clock.recorded) - len(rows)
    blank = np.full(len(nodes), np.nan)
    rows += [(blank, blank, *[np.nan] * 5)] * missing
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Game(finite, *columns)


def _row(
    clouds: list[Array], start: tuple[Array, Array], nodes: Array, scale: float, total: float
) -> tuple[Any, ...]:
    values = [output(cloud, forward(cloud, nodes), scale) for cloud in clouds]
    pairs = list(zip(clouds, start, strict=True))
    return (*values, total, *(movement(*pair) for pair in pairs), *(coupling(*pair) for pair in pairs))
