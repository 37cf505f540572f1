"""`giantstep predict outliers`: the first layer's spectrum after one and two giant steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    Answer,
    Count,
    Draws,
    NamedTarget,
    NumberList,
    OptionalCount,
    OptionalNumber,
    SizeText,
    Text,
    numbers,
    read_target,
    replicate_count,
    whole,
)

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.studies.outlier_walk import OutlierWalk
    from giantstep.targets import Target

QUANTITIES = ("singular_value", "left_alignment", "right_alignment", "target_alignment")
MEASURED = ("strength", *QUANTITIES)


def outliers(
    *,
    target: NamedTarget,
    activation: Text = "He1+0.2*He2+0.1*He3",
    exponents: NumberList = "0.4,0.3",
    constants: NumberList = "1,3",
    width: Count = "1500",
    dimension: Count = "1000",
    batch: SizeText = "2500",
    reuse: bool = False,
    readout: Text = "gaussian",
    loss: Text = "correlation",
    ladder: Text = "effective",
    noise: OptionalNumber = None,
    simulate: OptionalCount = None,
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Predict the outliers of the first layer after one or two giant steps, and what each points at.

    Parameters
    ----------
    target
        A function of z1 with mean zero such as "tanh(z1)", or a name of the catalog.
    activation
        With E sigma' not zero: tanh, gelu, "He1+0.2*He2", .. [default: He1+0.2*He2+0.1*He3]
    exponents
        The learning rates are constant * width^exponent, exponents in [0, 0.5); one number takes one step.
        [default: 0.4,0.3]
    constants
        The constants of the learning rates. [default: 1,3]
    width
        Hidden neurons. [default: 1500]
    dimension
        Input dimension. [default: 1000]
    batch
        Samples of each step, such as 2500 or 2.5d. [default: 2500]
    reuse
        Take the second step on the first one's batch.
    readout
        gaussian, uniform or rademacher. [default: gaussian]
    loss
        correlation; with square the theory of two steps does not apply, and says so. [default: correlation]
    ladder
        effective, or naive as the usual statement. [default: effective]
    noise
        Variance of the label noise; by default the catalog's, else 0.
    simulate
        Take the same steps with this many seeds, and lay the measured spectrum beside the prediction.
    """
    from giantstep import asymptotics
    from giantstep.cli.console import print_json
    from giantstep.networks import Network
    from giantstep.protocol import Protocol

    problem = read_target(target, noise)
    network = Network(
        whole(width, "width"),
        activation,  # type: ignore[arg-type]
        readout=readout,
        symmetric=False,
    )
    powers, scales = numbers(exponents, "exponents"), numbers(constants, "constants")
    _check_exponents(powers)
    protocol = Protocol.of_exponents(powers, scales, batch=batch, reuse=reuse, loss=loss)
    d = whole(dimension, "dimension")
    predicted = asymptotics.outliers(problem, network, protocol, dimension=d, ladder=ladder)
    walked = None
    if simulate is not None:
        walked = _simulate(problem, network, protocol, d, ladder, simulate, draws, yes=answer.yes)
    document = _document(predicted, walked)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    return int(_failed(predicted, walked))


def _check_exponents(powers: list[float]) -> None:
    """Name the option, not the learning rate that is made of it."""
    from giantstep.asymptotics.spectra.phases import read_exponents

    read_exponents("exponents", powers)


def _simulate(
    target: Target,
    network: Network,
    protocol: Protocol,
    dimension: int,
    ladder: str,
    seeds: str,
    draws: Draws,
    *,
    yes: bool,
) -> OutlierWalk:
    from giantstep.cli.console import afford, progress
    from giantstep.studies.outlier_walk import outlier_walk
    from giantstep.threads import check_threads
    from giantstep.training.outlier_simulation import cost

    count = replicate_count(seeds)
    workers = draws.workers()
    price = cost(target, network, protocol, dimension, check_threads(workers))
    afford(count * price.seconds, price.memory, yes=yes, what="predict outliers --simulate")
    samples = count * sum(protocol.batches(dimension, network.width))
    with progress("simulating", samples) as advance:
        return outlier_walk(
            target,
            network,
            protocol,
            dimension=dimension,
            seeds=count,
            seed=draws.root(),
            ladder=ladder,
            threads=workers,
            on_progress=advance,
        )


def _failed(predicted: xr.Dataset, walked: OutlierWalk | None) -> bool:
    """Whether a number could not be had; what is outside the theory is said, and is no failure."""
    diverged = walked is not None and bool((walked.data["status"] != "completed").any())
    return str(predicted["status"].values) == "imprecise" or diverged


def _document(predicted: xr.Dataset, walked: OutlierWalk | None) -> dict[str, Any]:
    """Return the contract's document."""
    import json

    import numpy as np

    from giantstep.cli.console import finite

    names = ("target", "noise", "activation", "width", "dimension", "loss", "ladder")
    parameters = {name: predicted.attrs[name] for name in names}
    lists = ("batch", "learning_rate", "exponents")
    parameters |= {name: json.loads(predicted.attrs[name]) for name in lists}
    parameters["reuse"] = bool(predicted.attrs["reuse"])
    rows = []
    for place in np.flatnonzero(predicted["present"].values):
        at = predicted.isel(spike=place)
        row: dict[str, Any] = {name: finite(at[name]) for name in MEASURED}
        rows.append(row | {"rung": int(at["rung"]), "informative": bool(at["informative"])})
    return {
        "parameters": parameters,
        "edge": finite(predicted["edge"]),
        "outliers": rows,
        "count": int(predicted["outlier_count"]),
        "phase": {
            "floor": int(predicted["floor"]),
            "rungs": np.flatnonzero(predicted["rung_diverges"].values).tolist(),
        },
        "measured": None if walked is None else _measured(walked),
        "status": str(predicted["status"].values),
        "message": str(predicted["message"].values),
        "notes": json.loads(predicted.attrs["notes"]),
    }


