"""`giantstep simulate`: one setting, measured exactly and laid beside what theory predicts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    MAX_REPLICATES,
    TRAINING,
    Answer,
    Count,
    Draws,
    Optional,
    OptionalNumber,
    OptionalSize,
    TargetText,
    Text,
    Training,
    read_ridge,
    read_target,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.targets import Target
    from giantstep.training.choice import Choice


def simulate(
    target: TargetText,
    /,
    *,
    dimension: Count = "1e5",
    training: Training = TRAINING,
    engine: Text = "auto",
    ridge: Optional = None,
    ridge_batch: OptionalSize = None,
    noise: OptionalNumber = None,
    seeds: Count = "5",
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Simulate giant steps exactly at any dimension, beside what theory predicts.

    Parameters
    ----------
    target
        An expression such as "z1 + z1*z2", or a name of the catalog.
    dimension
        Input dimension d: 4096, 1e6, 10^6. A comma list also gives slopes, and so a verdict. [default: 1e5]
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
    """
    from giantstep.cli.console import progress
    from giantstep.cli.steps import measurements, print_steps, theory_beside
    from giantstep.studies.walk import walk

    problem = read_target(target, noise)
    network, protocol = training.network(), training.protocol()
    settings: dict[str, Any] = {
        "seeds": whole(seeds, "seeds"),
        "seed": draws.root(),
        "engine": engine,
        "ridge": read_ridge(ridge),
        "ridge_batch": ridge_batch,
        "threads": draws.workers(),
    }
    dimensions = sorted({whole(part.strip(), "dimension") for part in dimension.split(",")})
    samples, choice = _afford(problem, network, protocol, dimensions, settings, yes=answer.yes)
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
    if answer.json:
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
    if not 1 <= seeds <= MAX_REPLICATES:
        raise SpecError(f"seeds: found {seeds}, expected a whole number from 1 to {MAX_REPLICATES}.")
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
