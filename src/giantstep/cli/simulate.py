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
    read_ridge,
    read_target,
    seed_number,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.staircase import Certificate
    from giantstep.targets import Target

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
        Input dimension d: 4096, 1e6, 10^6. [default: 1e5]
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
    from giantstep.cli.console import progress, tell
    from giantstep.protocol import Protocol
    from giantstep.studies.walk import walk

    problem = read_target(target, noise)
    network = read_network(
        width, activation, bias=bias, readout=readout, readout_scale=readout_scale, symmetric=symmetric
    )
    protocol = Protocol.repeat(
        whole(steps, "steps"),
        batch=batch,
        learning_rate=learning_rate,
        reuse=reuse,
        preprocess=preprocess,
        loss=loss,
    )
    settings: dict[str, Any] = {
        "dimension": whole(dimension, "dimension"),
        "seeds": whole(seeds, "seeds"),
        "seed": seed_number(seed),
        "engine": engine,
        "ridge": read_ridge(ridge),
        "ridge_batch": ridge_batch,
        "threads": None if threads is None else whole(threads, "threads"),
    }
    samples = _afford(problem, network, protocol, settings, yes=yes)
    started = time.perf_counter()
    with progress("simulating", samples) as advance:
        walked = walk(problem, network, protocol, **settings, on_progress=advance)
    document = as_document(walked.data, walked.certificate, time.perf_counter() - started)
    document["verdict"], document["reason"] = walked.comparison.verdict, walked.comparison.reason
    if json:
        from giantstep.cli.console import print_json

        print_json(document)
    else:
        _print(document, problem, network, protocol, walked.data)
    return _failures(walked.data, tell)


def _afford(
    target: Target, network: Network, protocol: Protocol, settings: dict[str, Any], *, yes: bool
) -> int:
    """Check everything that can be checked before a sample is drawn; return the number of samples to come."""
    from giantstep.cli.console import afford
    from giantstep.errors import SpecError
    from giantstep.streams import Streams
    from giantstep.threads import check_threads
    from giantstep.training.choice import check_memory, choose
    from giantstep.training.experiment import Experiment
    from giantstep.training.retraining import Retraining
    from giantstep.training.simulation import check_dimension

    dimension, seeds = settings["dimension"], settings["seeds"]
    check_dimension(dimension, target.rank)
    if not 1 <= seeds <= MAX_SEEDS:
        raise SpecError(f"seeds: found {seeds}, expected a whole number from 1 to {MAX_SEEDS}.")
    network.check_dimension(dimension, target.rank)
    threads = check_threads(settings["threads"])
    experiment = Experiment(target, network, protocol, dimension, Streams(settings["seed"], 0), threads)
    retraining = Retraining.parse(
        settings["ridge"], settings["ridge_batch"], dimension=dimension, width=network.width
    )
    # Reading them is checking them.
    samples, _ = sum(experiment.batches), experiment.learning_rates
    choice = choose(experiment, settings["engine"])
    refit = retraining.cost(experiment)
    seconds = seeds * (choice.cost.seconds + refit.seconds) / threads
    afford(seconds, max(choice.cost.memory, refit.memory), yes=yes, what="simulate")
    check_memory(choice)
    return seeds * samples


def as_document(data: xr.Dataset, certificate: Certificate, seconds: float) -> dict[str, Any]:
    """Return what ``--json`` prints: step by step, means over seeds with their standard errors."""
    import json

    import numpy as np

    from giantstep.alignment import aligned_fraction
    from giantstep.cli.console import finite

    last = data.sizes["step"] - 1
    whole_space = [effective_basis(certificate)] * (last + 1)
    alignment = aligned_fraction(data, whole_space).transpose("replicate", "step").values
    squares = data["overlaps"].transpose("replicate", "step", "neuron", "direction").values ** 2
    overlaps = np.sqrt(squares.mean(axis=2))
    gram = data["self_overlaps"].transpose("replicate", "step", "neuron", "neuron_other").values
    energy = np.einsum("rtii->rt", gram) / gram.shape[-1]
    steps = []
    for step in range(last + 1):
        axes = [_mean_and_error(overlaps[:, step, axis]) for axis in range(overlaps.shape[-1])]
        mean, error = _mean_and_error(alignment[:, step])
        # Theory speaks of batches of order d or more; below, it predicts nothing.
        predicted = int(data["predicted_dimension"][step]) if certificate.batch_exponent >= 1 else None
        steps.append(
            {
                "step": step,
                "overlaps": [axis[0] for axis in axes],
                "overlaps_se": [axis[1] for axis in axes],
                "self_overlaps": _mean_and_error(energy[:, step])[0],
                "alignment": mean,
                "alignment_se": error,
                "predicted_dimension": predicted,
            }
        )
    batches = json.loads(data.attrs["batch"])
    test_error, test_error_se = (
        _mean_and_error(data["test_error"].values) if "test_error" in data else (None, None)
    )
    document = {
        "engine": data.attrs["engine"],
        "dimension": int(data.attrs["dimension"]),
        "batch": batches[0] if len(set(batches)) == 1 else batches or None,
        "steps": steps,
        "test_error": test_error,
        "test_error_se": test_error_se,
        "seconds": round(seconds, 3),
        "engine_reason": data.attrs["engine_reason"],
    }
    for name in ("ridge", "test_error_no_step"):
        if name in data:
            document[name] = finite(data[name].mean())
    return document


