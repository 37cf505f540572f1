"""`giantstep predict deep-features`: ridge on deep random features, or on rows of your own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from giantstep.cli.neighbour_words import check_unused
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
    OptionalSize,
    Text,
    numbers,
    replicate_count,
    whole,
)

if TYPE_CHECKING:
    from giantstep.networks.deep_problem import DeepProblem
    from giantstep.studies.deep_walk import DeepWalk
    from giantstep.studies.trained_walk import TrainedSetting

SizeList = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="N,..")]


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
    learning_rate: OptionalSize = None,
    steps: OptionalCount = None,
    batch: OptionalSize = None,
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
    learning_rate
        Train the layer on the target first, by giant steps at this rate, such as "3*sqrt(p)".
    steps
        With --learning-rate: how many giant steps. [default: 1]
    batch
        With --learning-rate: fresh samples of a step, such as 3d. [default: 2d]
    simulate
        Measure the same with this many networks, or shuffles of the rows.
    """
    from giantstep.cli.console import print_json
    from giantstep.cli.deep_curves import document_of, print_curve
    from giantstep.cli.deep_words import read_drawn, read_trained, read_widths

    count = 0 if simulate is None else replicate_count(simulate)
    penalties = _penalties(ridge, penalty, measured=count > 0)
    root = draws.root()
    trained = {"learning_rate": learning_rate, "steps": steps, "batch": batch}
    walked: DeepWalk
    if data is not None:
        check_unused(
            "with --data, whose rows say it all; it belongs to drawn networks",
            widths=widths != "400",
            rows=rows != "iid",
            activation=activation != "tanh",
            target=target is not None,
            target_widths=target_widths != "400",
            noise=noise is not None,
            dimension=dimension != "400",
            **{name: value is not None for name, value in trained.items()},
        )
        walked, parameters = _of_data(data, samples, penalties, intercept, count, root, answer.yes)
    else:
        from giantstep.networks import Activation

        sigma = Activation.named(activation)
        sizes, inputs = read_widths(widths, "widths"), whole(dimension, "dimension")
        parameters = {"widths": list(sizes), "rows": rows, "activation": activation, "dimension": inputs}
        if learning_rate is None:
            check_unused(
                "without --learning-rate, which it needs. Add --learning-rate '3*sqrt(p)'",
                steps=steps is not None,
                batch=batch is not None,
            )
            problem = read_drawn(sizes, sigma, rows, inputs, target, target_widths, noise)
            parameters |= {"target": target or f"network {target_widths}", "noise": problem.noise}
            walked = _of_network(problem, samples, penalties, count, draws, yes=answer.yes)
        else:
            check_unused(
                "with --learning-rate, which trains one layer on a target; it belongs to drawn networks",
                rows=rows != "iid",
                target_widths=target_widths != "400",
            )
            setting = read_trained(sizes, sigma, inputs, target, noise, learning_rate, steps, batch, samples)
            parameters |= {"target": str(setting.target), "noise": setting.target.noise}
            parameters |= {"learning_rate": learning_rate, "batch": batch or "2d"}
            parameters["steps"] = len(setting.protocol.steps)
            walked = _of_trained(setting, penalties, count, draws, yes=answer.yes)
    document = document_of(walked, parameters)
    if answer.json:
        print_json(document)
    else:
        print_curve(document)
    return int(any(point["status"] != "converged" for point in document["points"]))


def _penalties(ridge: str | None, penalty: str | None, *, measured: bool) -> dict[str, Any]:
    """Return the one that is given, read; checked before any price is told."""
    from giantstep.asymptotics.reading import numbers as checked
    from giantstep.errors import SpecError

    if ridge is not None and penalty is not None:
        raise SpecError("ridge, penalty: found both, expected one: ridge (house) or penalty = ridge p / n.")
    name, text = ("ridge", "0.1" if ridge is None else ridge) if penalty is None else ("penalty", penalty)
    values = numbers(text, name)
    checked(name, values, zero=not measured)
    return {name: values}


def _of_data(
    file: str, samples: str, penalties: dict[str, Any], intercept: bool, seeds: int, seed: int, yes: bool
) -> tuple[DeepWalk, dict[str, Any]]:
    from giantstep.cli.console import afford
    from giantstep.cli.deep_words import read_sizes
    from giantstep.cli.rows import read_rows
    from giantstep.errors import SpecError
    from giantstep.studies.deep_walk import data_seconds, data_walk

    features, labels = read_rows(file)
    if features.ndim != 2:
        raise SpecError(f"features: found shape {features.shape}, expected (rows, features).")
    rows, width = features.shape
    sizes = read_sizes(samples, width, width)
    seconds = data_seconds(rows, width, len(sizes), seeds)
    afford(seconds, 24.0 * (rows + 2 * width) * width, yes=yes, what="predict deep-features --data")
    walked = data_walk(
        features, labels, samples=sizes, intercept=intercept, seeds=seeds, seed=seed, **penalties
    )
    return walked, {"data": file, "rows": len(labels), "intercept": intercept}


def _of_network(
    problem: DeepProblem,
    samples: str,
    penalties: dict[str, Any],
    seeds: int,
    draws: Draws,
    *,
    yes: bool,
) -> DeepWalk:
    from giantstep.cli.console import afford, progress
    from giantstep.cli.deep_words import read_sizes
    from giantstep.studies.deep_walk import deep_theory, deep_walk, seconds_of
    from giantstep.threads import check_threads

    width = problem.learner.widths[-1]
    sizes, workers = read_sizes(samples, problem.dimension, width), check_threads(draws.workers())
    widest = max(problem.dimension, *problem.learner.widths)
    seconds = seconds_of(problem, sizes, max(seeds, 1), workers if seeds else 1)
    memory = 8.0 * (workers if seeds else 1) * (6 * width**2 + 6 * widest**2)
    afford(seconds, memory, yes=yes, what=f"predict deep-features{' --simulate' if seeds else ''}")
    if not seeds:
        return deep_theory(problem, samples=sizes, seed=draws.root(), **penalties)
    with progress("simulating", seeds) as advance:
        return deep_walk(
            problem,
            samples=sizes,
            seeds=seeds,
            seed=draws.root(),
            threads=workers,
            on_progress=advance,
            **penalties,
        )


def _of_trained(
    setting: TrainedSetting, penalties: dict[str, Any], seeds: int, draws: Draws, *, yes: bool
) -> DeepWalk:
    from giantstep.cli.console import afford, progress
    from giantstep.studies.trained_curve import trained_curve
    from giantstep.threads import check_threads

    workers, count = check_threads(draws.workers()), max(seeds, 1)
    price, at_once = setting.cost(), min(workers, count)
    afford(
        price.seconds * count / at_once,
        price.memory * at_once,
        yes=yes,
        what="predict deep-features, trained",
    )
    with progress("training", count) as advance:
        return trained_curve(
            setting,
            seeds=count,
            seed=draws.root(),
            threads=workers,
            measure=seeds > 0,
            on_progress=advance,
            **penalties,
        )
