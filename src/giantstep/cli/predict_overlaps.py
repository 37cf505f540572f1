"""`giantstep predict overlaps`: the order parameters that theory expects in high dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    ANSWER,
    TRAINING,
    Answer,
    Count,
    OptionalCount,
    OptionalNumber,
    TargetText,
    Training,
    read_target,
    seed_number,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr


def overlaps(
    target: TargetText,
    /,
    *,
    training: Training = TRAINING,
    dimension: OptionalCount = None,
    noise: OptionalNumber = None,
    samples: OptionalCount = None,
    seed: Count = "0",
    answer: Answer = ANSWER,
) -> int:
    """Predict the overlaps after every step, exactly in high dimension.

    In the limit a batch of d^2 stands for n >> d; a plain number of samples needs --dimension.

    Parameters
    ----------
    target
        An expression such as "z1 + z1*z2", or a name of the catalog.
    dimension
        A finite d: fresh steps are then the exact mean at that d. By default the limit d -> infinity.
    noise
        Variance of the label noise; by default the catalog's, else 0.
    samples
        Samples of each expectation. [default: 2^22, fewer beyond width 200]
    seed
        Root seed; random readouts and biases are those of the first replicate of simulate. [default: 0]
    """
    from giantstep import asymptotics
    from giantstep.asymptotics.overlap_dynamics import default_samples, sampling_seconds
    from giantstep.cli.console import afford, print_json

    problem = read_target(target, noise)
    network, protocol = training.network(), training.protocol()
    count = default_samples(network.width) if samples is None else whole(samples, "samples")
    seconds = sampling_seconds(problem, network, protocol, count)
    afford(seconds, 2.0**28, yes=answer.yes, what="predict overlaps")
    theory = asymptotics.overlaps(
        problem,
        network,
        protocol,
        dimension=None if dimension is None else whole(dimension, "dimension"),
        samples=count,
        seed=seed_number(seed),
    )
    document = {
        "target": str(problem),
        "status": theory.attrs["status"],
        "message": theory.attrs["message"],
        "sample_ratio": theory.attrs["sample_ratio"],
        "steps": predicted_steps(theory),
    }
    if answer.json:
        print_json(document)
    else:
        _print(document, problem.rank)
    return int(theory.attrs["status"] == "nonfinite")


def predicted_steps(theory: xr.Dataset) -> list[dict[str, Any]]:
    """Return the predicted overlaps step by step, JSON-ready: rms over neurons for each z axis."""
    import numpy as np

    from giantstep.cli.console import finite

    overlaps, errors = theory["overlaps"].values, theory["overlaps_se"].values
    rms = np.sqrt((overlaps**2).mean(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt((overlaps**2 * errors**2).sum(axis=1)) / (overlaps.shape[1] * rms)
    spread[rms == 0.0] = 0.0
    energy = np.einsum("tii->t", theory["self_overlaps"].values) / overlaps.shape[1]
    return [
        {
            "step": step,
            "overlaps": [finite(value) for value in rms[step]],
            "overlaps_se": [finite(value) for value in spread[step]],
            "self_overlaps": finite(energy[step]),
            "alignment": finite(theory["alignment"].values[step]),
            "neurons": [[finite(value) for value in row] for row in overlaps[step]],
        }
        for step in range(theory.sizes["step"])
    ]


def _print(document: dict[str, Any], rank: int) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, measured, stdout

    console = stdout()
    console.print(Words(document["target"], style="bold"))
    console.print()
    table = empty_table()
    table.add_column("step", justify="right")
    shown = min(rank, 5)
    for name in ("alignment", "row norm^2", *(f"overlap z{axis + 1}" for axis in range(shown))):
        table.add_column(name)
    for step in document["steps"]:
        axes = zip(step["overlaps"][:shown], step["overlaps_se"][:shown], strict=True)
        table.add_row(
            str(step["step"]),
            measured(step["alignment"], None),
            measured(step["self_overlaps"], None),
            *(measured(value, error or None) for value, error in axes),
        )
    console.print(table)
    console.print()
    legend = (
        "overlap: rms over neurons at d -> infinity; ±: error of the numerical integration, none where exact."
    )
    console.print(Words(legend, style="dim"))
    if document["status"] != "completed":
        console.print(Words.assemble((document["status"], "bold"), f": {document['message']}"))
