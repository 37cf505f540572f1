"""`giantstep predict deep-features`: ridge on deep random features, or on rows of your own data."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    Answer,
    Count,
    Draws,
    Optional,
    OptionalCount,
    OptionalList,
    OptionalNumber,
    Text,
    number,
    numbers,
    read_target,
    replicate_count,
    whole,
)

if TYPE_CHECKING:
    from giantstep.studies.deep_walk import DeepWalk

SizeList = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="N,..")]
COLUMNS = ("test_error", "train_error", "nu", "gamma", "residual")


def deep_features(
    *,
    data: Annotated[str | None, Parameter(metavar="FILE")] = None,
    samples: SizeList = "0.5p,1p,2p",
    ridge: OptionalList = None,
    penalty: OptionalList = None,
    intercept: Annotated[bool, Parameter(negative="--no-intercept")] = True,
    widths: SizeList = "400",
    rows: Text = "iid",
    activation: Text = "tanh",
    target: Optional = None,
    target_widths: Text = "400",
    noise: OptionalNumber = None,
    dimension: Count = "400",
    simulate: OptionalCount = None,
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Predict the error of a ridge readout on deep features, or on rows of your own data.

    Parameters
    ----------
    data
        Rows of your own: .npz with features and labels, .csv with the label last; or digits.
    samples
        Training samples, sizes such as 200 or 2p (p features). [default: 0.5p,1p,2p]
    ridge
        House penalty in (Phi^T Phi / p + ridge) a = Phi^T y / sqrt p. [default: 0.1]
    penalty
        Instead of ridge: penalty beside the mean of squares, ridge p / n.
    intercept
        With --data: fit an intercept; --no-intercept for features that are centred.
    widths
        Widths of the learner's layers, input side first. [default: 400]
    rows
        iid or rainbow: each layer's rows know the layer below. [default: iid]
    activation
        Odd: tanh, erf, sin or identity. [default: tanh]
    target
        A function of z1, .. such as "tanh(2*z1)"; by default a network of its own.
    target_widths
        Widths of the target network. [default: 400]
    noise
        Variance of the label noise. [default: 0.05 for a network]
    dimension
        Number of inputs. [default: 400]
    simulate
        Measure the same with this many networks, or shuffles of the rows.
    """
    from giantstep.cli.console import print_json

    penalties = _penalties(ridge, penalty)
    count = 0 if simulate is None else replicate_count(simulate)
    root = draws.root()
    if data is not None:
        _check_unused(
            widths=widths != "400",
            rows=rows != "iid",
            activation=activation != "tanh",
            target=target is not None,
            target_widths=target_widths != "400",
            noise=noise is not None,
            dimension=dimension != "400",
        )
        walked, parameters = _of_data(data, samples, penalties, intercept, count, root, answer.yes)
    else:
        from giantstep.networks import Activation
        from giantstep.networks.deep import DeepNetwork
        from giantstep.networks.deep_problem import DeepProblem

        sigma = Activation.named(activation)
        learner = DeepNetwork(_widths(widths, "widths"), sigma, rows)
        given: Any
        if target is None:
            given = DeepNetwork(_widths(target_widths, "target_widths"), sigma, rows)
            variance = 0.05 if noise is None else number(noise, "noise")
        else:
            given, variance = read_target(target, noise), 0.0
        problem = DeepProblem(learner, given, whole(dimension, "dimension"), variance)
        walked, parameters = _of_network(problem, samples, penalties, count, draws, yes=answer.yes)
        parameters |= {"widths": list(learner.widths), "rows": rows, "activation": activation}
        parameters |= {"target": target or f"network {target_widths}", "noise": problem.noise}
        parameters["dimension"] = problem.dimension
    document = _document(walked, parameters)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    return int(any(point["status"] != "converged" for point in document["points"]))


def _check_unused(**given: bool) -> None:
    from giantstep.errors import SpecError

    for name, is_given in given.items():
        if is_given:
            raise SpecError(
                f"{name}: found with --data, whose rows say it all; it belongs to drawn networks."
            )


def _penalties(ridge: str | None, penalty: str | None) -> dict[str, Any]:
    from giantstep.errors import SpecError

    if ridge is not None and penalty is not None:
        raise SpecError("ridge, penalty: found both, expected one: ridge (house) or penalty = ridge p / n.")
    if penalty is not None:
        return {"penalty": numbers(penalty, "penalty")}
    return {"ridge": numbers("0.1" if ridge is None else ridge, "ridge")}


def _widths(text: str, name: str) -> tuple[int, ...]:
    return tuple(whole(part.strip(), name) for part in text.split(","))


def _sizes(text: str, dimension: int, width: int) -> list[int]:
    from giantstep.sizes import Size

    sizes = [Size.parse(part.strip(), name="samples") for part in text.split(",")]
    return sorted({size.count(dimension=dimension, width=width, name="samples") for size in sizes})


