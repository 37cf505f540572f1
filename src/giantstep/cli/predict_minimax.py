"""`giantstep predict minimax`: descent-ascent of two wide networks, and games of finite ones if asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.neighbour_words import check_simulated, read_problem
from giantstep.cli.options import (
    ANSWER,
    Answer,
    Count,
    Number,
    NumberList,
    OptionalCount,
    OptionalList,
    OptionalNumber,
    Text,
    number,
    numbers,
    replicate_count,
    seed_number,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.targets.moment_clock import Clock
    from giantstep.targets.moment_problems import MomentProblem

SHOWN = ("error", "error_to_saddle", "projected_residual", "average_gap", "gap_integral")
MOVED = ("primal_movement", "dual_movement")

# Measured: two products of 40 x 40 and their bookkeeping.
_SECONDS_PER_STEP = 5e-5


def minimax(
    problem: Text = "instrumental-variable",
    /,
    *,
    penalty: Number = "0",
    correlation: Number = "0.8",
    confounding: OptionalNumber = None,
    discount: OptionalNumber = None,
    noise: Number = "0.04",
    orthonormal_pull: OptionalList = None,
    orthonormal_solution: OptionalList = None,
    until: Number = "100",
    step: Number = "0.05",
    at: OptionalList = None,
    simulate: OptionalCount = None,
    output_scale: NumberList = "1,4,16",
    width: Count = "300",
    method: Text = "population",
    batch: Count = "16",
    unpaired: bool = False,
    seed: Count = "0",
    answer: Answer = ANSWER,
) -> int:
    """Predict descent-ascent of two wide networks in a linear conditional-moment problem.

    Parameters
    ----------
    problem
        instrumental-variable or policy-evaluation. [default: instrumental-variable]
    penalty
        Of f^2/2, which makes the problem strongly convex. [default: 0]
    correlation
        Of input with instrument, or of a state with the next. [default: 0.8]
    confounding
        Of the instrumental-variable problem. [default: 0.6]
    discount
        Of policy-evaluation. [default: 0.9]
    noise
        Variance of the independent part of the error. [default: 0.04]
    orthonormal_pull
        The solution is the kernel applied to this Hermite series (He_k/sqrt(k!)). [default: 0,1,4,-3]
    orthonormal_solution
        Or a polynomial of these coefficients; no finite constant then bounds the gap.
    until
        Last time. [default: 100]
    step
        Step of the algorithm. [default: 0.05]
    at
        Times shown; by default a log-spaced few.
    simulate
        Play games of finite networks with this many seeds beside it.
    output_scale
        alpha of the games, one or a comma list. [default: 1,4,16]
    width
        Particles of each network. [default: 300]
    method
        population, online, or naive (least squares that ignores the instrument). [default: population]
    batch
        Fresh samples of a step, online and naive. [default: 16]
    unpaired
        Start at noise of size alpha/sqrt(width) instead of zero.
    seed
        Root seed of the games. [default: 0]
    """
    from giantstep import asymptotics
    from giantstep.cli.console import afford, print_json
    from giantstep.targets.moment_clock import Clock

    game = read_problem(
        problem,
        correlation=correlation,
        confounding=confounding,
        discount=discount,
        noise=noise,
        orthonormal_pull=orthonormal_pull,
        orthonormal_solution=orthonormal_solution,
    )
    check_simulated(simulate, method=method != "population", batch=batch != "16", unpaired=unpaired)
    times = () if at is None else tuple(numbers(at, "at"))
    clock = Clock(number(until, "until"), number(step, "step"), 8, times)
    lam = number(penalty, "penalty")
    afford(_SECONDS_PER_STEP * clock.count, 2.0**26, yes=answer.yes, what="predict minimax")
    theory = asymptotics.descent_ascent(game, penalty=lam, clock=clock)
    document = _document(theory, clock)
    if simulate is not None:
        document["simulation"] = _simulate(
            game, lam, clock, simulate, output_scale, width, method, batch, unpaired, seed, answer.yes
        )
    if answer.json:
        print_json(document)
    else:
        _print(document)
    ended = [document["status"], *document.get("simulation", {}).get("status", [])]
    return int("nonfinite" in ended)


def _simulate(
    game: MomentProblem,
    penalty: float,
    clock: Clock,
    seeds: str,
    output_scale: str,
    width: str,
    method: str,
    batch: str,
    unpaired: bool,
    seed: str,
    yes: bool,
) -> dict[str, Any]:
    from giantstep.cli.console import afford, progress
    from giantstep.networks.tanh_particles import TanhStart
    from giantstep.studies.minimax_walk import minimax_walk
    from giantstep.training.minimax.games import cost, read_scales

    start = TanhStart(whole(width, "width"), replicate_count(seeds), seed_number(seed), not unpaired)
    scales = read_scales(numbers(output_scale, "output_scale"))
    count = whole(batch, "batch")
    price = cost(
        method,
        width=start.width,
        scales=len(scales),
        seeds=start.seeds,
        clock=clock,
        batch=count,
        inputs=len(game.coefficients),
    )
    afford(price.seconds, price.memory, yes=yes, what="predict minimax --simulate")
    with progress("playing", len(scales) * start.seeds) as advance:
        data = minimax_walk(
            game,
            output_scale=scales.tolist(),
            penalty=penalty,
            method=method,
            clock=clock,
            start=start,
            batch=count,
            on_progress=advance,
        )
    return _played(data)


def _document(theory: xr.Dataset, clock: Clock) -> dict[str, Any]:
    """Return the contract's document."""
    from giantstep.cli.console import finite

    points: list[dict[str, Any]] = [
        {"time": finite(time)} | {name: finite(theory[name][place]) for name in (*SHOWN, *MOVED)}
        for place, time in enumerate(theory["time"].values)
    ]
    facts = ("problem", "penalty", "constant", "movement_limit", "regularisation_bias", "naive_bias")
    return {name: theory.attrs[name] for name in facts} | {
        "step": clock.step,
        "warnings": theory.attrs["warnings"],
        "status": str(theory["status"].values),
        "message": str(theory["message"].values),
        "points": points,
    }


