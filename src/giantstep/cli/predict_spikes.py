"""`giantstep predict spikes`: outliers of the features after one giant step, and a simulation if asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    Answer,
    Count,
    Draws,
    NamedTarget,
    Number,
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
    import xarray as xr

    from giantstep.studies.spike_walk import SpikeSetting


SCALARS = ("initial_train_loss", "initial_test_error", "m1", "m2", "delta", "edge")
STEP = ("gradient_square", "gradient_alignment", "row_variance")
OF_SPIKES = ("singular_value", "leading_value", "left_alignment", "right_alignment")
GAINS = ("train_improvement", "test_improvement")
KINDS_OF_GAIN = ("", "_limit", "_dressed")


def spikes(
    *,
    target: NamedTarget,
    activation: Text = "He1+0.5*He2",
    dimension: Count = "1000",
    sample_ratio: Number = "2",
    first_batch_ratio: OptionalNumber = None,
    width_ratio: Number = "1.4",
    step_exponent: OptionalList = None,
    step_constant: Number = "1",
    learning_rate: OptionalList = None,
    ridge: Number = "0.5",
    readout: Text = "gaussian",
    form: Text = "full",
    intercept: bool = False,
    noise: OptionalNumber = None,
    simulate: OptionalCount = None,
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Predict the spikes of the features after one giant step, and what they are worth to the readout.

    Parameters
    ----------
    target
        A function of z1 such as "z1 + 0.5*He2(z1)", or a name of the catalog.
    activation
        relu, tanh, .., a mixture "He1+0.5*He2" or an expression "tanh(z+0.6)". [default: He1+0.5*He2]
    dimension
        Input dimension d. [default: 1000]
    sample_ratio
        Samples of the readout / d. [default: 2]
    first_batch_ratio
        Samples of the step / d. [default: sample-ratio]
    width_ratio
        Width / d. [default: 1.4]
    step_exponent
        alpha, one or a comma list: the learning rate is C n0^alpha, 0 <= alpha < 1/2. [default: 0.3]
    step_constant
        C. [default: 1]
    learning_rate
        The learning rate itself, one or a comma list.
    ridge
        Penalty of the readout. [default: 0.5]
    readout
        gaussian, uniform or rademacher. [default: gaussian]
    form
        full, or leading: without the variance term. [default: full]
    intercept
        Centre features and labels over the sample.
    noise
        Variance of the label noise; by default the catalog's, else 0.
    simulate
        Simulate the same with this many seeds, and lay both forms of the theory beside it.
    """
    from giantstep.cli.console import print_json
    from giantstep.studies.spike_walk import SpikeSetting

    problem = read_target(target, noise)
    if step_exponent is None and learning_rate is None:
        step_exponent = "0.3"
    exponents = None if step_exponent is None else numbers(step_exponent, "step_exponent")
    rates = None if learning_rate is None else numbers(learning_rate, "learning_rate")
    first = None if first_batch_ratio is None else number(first_batch_ratio, "first_batch_ratio")
    given: dict[str, Any] = {
        "dimension": whole(dimension, "dimension"),
        "sample_ratio": number(sample_ratio, "sample_ratio"),
        "width_ratio": number(width_ratio, "width_ratio"),
        "ridge": number(ridge, "ridge"),
        "step_constant": number(step_constant, "step_constant"),
    }
    settings = [
        SpikeSetting(
            problem,
            activation,
            first_batch_ratio=first,
            step_exponent=None if exponents is None else exponents[place],
            learning_rate=None if rates is None else rates[place],
            readout=readout,
            intercept=intercept,
            **given,
        )
        for place in range(len(exponents if exponents is not None else rates or ()))
    ]
    # One question about all steps: its notes speak of all of them.
    predicted = settings[0].predicted(form, exponents=exponents, rates=rates)
    measured = None if simulate is None else _simulate(settings, simulate, draws, yes=answer.yes)
    document = _document(predicted, "step_exponent" if exponents is not None else "learning_rate", measured)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    return int(any(_failed(point) for point in document["points"]))