def _of_data(
    file: str, samples: str, penalties: dict[str, Any], intercept: bool, seeds: int, seed: int, yes: bool
) -> tuple[DeepWalk, dict[str, Any]]:
    from giantstep.cli.console import afford
    from giantstep.cli.rows import read_rows
    from giantstep.errors import SpecError
    from giantstep.studies.deep_walk import data_seconds, data_walk

    features, labels = read_rows(file)
    if features.ndim != 2:
        raise SpecError(f"features: found shape {features.shape}, expected (rows, features).")
    rows, width = features.shape
    sizes = _sizes(samples, width, width)
    seconds = data_seconds(rows, width, len(sizes), seeds)
    afford(seconds, 24.0 * (rows + 2 * width) * width, yes=yes, what="predict deep-features --data")
    walked = data_walk(
        features, labels, samples=sizes, intercept=intercept, seeds=seeds, seed=seed, **penalties
    )
    return walked, {"data": file, "rows": len(labels), "intercept": intercept}


def _of_network(
    problem: Any,
    samples: str,
    penalties: dict[str, Any],
    seeds: int,
    draws: Draws,
    *,
    yes: bool,
) -> tuple[DeepWalk, dict[str, Any]]:
    from giantstep.cli.console import afford, progress
    from giantstep.studies.deep_walk import deep_theory, deep_walk, seconds_of
    from giantstep.threads import check_threads

    width = problem.learner.widths[-1]
    sizes = _sizes(samples, problem.dimension, width)
    workers = check_threads(draws.workers())
    widest = max(problem.dimension, *problem.learner.widths)
    seconds = seconds_of(problem, sizes, max(seeds, 1), workers if seeds else 1)
    memory = 8.0 * (workers if seeds else 1) * (6 * width**2 + 6 * widest**2)
    afford(seconds, memory, yes=yes, what=f"predict deep-features{' --simulate' if seeds else ''}")
    if not seeds:
        return deep_theory(problem, samples=sizes, seed=draws.root(), **penalties), {}
    with progress("simulating", seeds) as advance:
        walked = deep_walk(
            problem,
            samples=sizes,
            seeds=seeds,
            seed=draws.root(),
            threads=workers,
            on_progress=advance,
            **penalties,
        )
    return walked, {}


def _document(walked: DeepWalk, parameters: dict[str, Any]) -> dict[str, Any]:
    from giantstep.cli.console import finite
    from giantstep.studies.learning_walk import rms

    theory, scores = walked.theory, walked.scores
    axis = "penalty" if "penalty" in theory.dims else "ridge"
    points = []
    for row in range(theory.sizes[axis]):
        for column in range(theory.sizes["samples"]):
            here = {axis: row, "samples": column}
            at = theory.isel(here)
            point: dict[str, Any] = {"samples": int(at["samples"]), axis: float(at[axis])}
            point |= {name: finite(at[name]) for name in COLUMNS}
            point |= {"status": str(at["status"].values), "message": str(at["message"].values)}
            if "test_error" in scores:
                found = scores.isel(here)
                point["simulation"] = {
                    name: finite(found[name]) for name in sorted(map(str, found.data_vars))
                }
            points.append(point)
    document: dict[str, Any] = {"parameters": parameters | {"features": int(theory.attrs["width"])}}
    document["warnings"] = jsonlib.loads(theory.attrs["warnings"])
    document["points"] = points
    if "test_error" in scores:
        document["seeds"] = int(walked.data.sizes["replicate"])
        document["rms_z"] = {
            name: finite(rms(scores[f"{name}_z"].values.ravel().tolist()))
            for name in ("test_error", "train_error")
        }
    return document


def _print(document: dict[str, Any]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text as Words

    from giantstep.cli.console import measured, plural, stdout

    console, given = stdout(), document["parameters"]
    if "data" in given:
        head = f"{given['data']}: {given['rows']} rows, {given['features']} features"
    else:
        layers = ", ".join(map(str, given["widths"]))
        head = f"{given['activation']}, width {layers}, {given['rows']} rows, d = {given['dimension']}"
    console.print(Words(head, style="bold"))
    axis = "penalty" if "penalty" in document["points"][0] else "ridge"
    simulated = "simulation" in document["points"][0]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))
    titles = [axis, "n", "test error", "training error"]
    for title in titles + (["measured test error", "z", "measured training error", "z"] if simulated else []):
        table.add_column(title, justify="right" if title in {"n", axis, "z"} else "left")
    for point in document["points"]:
        row = [f"{point[axis]:.4g}", str(point["samples"])]
        row += ["infinite" if point[name] is None else f"{point[name]:.6g}" for name in COLUMNS[:2]]
        if simulated:
            found = point["simulation"]
            for name in COLUMNS[:2]:
                z = found[f"{name}_z"]
                row += [measured(found[name], found[f"{name}_se"]), "-" if z is None else f"{z:.1f}"]
        table.add_row(*row)
    console.print(table)
    if simulated:
        known = {name.replace("_", " "): z for name, z in document["rms_z"].items() if z is not None}
        values = ", ".join(f"{name} {z:.2g}" for name, z in known.items())
        console.print(Words(f"{plural(document['seeds'], 'seed')}; rms z: {values or 'needs two seeds'}."))
    for message in sorted({point["message"] for point in document["points"]} - {""}):
        console.print(Words(message, style="bold"))
    for warning in document["warnings"]:
        console.print(Words(warning, style="bold"))
