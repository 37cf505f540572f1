"""`giantstep simulate`: one setting, measured exactly and laid beside what theory predicts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    Count,
    Optional,
    OptionalCount,
    OptionalNumber,
    OptionalSize,
    SizeText,
    TargetText,
    Text,
    Tristate,
    read_network,
    read_protocol,
    read_ridge,
    read_target,
    seed_number,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.targets import Target
    from giantstep.training.choice import Choice

MAX_SEEDS = 10**6


def simulate(
    target: TargetText,
    /,
    *,
    dimension: Count = "1e5",
    width: Count = "8",
    batch: SizeText = "3d",
    steps: Count = "3",
    learning_rate: SizeText = "3",
    reuse: bool = False,
    preprocess: bool = False,
    loss: Text = "square",
    activation: Text = "relu",
    bias: Text = "0",
    readout: Text = "rademacher",
    readout_scale: SizeText = "1",
    symmetric: Tristate = None,
    engine: Text = "auto",
    ridge: Optional = None,
    ridge_batch: OptionalSize = None,
    noise: OptionalNumber = None,
    seeds: Count = "5",
    seed: Count = "0",
    threads: OptionalCount = None,
    yes: bool = False,
    json: bool = False,
) -> int:
    """Simulate giant steps exactly at any dimension, beside what theory predicts.

    Parameters
    ----------
    target
        An expression such as "z1 + z1*z2", or a name of the catalog.
    dimension
        Input dimension d: 4096, 1e6, 10^6. A comma list also gives slopes, and so a verdict. [default: 1e5]
    width
        Number of hidden neurons p. [default: 8]
    batch
        Samples a step: 4096, 3d, d^2, 4p. [default: 3d]
    steps
        Number of gradient steps. [default: 3]
    learning_rate
        A number or a scaling such as "p*sqrt(d)". [default: 3]
    reuse
        Take every step on the same batch; without it, each on fresh samples.
    preprocess
        Remove the constant and linear parts of the labels before each step.
    loss
        square or correlation. [default: square]
    activation
        relu, tanh, erf, sigmoid, gelu, softplus, sin, identity, "He1+0.5*He2", .. [default: relu]
    bias
        Standard deviation of random biases, or a comma list of them. [default: 0]
    readout
        rademacher, gaussian, uniform, constant, or a comma list of numbers. [default: rademacher]
    readout_scale
        Multiplies the readout: 1, "1/sqrt(p)". [default: 1]
    symmetric
        Pair neurons so that the network starts at zero. [default: yes where the width is even]
    engine
        auto, reduced (cost free of d) or direct; both exact in law. [default: auto]
    ridge
        Refit the readout afterwards with this penalty; a comma list, or auto, lets cross-validation choose.
    ridge_batch
        Samples of that regression. [default: max(64p, 4096)]
    noise
        Variance of the label noise; by default the catalog's, else 0.
    seeds
        Number of replicates. [default: 5]
    seed
        Root seed; the same seed gives the same bits. [default: 0]
    threads
        Threads that share the chunks of a step; all cores by default.
    yes
        Go ahead although it will take more than ten minutes.
    json
        Print one JSON document.
    """
    from giantstep.cli.console import progress
    from giantstep.cli.steps import measurements, print_steps, theory_beside
    from giantstep.studies.walk import walk

    problem = read_target(target, noise)
    network = read_network(
        width, activation, bias=bias, readout=readout, readout_scale=readout_scale, symmetric=symmetric
    )
    protocol = read_protocol(steps, batch, learning_rate, reuse=reuse, preprocess=preprocess, loss=loss)
    settings: dict[str, Any] = {
        "seeds": whole(seeds, "seeds"),
        "seed": seed_number(seed),
        "engine": engine,
        "ridge": read_ridge(ridge),
        "ridge_batch": ridge_batch,
        "threads": None if threads is None else whole(threads, "threads"),
    }
    dimensions = sorted({whole(part.strip(), "dimension") for part in dimension.split(",")})
    samples, choice = _afford(problem, network, protocol, dimensions, settings, yes=yes)
    started = time.perf_counter()
    with progress("simulating", samples) as advance:
        asked: Any = dimensions if len(dimensions) > 1 else dimensions[0]
        walked = walk(problem, network, protocol, dimension=asked, **settings, on_progress=advance)
    largest = walked.data if len(dimensions) == 1 else walked.data.isel(dimension=-1)
    batches = protocol.batches(dimensions[-1], network.width)
    document = {
        "engine": choice.engine,
        "dimension": dimensions[-1],
        "batch": batches[0] if batches else None,
        **measurements(largest, walked.certificate),
        **theory_beside(
            walked, problem, network, _readout_samples(settings, network, dimensions[-1]), dimensions[-1]
        ),
        "seconds": round(time.perf_counter() - started, 3),
        "engine_reason": choice.reason,
        "dimensions": dimensions,
        "verdict": walked.comparison.verdict,
        "reason": walked.comparison.reason,
    }
    if json:
        from giantstep.cli.console import print_json

        print_json(document)
    else:
        print_steps(document, problem, network, protocol, settings["seeds"])
    return _failures(walked.data)


def _afford(
    target: Target,
    network: Network,
    protocol: Protocol,
    dimensions: list[int],
    settings: dict[str, Any],
    *,
    yes: bool,
) -> tuple[int, Choice]:
    """Check everything that can be checked before a sample is drawn.

    Returns the number of samples to come, and the engine's choice at the largest dimension.
    """
    from giantstep.cli.console import afford
    from giantstep.errors import SpecError
    from giantstep.streams import Streams
    from giantstep.threads import check_threads
    from giantstep.training.choice import check_memory, choose
    from giantstep.training.experiment import Experiment
    from giantstep.training.fresh import THREADED_WIDTH
    from giantstep.training.retraining import Retraining
    from giantstep.training.simulation import check_dimension

    seeds, engine = settings["seeds"], settings["engine"]
    if not 1 <= seeds <= MAX_SEEDS:
        raise SpecError(f"seeds: found {seeds}, expected a whole number from 1 to {MAX_SEEDS}.")
    threads = check_threads(settings["threads"])
    streams = Streams(settings["seed"], 0)
    samples, seconds, memory = 0, 0.0, 0.0
    for dimension in dimensions:
        check_dimension(dimension, target.rank)
        network.check_dimension(dimension, target.rank)
        experiment = Experiment(target, network, protocol, dimension, streams, threads)
        retraining = Retraining.parse(
            settings["ridge"], settings["ridge_batch"], dimension=dimension, width=network.width
        )
        # Reading them is checking them.
        samples, _ = samples + seeds * sum(experiment.batches), experiment.learning_rates
        choice, refit = choose(experiment, engine), retraining.cost(experiment)
        check_memory(choice)
        useful = threads if choice.engine == "direct" else experiment.chunk_threads(THREADED_WIDTH)
        seconds += seeds * (choice.cost.seconds / useful + refit.seconds / threads)
        memory = max(memory, choice.cost.memory, refit.memory)
    afford(seconds, memory, yes=yes, what="simulate")
    return samples, choice


def _readout_samples(settings: dict[str, Any], network: Network, dimension: int) -> int | None:
    """Samples of the readout regression, None without one."""
    from giantstep.training.retraining import Retraining

    if settings["ridge"] is None:
        return None
    sizes = {"dimension": dimension, "width": network.width}
    return Retraining.parse(settings["ridge"], settings["ridge_batch"], **sizes).samples(**sizes)


def _failures(data: xr.Dataset) -> int:
    """Name the replicates that diverged; 1 if there are any."""
    import numpy as np

    from giantstep.cli.console import tell

    failed = 0
    for index, status in np.ndenumerate(data["status"].values):
        if str(status) != "completed":
            failed = 1
            where = zip(data["status"].dims, index, strict=True)
            names = ", ".join(f"{axis} {data[axis].values[place]}" for axis, place in where)
            tell(f"giantstep: {names}: {data['message'].values[index]}")
    return failed
