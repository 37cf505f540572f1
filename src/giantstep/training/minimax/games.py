"""`run_games`: descent-ascent of two particle networks at several output scales, labelled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, instance, one_of, real_array, shown, whole_number
from giantstep.networks.tanh_particles import EXACT_TRANSPORT, TanhStart
from giantstep.streams import Role, fingerprint
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import InstrumentalVariable, MomentProblem
from giantstep.threads import one_blas_thread
from giantstep.training.choice import Cost
from giantstep.training.minimax.play import Game, Naive, Online, Population, Source, play

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

METHODS = ("population", "online", "naive")

# Measured on one core: tanh and the products of one input and one particle.
_SECONDS_PER_PAIR, _SECONDS_PER_STEP = 1.2e-8, 1e-4


def run_games(
    problem: MomentProblem | None = None,
    *,
    output_scale: float | Sequence[float],
    penalty: float = 0.0,
    method: str = "population",
    clock: Clock | None = None,
    start: TanhStart | None = None,
    batch: int = 16,
    generators: Sequence[np.random.Generator] | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Simulate gradient descent-ascent of two networks of finite width and output scale.

    Parameters
    ----------
    problem, penalty, clock
        As for `giantstep.asymptotics.descent_ascent`.
    output_scale : float or sequence of float
        alpha; replicates start from the same particles at every scale.
    method : {"population", "online", "naive"}
        Steps that see the law of the data; fresh batches; or fresh batches of plain least squares, which
        ignores the instrument and is biased.
    start : TanhStart, optional
        Particles; by default 300 in each network, 3 replicates.
    batch : int
        Fresh samples of a step, for the last two.
    generators : sequence of Generator, optional
        One a replicate to draw the samples from, instead of the house's streams.
    on_progress : callable
        Called with 1 after every game.

    Returns
    -------
    xarray.Dataset
        Over output_scale, replicate, time_point: what `descent_ascent` predicts, under the same names, with
        ``primal_movement``, ``dual_movement`` = W2 of the particles from their start (attribute ``movement``
        says whether exact or an upper bound), ``*_coupling`` that bound, ``*_movement_sup`` the running
        maximum over recorded times. ``status`` and ``message`` a game.

    Raises
    ------
    SpecError
        For numbers or words out of range.

    Examples
    --------
    >>> data = run_games(output_scale=[1.0, 64.0], start=TanhStart(width=20, seeds=1), clock=Clock(until=2.0))
    >>> data.error.dims, data.attrs["movement"]
    (('output_scale', 'replicate', 'time_point'), 'exact')
    """
    clock = Clock() if clock is None else clock
    start = TanhStart() if start is None else start
    instance("clock", clock, Clock)
    instance("start", start, TanhStart)
    grid = MomentGrid(InstrumentalVariable() if problem is None else problem, penalty)
    scales = read_scales(output_scale)
    check_method(method)
    batch = whole_number("batch", batch, 1, 10**6)
    if generators is not None:
        _check_generators(generators, start.seeds, len(scales))
    games: list[list[Game]] = []
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        for scale in scales:
            row = []
            for replicate in range(start.seeds):
                if generators is not None:
                    generator = generators[replicate]
                else:
                    generator = start.streams(replicate).generator(Role.BATCH)
                source = _source(method, grid, generator, batch)
                row.append(play(grid, source, start.draw(replicate), float(scale), clock))
                on_progress(1)
            games.append(row)
        dataset = _labelled(grid, clock, scales, games)
    dataset.attrs |= {
        "engine": "particles",
        "problem": grid.problem.name,
        "method": method,
        "penalty": grid.penalty,
        "width": start.width,
        "step": clock.step,
        "movement": "exact" if start.width <= EXACT_TRANSPORT else "upper bound (trajectory coupling)",
        "warnings": clock.cautions() + cautions(start, scales),
        "seed": str(start.seed),
        "fingerprint": fingerprint(),
    }
    return dataset


def check_method(method: str) -> None:
    """Raise `SpecError` unless it is one of the methods."""
    one_of("method", method, METHODS)


