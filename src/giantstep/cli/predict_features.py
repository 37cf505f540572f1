"""`giantstep predict features`: the exact learning curve after one giant step, and a simulation if asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    Answer,
    Count,
    Draws,
    NamedTarget,
    Number,
    NumberList,
    Optional,
    OptionalCount,
    OptionalNumber,
    Text,
    number,
    numbers,
    read_target,
    replicate_count,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.studies.learning_walk import LearningWalk

OVERLAPS = ("m", "theta", "psi", "chi", "q1", "q2", "v1", "v2")
LOSSES_OF_LABELS = ("test_loss", "train_loss", "classification_error")


def features(
    *,
    target: NamedTarget,
    activation: Text = "relu",
    learning_rate_ratio: Number = "1",
    first_batch_ratio: Number = "4",
    ridge: Number = "0.1",
    width_ratio: Number = "1",
    sample_ratio: NumberList = "0.5,1,2,4",
    theory: Optional = None,
    loss: Text = "square",
    noise: OptionalNumber = None,
    simulate: OptionalCount = None,
    dimension: Count = "1000",
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Predict the error of the readout retrained after one giant step, exactly in high dimension.

    Parameters
    ----------
    target
        A function of z1 such as "sin(z1)", or a name of the catalog.
    activation
        relu, tanh, erf, sigmoid, gelu, softplus, sin, identity, "He1+0.5*He2", .. [default: relu]
    learning_rate_ratio
        The step: learning rate / width, from a readout of 1/sqrt(p); 0 is random features. [default: 1]
    first_batch_ratio
        Samples of the step / d. [default: 4]
    ridge
        Penalty of the retrained readout. [default: 0.1]
    width_ratio
        Width / d. [default: 1]
    sample_ratio
        Samples of the readout / d, one or a comma list. [default: 0.5,1,2,4]
    theory
        isotropic (published) or structured. [default: structured, where it is derived]
    loss
        square, logistic or hinge (these for sign(z1)). [default: square]
    noise
        Variance of the label noise; by default the catalog's, else 0.
    simulate
        Simulate the same with this many seeds, and lay both theories beside it.
    dimension
        Input dimension of the simulation. [default: 1000]
    """
    from giantstep import asymptotics
    from giantstep.cli.console import print_json
    from giantstep.networks import Activation

    problem = read_target(target, noise)
    settings: dict[str, Any] = {
        "learning_rate_ratio": number(learning_rate_ratio, "learning_rate_ratio"),
        "first_batch_ratio": number(first_batch_ratio, "first_batch_ratio"),
        "ridge": number(ridge, "ridge"),
        "width_ratio": number(width_ratio, "width_ratio"),
    }
    ratios = numbers(sample_ratio, "sample_ratio")
    sigma = Activation.named(activation)
    predicted = asymptotics.features(
        problem, sigma, sample_ratio=ratios, theory=theory, loss=loss, **settings
    )
    walked = None
    if simulate is not None:
        walked = _simulate(
            problem, activation, settings, ratios, loss, simulate, dimension, draws, yes=answer.yes
        )
    document = _document(predicted, settings, str(problem), problem.noise, sigma.name)
    if walked is not None:
        document["simulation"] = _simulation(walked)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    return int(any(point["status"] != "converged" for point in document["points"]))


def _simulate(
    problem: Any,
    activation: str,
    settings: dict[str, float],
    ratios: list[float],
    loss: str,
    seeds: str,
    dimension: str,
    draws: Draws,
    *,
    yes: bool,
) -> LearningWalk:
    from giantstep.cli.console import afford, progress
    from giantstep.errors import CapabilityError
    from giantstep.studies.learning_walk import CurveSetting, cost, learning_walk
    from giantstep.training.simulation import check_dimension

    if loss != "square":
        raise CapabilityError(f"simulate: loss {loss!r} is not simulated yet. Use --loss square.")
    count, d = replicate_count(seeds), whole(dimension, "dimension")
    check_dimension(d, problem.rank)
    setting = CurveSetting(problem, activation, sample_ratios=tuple(ratios), **settings)
    price = cost(setting, d, count, draws.workers())
    afford(price.seconds, price.memory, yes=yes, what="predict features --simulate")
    with progress("simulating", count) as advance:
        return learning_walk(
            setting,
            dimension=d,
            seeds=count,
            seed=draws.root(),
            threads=draws.workers(),
            on_progress=advance,
        )