def effective_basis(certificate: Certificate) -> Any:
    """Return orthonormal rows of the directions that the target really depends on."""
    import numpy as np

    bases = [item.directions for item in certificate.per_direction_leap]
    return np.vstack(bases) if bases else np.zeros((0, certificate.rank))


def _mean_and_error(values: Any) -> tuple[float | None, float | None]:
    """Mean over seeds and its standard error; None for an error from one seed and for what is not finite."""
    import numpy as np

    from giantstep.cli.console import finite

    with np.errstate(all="ignore"):
        mean = finite(np.mean(values))
        error = finite(np.std(values, ddof=1) / len(values) ** 0.5) if len(values) > 1 else None
    return mean, error


def _print(
    document: dict[str, Any], target: Target, network: Network, protocol: Protocol, data: xr.Dataset
) -> None:
    """Print the steps as a table, and what they come to."""
    from rich import box
    from rich.table import Table
    from rich.text import Text as Words

    from giantstep.cli.console import count, measured, plural, stdout

    console = stdout()
    name = f"  ({target.name})" if target.name and target.name != str(target) else ""
    console.print(Words.assemble((str(target), "bold"), name))
    console.print(Words(_setting(document, network, protocol, data.sizes["replicate"])))
    console.print(Words(f"engine {document['engine']}: {document['engine_reason']}"))
    console.print()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1))
    table.add_column("step", justify="right")
    table.add_column("predicted", justify="right")
    table.add_column("alignment")
    shown = min(target.rank, 5)
    for axis in range(shown):
        table.add_column(f"overlap z{axis + 1}")
    for step in document["steps"]:
        predicted = "-" if step["predicted_dimension"] is None else f"dim {step['predicted_dimension']}"
        axes = zip(step["overlaps"][:shown], step["overlaps_se"][:shown], strict=True)
        table.add_row(
            str(step["step"]),
            predicted,
            measured(step["alignment"], step["alignment_se"]),
            *(measured(*axis) for axis in axes),
        )
    console.print(table)
    console.print()
    legend = (
        "predicted: dimension of the subspace U_t that theory lets this network learn; alignment: fraction "
        "of the neurons' squared norm inside the target's subspace; overlap: rms over neurons; ±: standard "
        "error over seeds."
    )
    console.print(Words(legend, style="dim"))
    if shown < target.rank:
        console.print(Words(f"{target.rank - shown} more directions: see --json.", style="dim"))
    if document["test_error"] is not None:
        console.print(Words(_test_error(document)))
    console.print(
        Words.assemble("theory and simulation: ", (document["verdict"], "bold"), f". {document['reason']}")
    )
    console.print(
        Words(f"{plural(data.sizes['replicate'], 'seed')}, {count(document['seconds'])} s", style="dim")
    )


def _setting(document: dict[str, Any], network: Network, protocol: Protocol, seeds: int) -> str:
    from giantstep.cli.console import count

    first = protocol.steps[0] if protocol.steps else None
    batch = document["batch"]
    parts = [f"d = {count(document['dimension'])}", f"{network.width} neurons", network.activation.name]
    if first is not None:
        kind = "one batch, reused," if any(step.reuse for step in protocol.steps) else "fresh batches"
        size = str(first.batch)
        total = f" = {count(batch)}" if isinstance(batch, int) and size != str(batch) else ""
        parts += [f"{kind} of {size}{total} samples", f"learning rate {first.learning_rate}"]
    return ", ".join(parts)


def _test_error(document: dict[str, Any]) -> str:
    from giantstep.cli.console import measured

    text = f"test error {measured(document['test_error'], document['test_error_se'])}"
    if document.get("ridge") is None:
        return text + " (initial readout; --ridge auto refits it)"
    text += f" (readout refitted, ridge {document['ridge']:.3g}"
    if document.get("test_error_no_step") is not None:
        text += f"; without any step {document['test_error_no_step']:.4g}"
    return text + ")"


def _failures(data: xr.Dataset, tell: Any) -> int:
    """Name the replicates that diverged; 1 if there are any."""
    failed = 0
    for replicate, status, message in zip(
        data["replicate"].values, data["status"].values, data["message"].values, strict=True
    ):
        if str(status) != "completed":
            failed = 1
            tell(f"giantstep: seed {replicate}: {status}: {message}")
    return failed