def _failed(point: dict[str, Any]) -> bool:
    return point["status"] != "converged" or bool(point.get("measured", {}).get("messages"))


def _simulate(settings: list[SpikeSetting], seeds: str, draws: Draws, *, yes: bool) -> list[xr.Dataset]:
    from giantstep.cli.console import afford, progress
    from giantstep.studies.spike_walk import spike_walk

    count = replicate_count(seeds)
    price = settings[0].cost(count * len(settings))
    afford(price.seconds, price.memory, yes=yes, what="predict spikes --simulate")
    root, workers = draws.root(), draws.workers()
    with progress("simulating", count * len(settings)) as advance:
        return [
            spike_walk(setting, seeds=count, seed=root, threads=workers, on_progress=advance)[1]
            for setting in settings
        ]


def _document(predicted: xr.Dataset, axis: str, measured: list[xr.Dataset] | None) -> dict[str, Any]:
    """Return the contract's document."""
    import json

    from giantstep.cli.console import finite

    said = predicted.attrs
    names = ("target", "noise", "activation", "readout", "dimension", "width", "sample_ratio")
    parameters = {name: said[name] for name in (*names, "first_batch_ratio", "ridge", "form")}
    parameters["intercept"] = bool(said["intercept"])
    points = []
    for place in range(predicted.sizes[axis]):
        at = predicted.isel({axis: place})
        count = int(at["spike_count"])
        point: dict[str, Any] = {
            "step_exponent": finite(at[axis]) if axis == "step_exponent" else None,
            "learning_rate": finite(at["learning_rate"]),
            "spike_count": None if count < 0 else count,
            "growing_orders": [int(k) for k in str(at["growing_orders"].values).split(",") if k],
        }
        point |= {name: finite(at[name]) for name in (*SCALARS, *STEP)}
        point["spikes"] = [_spike(at.sel(spike_order=k)) for k in at["spike_order"].values]
        point["losses"] = [_losses(at.sel(spike_order=k)) for k in at["spike_order"].values]
        point |= {"status": str(at["status"].values), "message": str(at["message"].values)}
        point["residual"] = finite(at["residual"])
        if measured is not None:
            point["measured"] = _measured(measured[place])
        points.append(point)
    return {"parameters": parameters, "points": points, "notes": json.loads(said["notes"])}


def _spike(one: xr.Dataset) -> dict[str, Any]:
    from giantstep.cli.console import finite

    found = {"order": int(one["spike_order"]), "status": str(one["spike_status"].values)}
    return found | {name: finite(one[name]) for name in OF_SPIKES}


def _losses(one: xr.Dataset) -> dict[str, Any]:
    from giantstep.cli.console import finite

    names = ["train_loss", "test_error"] + [f"{gain}{kind}" for kind in KINDS_OF_GAIN for gain in GAINS]
    return {"terms": int(one["spike_order"])} | {name: finite(one[name]) for name in names}