def _document(
    predicted: xr.Dataset, settings: dict[str, float], target: str, noise: float, activation: str
) -> dict[str, Any]:
    """Return the contract's document."""
    import json

    from giantstep.cli.console import finite

    points = []
    for place, ratio in enumerate(predicted["sample_ratio"].values):
        at = predicted.isel(sample_ratio=place)
        point: dict[str, Any] = {"sample_ratio": float(ratio)}
        point |= {name: finite(at[name]) for name in ("test_error", "test_error_clean", "train_error")}
        point |= {name: finite(at[name]) for name in LOSSES_OF_LABELS if name in at}
        point["overlaps"] = {name: finite(at[name]) for name in OVERLAPS}
        point["status"] = str(at["status"].values)
        point |= {name: finite(at[name]) for name in ("residual", "digits")}
        if remedy := str(at["message"].values):
            point["message"] = remedy
        points.append(point)
    parameters = {"target": target, "noise": noise, "activation": activation} | settings
    parameters |= {name: predicted.attrs[name] for name in ("theory", "loss")}
    parameters["corrections"] = json.loads(predicted.attrs["corrections"])
    return {
        "parameters": parameters,
        "map": {
            name: finite(predicted[name]) for name in ("spike_strength", "spike_alignment", "bulk_scale")
        },
        "points": points,
    }


def _simulation(walked: LearningWalk) -> dict[str, Any]:
    """Return what was measured, with z-scores against both theories."""
    from giantstep.cli.console import finite
    from giantstep.significance import rms

    scores = walked.scores
    points = []
    for place, ratio in enumerate(scores["sample_ratio"].values):
        at = scores.isel(sample_ratio=place)
        point: dict[str, Any] = {"sample_ratio": float(ratio)}
        for name in ("test_error", "train_error"):
            point[name], point[f"{name}_se"] = finite(at[name]), finite(at[f"{name}_se"])
            for theory in scores["theory"].values:
                z = at[f"{name}_z"].sel(theory=theory)
                point[f"{name}_z_{theory}"] = finite(z)
        points.append(point)
    return {
        "dimension": int(walked.data.attrs["dimension"]),
        "seeds": int(walked.data.sizes["replicate"]),
        "points": points,
        "rms_z": {
            str(theory): finite(rms(scores["test_error_z"].sel(theory=theory).values))
            for theory in scores["theory"].values
        },
    }


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, measured, stdout, written

    console, given = stdout(), document["parameters"]
    console.print(
        Words.assemble((given["target"], "bold"), f"   {given['activation']}, {given['loss']} loss")
    )
    step = document["map"]
    console.print(
        Words(
            f"spike strength {written(step['spike_strength'])}, "
            f"alignment {written(step['spike_alignment'])}, bulk {written(step['bulk_scale'])}"
        )
    )
    console.print()
    simulated = document.get("simulation", {}).get("points", [])
    labels = [name for name in LOSSES_OF_LABELS if name in document["points"][0]]
    table = empty_table()
    table.add_column("n/d", justify="right")
    for title in ("test error", "training error", *(name.replace("_", " ") for name in labels), "digits"):
        table.add_column(title, justify="right")
    if simulated:
        for title in ("simulated test error", "z isotropic", "z structured"):
            table.add_column(title)
    for place, point in enumerate(document["points"]):
        row = [written(point["sample_ratio"])]
        row += [written(point[name], "#.8g") for name in ("test_error", "train_error", *labels)]
        row.append(f"{math.floor(point['digits'])}" if point["status"] == "converged" else point["status"])
        if simulated:
            found = simulated[place]
            row.append(measured(found["test_error"], found["test_error_se"]))
            row += [written(found[f"test_error_z_{theory}"], ".1f") for theory in ("isotropic", "structured")]
        table.add_row(*row)
    console.print(table)
    console.print()
    for sentence in (f"{given['theory']} theory", *given["corrections"]):
        console.print(Words(f"{sentence}.", style="dim"))
    if simulated:
        found = document["simulation"]
        values = ", ".join(f"{name} {written(value, '.1f')}" for name, value in found["rms_z"].items())
        console.print(Words(f"d = {found['dimension']}, {found['seeds']} seeds; rms z: {values}."))
    for message in sorted({point["message"] for point in document["points"] if "message" in point}):
        console.print(Words(message, style="bold"))