def _measured(walked: OutlierWalk) -> dict[str, Any]:
    """Return what the simulation shows of each predicted outlier, with z-scores, and the counts."""
    import numpy as np

    from giantstep.cli.console import finite

    scores, rows = walked.scores, []
    for place in np.flatnonzero(walked.theory["present"].values):
        at = scores.isel(spike=place)
        row: dict[str, Any] = {"rung": int(walked.theory["rung"][place])}
        for name in MEASURED:
            row |= {name + end: finite(at[name + end]) for end in ("", "_se", "_z")}
        rows.append(row | {"visible": finite(at["visible"])})
    messages = sorted({str(message) for message in walked.data["message"].values} - {""})
    return {
        "seeds": int(walked.data.sizes["replicate"]),
        "edge": finite(scores.attrs["edge"]),
        "edge_se": finite(scores.attrs["edge_se"]),
        "count": scores.attrs["outlier_count"],
        "spike_count": scores.attrs["spike_count"],
        "outliers": rows,
        "messages": messages,
    }


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import measured, plural, stdout

    console, given, found = stdout(), document["parameters"], document["measured"]
    steps = len(given["exponents"])
    kind = "one step" if steps == 1 else "two steps on one batch" if given["reuse"] else "two fresh steps"
    console.print(
        Words.assemble((given["target"], "bold"), f"   {given['activation']}, {kind}, {given['loss']} loss")
    )
    rates = ", ".join(f"{rate:.4g}" for rate in given["learning_rate"])
    console.print(
        Words(
            f"width {given['width']}, d = {given['dimension']}, batches "
            f"{', '.join(map(str, given['batch']))}, learning rates {rates}; bulk edge {document['edge']:.4f}"
        )
    )
    phase = document["phase"]
    console.print(Words(f"as the width grows: {_leaving(phase['rungs'])} the bulk (floor {phase['floor']})"))
    console.print()
    if document["outliers"]:
        console.print(_predicted_table(document["outliers"]))
    else:
        console.print(Words("no outlier: no spike is above the threshold"))
    if found is not None:
        counts, spikes = (", ".join(map(str, found[name])) for name in ("count", "spike_count"))
        console.print()
        console.print(
            Words(
                f"{plural(found['seeds'], 'seed')}: {counts} outliers above the measured edge "
                f"{measured(found['edge'], found['edge_se'])}; {spikes} spikes of a strength that leaves the "
                f"initial bulk, predicted {document['count']}"
            )
        )
        if found["outliers"]:
            console.print()
            console.print(_measured_table(found["outliers"]))
        for message in found["messages"]:
            console.print(Words(message, style="bold"))
    console.print()
    legend = (
        "left, right, teacher: squared cosines of the singular vectors with the spike's and with the teacher"
    )
    if found is not None:
        legend += "; strength: singular value before the bulk; seen: seeds in which it stands above the edge"
    console.print(Words(f"{legend}.", style="dim"))
    for note in document["notes"]:
        console.print(Words(f"{note}.", style="dim"))
    if document["message"]:
        console.print(Words(document["message"], style="bold"))


def _leaving(rungs: list[int]) -> str:
    """Return which rungs leave the bulk, with their verb.

    >>> _leaving([]), _leaving([0]), _leaving([0, 2])
    ('no rung leaves', 'rung 0 leaves', 'rungs 0, 2 leave')
    """
    if not rungs:
        return "no rung leaves"
    return f"rung {rungs[0]} leaves" if len(rungs) == 1 else f"rungs {', '.join(map(str, rungs))} leave"


def _table(*titles: str) -> Any:
    from giantstep.cli.console import empty_table

    table = empty_table()
    for title in titles:
        table.add_column(title)
    return table


def _predicted_table(outliers: list[dict[str, Any]]) -> Any:
    from giantstep.cli.console import written

    table = _table("rung", "strength", "singular value", "left", "right", "teacher", "informative")
    for row in outliers:
        cells = (written(row[name], ".4f") for name in MEASURED)
        table.add_row(str(row["rung"]), *cells, "yes" if row["informative"] else "no")
    return table


def _measured_table(outliers: list[dict[str, Any]]) -> Any:
    """Return what was measured of the predicted outliers, each number with its z-score."""
    from giantstep.cli.console import measured, written

    shown = {"strength": "strength", "singular_value": "singular value", "target_alignment": "teacher"}
    table = _table("rung", *(title for name in shown.values() for title in (name, "z")), "seen")
    for row in outliers:
        cells = []
        for name in shown:
            cells.append(measured(row[name], row[f"{name}_se"], short=True))
            cells.append(written(row[f"{name}_z"], ".1f"))
        seen = "-" if row["visible"] is None else f"{100 * row['visible']:.0f} %"
        table.add_row(str(row["rung"]), *cells, seen)
    return table