def _measured(scores: xr.Dataset) -> dict[str, Any]:
    """Return what was measured of each kind of features, with standard errors and z-scores."""
    from giantstep.cli.console import finite
    from giantstep.studies.spike_walk import GAINS as GAINED
    from giantstep.studies.spike_walk import SPIKES

    def read(one: xr.Dataset, name: str) -> dict[str, float | None]:
        return {name + part: finite(one[name + part]) for part in ("", "_se", "_predicted", "_z")}

    rows = []
    for kind in scores["features"].values:
        one = scores.sel(features=kind)
        row: dict[str, Any] = {"features": str(kind)}
        for name in GAINED:
            row |= read(one, name)
        row["spikes"] = []
        for k in one["spike_order"].values:
            spike: dict[str, Any] = {"order": int(k)}
            for name in SPIKES:
                spike |= read(one.sel(spike_order=k), name)
            row["spikes"].append(spike)
        rows.append(row)
    initial: dict[str, Any] = {}
    for name in ("initial_train_loss", "initial_test_error"):
        initial |= read(scores, name)
    return initial | {"features": rows, "messages": scores.attrs["messages"]}


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import stdout

    console, given = stdout(), document["parameters"]
    size = f"d = {given['dimension']}, width {given['width']}, {given['readout']} readout"
    console.print(Words.assemble((given["target"], "bold"), f"   {given['activation']}, {size}"))
    for point in document["points"]:
        step = f"learning rate {point['learning_rate']:.4g}"
        if point["step_exponent"] is not None:
            step = f"step exponent {point['step_exponent']:g}, {step}: {_growing(point)}"
        console.print()
        console.print(Words(f"{step}; bulk up to {point['edge']:.4g}", style="bold"))
        console.print(_table(point))
        for message in point.get("measured", {}).get("messages", ()):
            console.print(Words(message, style="bold"))
        if point["message"]:
            console.print(Words(point["message"], style="bold"))
    console.print()
    if any("measured" in point for point in document["points"]):
        legend = (
            "z: (mean - theory) / standard error on the scale of a normal law, each row by its own theory."
        )
        console.print(Words(legend, style="dim"))
    for sentence in document["notes"]:
        console.print(Words(f"{sentence}.", style="dim"))


def _table(point: dict[str, Any]) -> Any:
    """Return both forms of the theory, and under them what was measured, each number with its z-score."""

    from giantstep.cli.console import empty_table, written
    from giantstep.cli.console import measured as with_error

    kinds = point.get("measured", {}).get("features", ())
    table = empty_table()
    for title in ("order", "status", "singular value", "cos² left", "train gain", "test gain"):
        table.add_column(title, justify="left" if title == "status" else "right")
        if kinds and title not in ("order", "status"):
            table.add_column("z", justify="right")

    def add(order: int, status: str, cells: list[tuple[str, str]], style: str = "") -> None:
        table.add_row(
            str(order), status, *(word for cell in cells for word in cell[: 1 + bool(kinds)]), style=style
        )

    def plain(value: float | None) -> tuple[str, str]:
        return written(value, ".4f"), ""

    def scored(row: dict[str, Any], name: str) -> tuple[str, str]:
        return with_error(row[name], row[f"{name}_se"], short=True), written(row[f"{name}_z"], ".1f")

    of_spikes = ("singular_value", "left_alignment")
    for spike, loss in zip(point["spikes"], point["losses"], strict=True):
        seen = spike["status"] == "outlier"
        cells = [plain(spike[name] if seen else None) for name in of_spikes]
        cells += [plain(loss[name]) for name in GAINS]
        add(spike["order"], spike["status"].replace("_", " "), cells)
    for row in kinds:
        if row["features"] == "spikes_leading":
            second = row["spikes"][-1]
            cells = [plain(second[f"{name}_predicted"]) for name in of_spikes]
            add(2, "theory without V", cells + [plain(row[f"{name}_predicted"]) for name in GAINS])
        for spike in row["spikes"]:
            cells = [scored(spike, name) for name in of_spikes]
            if spike is row["spikes"][-1]:
                cells += [scored(row, name) for name in GAINS]
            add(spike["order"], _FEATURES[row["features"]], cells, "dim")
    return table


_FEATURES = {
    "network": "simulated network",
    "spike_1": "F0 + spike 1",
    "spikes_leading": "F0 + spikes, no V",
    "spikes": "F0 + spikes",
}


def _growing(point: dict[str, Any]) -> str:
    from giantstep.cli.console import plural

    orders = ", ".join(map(str, point["growing_orders"]))
    return f"{plural(point['spike_count'], 'spike')} of growing size" + (
        f" (order {orders})" if orders else ""
    )