def _played(data: xr.Dataset) -> dict[str, Any]:
    """Return means and standard errors over seeds, by output scale and time."""
    from giantstep.cli.console import finite
    from giantstep.significance import means_and_errors

    seeds = data.sizes["replicate"]
    names = (*SHOWN, *MOVED, *(f"{name}_sup" for name in MOVED), "frozen_distance")
    scales = []
    for scale in data["output_scale"].values:
        points, at_scale = [], data.sel(output_scale=scale)
        for place, time in enumerate(data["time"].values):
            point: dict[str, Any] = {"time": float(time)}
            for name in names:
                mean, error = means_and_errors(at_scale[name].isel(time_point=place).values)
                point[name], point[f"{name}_se"] = finite(mean), finite(error)
            points.append(point)
        scales.append({"output_scale": float(scale), "points": points})
    return {
        "method": data.attrs["method"],
        "width": data.attrs["width"],
        "seeds": seeds,
        "movement": data.attrs["movement"],
        "warnings": [line for line in data.attrs["warnings"] if not line.startswith("step")],
        "status": sorted({str(word) for word in data["status"].values.ravel()}),
        "messages": sorted({str(word) for word in data["message"].values.ravel()} - {""}),
        "scales": scales,
    }


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import plural, stdout, written

    console = stdout()
    console.print(Words.assemble((document["problem"], "bold"), f"   penalty {document['penalty']:g}"))
    bound = "No known V(0) bounds T x average gap"
    if document["constant"] is not None:
        limit = written(document["movement_limit"])
        bound = f"V(0) {written(document['constant'])} bounds T x average gap; alpha x W2 tends to {limit}"
    bias = f"naive {document['naive_bias']:.4g}, of the penalty {document['regularisation_bias']:.3g}"
    console.print(Words(f"{bound}; bias: {bias}"))
    console.print()
    console.print(Words("output scale -> infinity, width -> infinity", style="bold"))
    console.print(_table(document["points"], "alpha x W2", 1.0))
    played = document.get("simulation", {})
    for row in played.get("scales", []):
        title = f"alpha = {row['output_scale']:g}, width {played['width']}, {played['method']}"
        seeds = plural(played["seeds"], "seed")
        console.print(Words(f"{title}, {seeds}; W2 {played['movement']}", style="bold"))
        console.print(_table(row["points"], "alpha x W2", row["output_scale"]))
    notes = [*document["warnings"], document["message"]]
    for sentence in [*notes, *played.get("warnings", []), *played.get("messages", [])]:
        if sentence:
            console.print(Words(sentence, style="bold"))


def _table(points: list[dict[str, Any]], moved: str, scale: float) -> Any:

    from giantstep.cli.console import empty_table, measured, written

    table = empty_table()
    played = "frozen_distance" in points[0]
    for title in ("time", "|f - f*|^2", "residual", "T x average gap", moved):
        table.add_column(title, justify="right")
    if played:
        table.add_column("from frozen flow", justify="right")
    for point in points:
        movement = point["primal_movement"]
        row = [
            f"{point['time']:.4g}",
            measured(point["error"], point.get("error_se")),
            written(point["projected_residual"]),
            measured(point["gap_integral"], point.get("gap_integral_se")),
            "-" if movement is None else f"{scale * movement:.4g}",
        ]
        table.add_row(*row, *([written(point["frozen_distance"])] if played else []))
    return table
