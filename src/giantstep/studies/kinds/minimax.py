"""Kind ``minimax``: a game of descent-ascent, with the frozen-kernel flow of its particles beside it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from giantstep.networks.tanh_particles import TanhStart
from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams
from giantstep.studies.words import Number, PointWords, Spell, given, naming
from giantstep.targets.moment_clock import Clock
from giantstep.targets.moment_grid import MomentGrid
from giantstep.targets.moment_problems import InstrumentalVariable, MomentProblem, PolicyEvaluation
from giantstep.targets.moment_solutions import Displaced, HermiteSeries, Solution
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr

_POINTS = 24


class MinimaxWords(PointWords):
    """A problem, two networks and how they play."""

    kind: Literal["minimax"]
    problem: Literal["instrumental-variable", "policy-evaluation"] = "instrumental-variable"
    correlation: Number | None = None
    confounding: Number | None = None
    discount: Number | None = None
    noise: Number | None = None
    orthonormal_pull: list[Number] | None = None
    orthonormal_solution: list[Number] | None = None
    penalty: Number = 0.0
    output_scale: Number
    width: int = 300
    method: Literal["population", "online", "naive"] = "population"
    batch: int = 16
    unpaired: bool = False
    until: Number = 100.0
    step: Number = 0.05
    points: int = _POINTS
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: MinimaxWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.training.minimax.games import read_scales

    found = given(words)
    with naming(spell("problem")):
        problem = read_problem(found)
    with naming(spell("penalty")):
        MomentGrid(problem, float(words.penalty))
    with naming(spell("output_scale")):
        read_scales(float(words.output_scale))
    with naming(spell("width")):
        TanhStart(width=words.width, seeds=1, paired=not words.unpaired)
    with naming(spell("step")):
        _clock(found)
    return found


def read_problem(spec: Spec) -> MomentProblem:
    """Return the problem that a spec spells; a field of the other problem is an error."""
    from giantstep.errors import SpecError

    solution: Solution = Displaced()
    if "orthonormal_pull" in spec and "orthonormal_solution" in spec:
        raise SpecError("found orthonormal_pull and orthonormal_solution, expected one of them.")
    if "orthonormal_pull" in spec:
        solution = Displaced(tuple(spec["orthonormal_pull"]))
    if "orthonormal_solution" in spec:
        solution = HermiteSeries(tuple(spec["orthonormal_solution"]))
    policy = spec.get("problem") == "policy-evaluation"
    other = "confounding" if policy else "discount"
    if other in spec:
        raise SpecError(f"found {other}, which belongs to the other problem.")
    own = ("correlation", "noise", "discount" if policy else "confounding")
    fields = {name: float(spec[name]) for name in own if name in spec}
    return (PolicyEvaluation if policy else InstrumentalVariable)(solution, **fields)


def _clock(spec: Spec) -> Clock:
    points = spec.get("points", _POINTS)
    return Clock(float(spec.get("until", 100.0)), float(spec.get("step", 0.05)), points)


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate's game and the theory beside it."""
    from giantstep.studies.minimax_walk import minimax_walk

    streams, problem = read_streams(spec), read_problem(spec)
    start = TanhStart(
        width=spec.get("width", 300),
        seeds=1,
        seed=streams.seed,
        paired=not spec.get("unpaired", False),
        first=streams.replicate,
        prefix=streams.prefix,
    )
    found = minimax_walk(
        problem,
        output_scale=float(spec["output_scale"]),
        penalty=float(spec.get("penalty", 0.0)),
        method=spec.get("method", "population"),
        clock=_clock(spec),
        start=start,
        batch=spec.get("batch", 16),
    )
    grid = MomentGrid(problem, float(spec.get("penalty", 0.0)))
    found = found.squeeze("output_scale", drop=True).assign_coords(replicate=[streams.replicate])
    naive = problem.naive_limit(grid.rule)
    # From noise, V(0) is not that of f = g = 0.
    found["constant"] = ((), grid.constant if start.paired else math.nan)
    if not start.paired:
        found["unpaired"] = ((), 1.0)
    found["naive_bias"] = ((), float(grid.squared(naive - grid.solution)))
    found.attrs = {
        "engine": found.attrs["method"],
        "movement": found.attrs["movement"],
        "warnings": json.dumps(found.attrs["warnings"]),
    }
    return found


def cost(spec: Spec) -> Cost:
    """Return the cost of one replicate."""
    from giantstep.training.minimax import games

    return games.cost(
        spec.get("method", "population"),
        width=spec.get("width", 300),
        scales=1,
        seeds=1,
        clock=_clock(spec),
        batch=spec.get("batch", 16),
        inputs=len(read_problem(spec).coefficients),
    )


KIND = Kind(words=MinimaxWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
