"""The first steps without sampling: closed forms and quadrature, as far as they reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.first_step import first_step, has_closed_form
from giantstep.asymptotics.label_quadrature import COARSE, FINE, has_quadrature, quadrature_step
from giantstep.asymptotics.schedule import Problem
from giantstep.networks.order_parameters import OrderParameters

TOLERANCE = 1e-5
"""A step whose quadrature may be off by more, relative to the largest squared norm, is left to sampling."""


@dataclass(frozen=True, slots=True)
class Known:
    """Order parameters, and what a coarser quadrature says of them: the difference is the error."""

    state: OrderParameters
    coarse: OrderParameters


def without_sampling(problem: Problem, initial: OrderParameters, limit: bool) -> list[Known]:
    """Return the start and the steps after it that need no sampling.

    Parameters
    ----------
    limit : bool
        Whether the start is the limit's own (M = 0, orthonormal rows), as the closed form of step 1 needs.
    """
    known = [Known(initial, initial)]
    for run in problem.runs:
        step, before = run[0], known[-1]
        if len(run) > 1 or not before.state.finite:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            if limit and has_closed_form(problem, step):
                state = first_step(problem, step)
                after = Known(state, state)
            elif has_quadrature(problem, step):
                after = Known(
                    quadrature_step(problem, step, before.state, FINE),
                    quadrature_step(problem, step, before.coarse, COARSE),
                )
            else:
                break
            error = np.abs(after.state.self_overlaps - after.coarse.self_overlaps).max()
            if not error <= TOLERANCE * np.abs(after.state.self_overlaps).max():
                break
        known.append(after)
    return known