def read_scales(values: float | Sequence[float]) -> Array:
    """Return output scales as an array of distinct positive numbers."""
    words = "distinct finite numbers > 0"
    scales = np.atleast_1d(real_array("output_scale", values, words))
    good = scales.ndim == 1 and len(scales) and np.all(scales > 0)
    if not good or len(set(scales.tolist())) < len(scales):
        raise SpecError(f"output_scale: found {shown(values)}, expected {words}.")
    return scales


def _check_generators(generators: Any, seeds: int, scales: int) -> None:
    listed = isinstance(generators, Sequence) and all(isinstance(g, np.random.Generator) for g in generators)
    if not listed or len(generators) != seeds or scales > 1:
        raise SpecError(
            f"generators: found {shown(generators)}, expected {seeds}, one a replicate, at one output_scale."
        )


def cautions(start: TanhStart, scales: Array) -> list[str]:
    """Return what the start does to the numbers, in sentences."""
    found = []
    if not start.paired:
        found.append(
            f"the particles are not paired: f and g start at noise of size alpha / sqrt(N) = "
            f"{float(scales.max()) / math.sqrt(start.width):.3g}, not at zero. Use paired, or N >> alpha^2."
        )
    if start.width < 1000:
        found.append(
            f"width {start.width}: the solution is outside the space of a finite network's kernel, so the "
            "integral of the gap may pass V(0) (at N = 300 by up to 20 %), and the error has a floor."
        )
    return found


def cost(method: str, *, width: int, scales: int, seeds: int, clock: Clock, batch: int, inputs: int) -> Cost:
    """Return seconds on one thread and bytes of `run_games`; `SpecError` for a method that is none."""
    check_method(method)
    places = 80 if method == "population" else batch * (inputs + 1)
    steps = clock.count * (_SECONDS_PER_STEP + _SECONDS_PER_PAIR * places * width)
    records = len(clock.recorded) * 2 * 5e-8 * min(width, EXACT_TRANSPORT) ** 2.3
    return Cost(scales * seeds * (steps + records), 64 * width * places + 2.0**26)


def _source(method: str, grid: MomentGrid, generator: np.random.Generator, batch: int) -> Source:
    if method == "population":
        return Population(grid)
    return (Naive if method == "naive" else Online)(grid, generator, batch)


def _labelled(grid: MomentGrid, clock: Clock, scales: Array, games: list[list[Game]]) -> xr.Dataset:
    import xarray as xr

    axes = ("output_scale", "replicate", "time_point")
    names = ("gap_integral", "primal_movement", "dual_movement", "primal_coupling", "dual_coupling")
    columns = {
        name: np.array([[getattr(game, name) for game in row] for row in games])
        for name in ("primal", "dual", *names)
    }
    table: dict[str, Any] = {name: ((*axes, "node"), columns[name]) for name in ("primal", "dual")}
    table |= {
        name: (axes, values) for name, values in grid.judged(columns["primal"], columns["dual"]).items()
    }
    table |= {name: (axes, columns[name]) for name in names}
    times = clock.times
    average = np.full_like(columns["gap_integral"], np.nan)
    np.divide(columns["gap_integral"], times, out=average, where=times > 0)
    table["average_gap"] = (axes, average)
    for name in ("primal", "dual"):
        # At lam = 0 the dual comes back to 0: the last distance is not the largest.
        table[f"{name}_movement_sup"] = (axes, np.maximum.accumulate(columns[f"{name}_movement"], axis=-1))
    finite = np.array([[game.finite for game in row] for row in games])
    words = "the particles diverged: lower the step, or raise the batch."
    table["status"] = (axes[:2], np.where(finite, "completed", "nonfinite"))
    table["message"] = (axes[:2], np.where(finite, "", words))
    table["time"] = ("time_point", times)
    coordinates = {
        "output_scale": scales,
        "replicate": np.arange(len(games[0])),
        "time_point": np.arange(len(times)),
        "node": grid.rule.nodes,
    }
    return xr.Dataset(table, coordinates)
