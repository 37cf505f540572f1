"""`descent_ascent`: what two wide networks do in a linear functional minimax problem."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.minimax.linear_flow import LinearPath, linear_flow, stable_step
from giantstep.errors import instance, real_number
from giantstep.gaussian.tanh_kernel import tanh_kernel
from giantstep.networks.tanh_particles import TanhStart, output_at, tangent_kernel
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import InstrumentalVariable, MomentProblem
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr


def descent_ascent(
    problem: MomentProblem | None = None,
    *,
    penalty: float = 0.0,
    clock: Clock | None = None,
    start: TanhStart | None = None,
    output_scale: float = 1.0,
) -> xr.Dataset:
    """Predict gradient descent-ascent of two mean-field networks at output scale alpha -> infinity.

    min over f, max over g of E[g(Z) (Y - sum_j c_j f(X_j)) - g(Z)^2/2 + (penalty/2) f(X_1)^2], both networks
    (alpha/N) sum_i b_i tanh(w_i x + c_i); as alpha grows their kernels freeze and the flow is linear.

    Parameters
    ----------
    problem : MomentProblem, optional
        By default the `InstrumentalVariable` of theory note 50.
    penalty : float
        lam >= 0.
    clock : Clock, optional
        Step, last time, times written down; by default steps of 0.05 until 400.
    start : TanhStart, optional
        Frozen kernels of these particles, one flow a replicate; None is N = infinity.
    output_scale : float
        Unpaired particles start at f, g of order output_scale / sqrt(N), and the flow with them; paired ones
        and N = infinity start at zero whatever the scale.

    Returns
    -------
    xarray.Dataset
        Over time_point (and replicate, with ``start``): ``primal``, ``dual`` (.., node), ``error``
        |f - f*|^2, ``error_to_saddle``, ``projected_residual`` |T (f - f*)|^2, ``gap``, ``gap_integral`` and
        ``average_gap``,
        ``primal_movement`` and ``dual_movement`` (limits of alpha x W2); ``time``; ``node``. Attributes:
        ``constant`` V(0), with which average_gap <= V(0)/T (None: infinite), ``movement_limit`` sqrt(2 V(0)),
        ``regularisation_bias`` |f_lam - f*|^2, ``naive_bias`` |f_naive - f*|^2, ``warnings``, ``status``.

    Raises
    ------
    SpecError
        For numbers out of range, or a problem that lacks a field.

    References
    ----------
    arXiv 2404.12312; theory note 50, S7.

    Examples
    --------
    >>> found = descent_ascent(clock=Clock(until=10.0, at=(1.0, 10.0)))
    >>> found.gap_integral.values.round(4).tolist(), round(found.attrs["constant"], 4)
    ([0.024, 0.7861], 1.1421)
    >>> round(found.attrs["naive_bias"], 4)
    0.1296
    """
    import xarray as xr

    clock = Clock() if clock is None else clock
    instance("clock", clock, Clock)
    if start is not None:
        instance("start", start, TanhStart)
    real_number("output_scale", output_scale, "a finite number > 0", lambda number: number > 0)
    grid = MomentGrid(InstrumentalVariable() if problem is None else problem, penalty)
    nodes = grid.rule.nodes
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        if start is None:
            kernel = tanh_kernel(nodes, nodes)
            paths = [linear_flow(grid, kernel, kernel, clock)]
            largest = stable_step(grid, kernel, kernel)
        else:
            clouds = [start.draw(replicate) for replicate in range(start.seeds)]
            paths, largest = [], math.inf
            for pair in clouds:
                first = None
                if not start.paired:
                    first = np.stack([output_at(cloud, nodes, output_scale) for cloud in pair])
                kernels = [tangent_kernel(cloud, nodes) for cloud in pair]
                paths.append(linear_flow(grid, kernels[0], kernels[1], clock, first))
                largest = min(largest, stable_step(grid, kernels[0], kernels[1]))
        table = _table(grid, clock, paths)
        dataset = xr.Dataset(
            table,
            {
                "replicate": np.arange(len(paths)),
                "time_point": np.arange(len(clock.recorded)),
                "node": nodes,
            },
        )
        dataset.attrs |= {"engine": "theory", "equations": "theory note 50, S7.3 (arXiv 2404.12312)"}
        warnings = _unstable(clock, largest) + clock.cautions() + cautions(grid)
        dataset.attrs |= facts(grid) | {"warnings": warnings, "width": "infinity"}
        if start is not None:
            dataset.attrs["width"] = start.width
            if not start.paired:
                dataset.attrs["warnings"].append(
                    "the particles are not paired: f and g start at noise, and V(0) is not that of zero."
                )
    return dataset if start is not None else dataset.squeeze("replicate", drop=True)


def _unstable(clock: Clock, largest: float) -> list[str]:
    if clock.step <= largest:
        return []
    return [
        f"step {clock.step:g}: explicit Euler blows up above {largest:.2g}, so these numbers are not the "
        "flow's. Lower the step."
    ]


def facts(grid: MomentGrid) -> dict[str, Any]:
    """Return what is known of a problem before any flow."""
    first, _ = grid.saddle()
    constant = grid.constant
    finite = math.isfinite(constant)
    naive = grid.problem.naive_limit(grid.rule)
    return {
        "problem": grid.problem.name,
        "penalty": grid.penalty,
        "constant": constant if finite else None,
        "movement_limit": math.sqrt(2 * constant) if finite else None,
        "regularisation_bias": float(grid.squared(first - grid.solution)),
        "naive_bias": float(grid.squared(naive - grid.solution)),
    }


def cautions(grid: MomentGrid) -> list[str]:
    """Return what the rate 1/T does not hold for, in sentences.

    >>> from giantstep.targets.moment_solutions import HermiteSeries
    >>> found = cautions(MomentGrid(InstrumentalVariable(HermiteSeries((0.0, 1.0)))))
    >>> found[0].split(":")[0]
    'no finite V(0)'
    """
    if math.isfinite(grid.constant):
        return []
    why = "the solution is outside the space of the networks' kernel"
    if grid.penalty > 0:
        why = "with a penalty the saddle point f_lam is not known to lie in the space of the networks' kernel"
    return [
        f"no finite V(0): {why}, so no known constant bounds T x average gap; the average may decay more "
        "slowly than 1/T."
    ]


def _table(grid: MomentGrid, clock: Clock, paths: list[LinearPath]) -> dict[str, Any]:
    axes = ("replicate", "time_point")
    primal, dual = (np.array([getattr(path, name) for path in paths]) for name in ("primal", "dual"))
    table: dict[str, Any] = {"primal": ((*axes, "node"), primal), "dual": ((*axes, "node"), dual)}
    table |= {name: (axes, values) for name, values in grid.judged(primal, dual).items()}
    for name in ("gap_integral", "primal_movement", "dual_movement"):
        table[name] = (axes, np.array([getattr(path, name) for path in paths]))
    times = clock.times
    average = np.full_like(table["gap_integral"][1], np.nan)
    np.divide(table["gap_integral"][1], times, out=average, where=times > 0)
    table["average_gap"] = (axes, average)
    table["time"] = ("time_point", times)
    broken = ~np.isfinite(primal).all(axis=(1, 2))
    table["status"] = ("replicate", np.where(broken, "nonfinite", "completed"))
    table["message"] = ("replicate", np.where(broken, "the flow diverged: lower the step.", ""))
    return table
