"""`giantstep predict time-scales`: when gradient flow with a fast readout learns each Hermite component."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.neighbour_words import check_simulated, read_components
from giantstep.cli.options import (
    ANSWER,
    Answer,
    Count,
    Number,
    Optional,
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
from giantstep.errors import SpecError

if TYPE_CHECKING:
    import xarray as xr


def time_scales(
    target: Optional = None,
    /,
    *,
    activation: Optional = None,
    orthonormal_target: OptionalList = None,
    orthonormal_activation: OptionalList = None,
    degree: Count = "6",
    time_scale_ratio: OptionalList = None,
    width: Count = "64",
    dimension: OptionalCount = None,
    until: Number = "3",
    noise: OptionalNumber = None,
    seeds: OptionalCount = None,
    simulate: OptionalCount = None,
    method: Text = "flow",
    step: OptionalNumber = None,
    batch: Count = "20",
    seed: Count = "0",
    answer: Answer = ANSWER,
) -> int:
    """Predict when gradient flow learns each Hermite component, the readout moving 1/ratio faster.

    Give a TARGET of z1 with --activation, or both --orthonormal-* lists.

    Parameters
    ----------
    target
        A function of z1 such as "z1 + He2(z1)", or a name of the catalog.
    activation
        relu, tanh, erf, sigmoid, gelu, softplus, sin, identity, "He1+0.5*He2", ..
    orthonormal_target
        Coefficients of orders 0, 1, .. on orthonormal Hermite polynomials He_k/sqrt(k!).
    orthonormal_activation
        The same of the activation.
    degree
        Highest component kept of a TARGET and an activation. [default: 6]
    time_scale_ratio
        One or a comma list, down to 1e-18. [default: 1e-2,1e-4,1e-6,1e-8; 1e-2 with --simulate]
    width
        Number of particles. [default: 64]
    dimension
        Overlaps start as those of random rows in this dimension; by default at zero, with --simulate 400.
    until
        Last time, in units of the first layer. [default: 3]
    noise
        Variance of the label noise, which the risk leaves out; by default the catalog's, else 0.
    seeds
        Number of random starts. [default: 3]
    simulate
        Simulate the finite network with this many seeds (instead of --seeds), beside the limit.
    method
        flow (population gradient flow) or sgd (one pass). [default: flow]
    step
        Step of sgd, below the ratio. [default: ratio/50]
    batch
        Fresh samples of a step of sgd. [default: 20]
    seed
        Root seed of the starts. [default: 0]
    """
    from giantstep import asymptotics
    from giantstep.asymptotics.time_scales.integrate import flow_seconds
    from giantstep.cli.console import afford, print_json, progress
    from giantstep.networks.particle_start import ParticleStart

    components = read_components(
        target, activation, orthonormal_target, orthonormal_activation, degree, noise
    )
    check_simulated(simulate, method=method != "flow", step=step is not None, batch=batch != "20")
    simulated = simulate is not None
    if method == "flow" and (step is not None or batch != "20"):
        name = "batch" if step is None else "step"
        raise SpecError(f"{name}: found with method flow, which takes no samples. Add --method sgd.")
    # A finite network is not followed to small ratios: its cost grows like 1/ratio.
    usual = "1e-2" if simulated else "1e-2,1e-4,1e-6,1e-8"
    ratios = numbers(usual if time_scale_ratio is None else time_scale_ratio, "time_scale_ratio")
    if simulated and seeds is not None:
        raise SpecError("seeds, simulate: found both, expected one; network and limit share their starts.")
    size = "400" if simulated and dimension is None else dimension
    starts = (
        whole("3" if seeds is None else seeds, "seeds") if simulate is None else replicate_count(simulate)
    )
    start = ParticleStart(
        width=whole(width, "width"),
        seeds=starts,
        seed=seed_number(seed),
        dimension=None if size is None else whole(size, "dimension"),
    )
    last, delta = number(until, "until"), None if step is None else number(step, "step")
    price = sum(flow_seconds(ratio, start.width) for ratio in ratios) * start.seeds
    if simulated:
        runs = [_priced(ratio, last, start, method, delta, whole(batch, "batch")) for ratio in ratios]
        price += sum(run.seconds for run in runs)
    afford(price, 2.0**27, yes=answer.yes, what="predict time-scales")
    with progress("predicting", len(ratios) * start.seeds) as advance:
        if simulated:
            from giantstep.studies.time_scales_walk import time_scales_walk

            theory = time_scales_walk(
                components,
                time_scale_ratio=ratios,
                start=start,
                until=last,
                method=method,
                step=delta,
                batch=whole(batch, "batch"),
                on_progress=advance,
            )
        else:
            theory = asymptotics.learning_times(
                components, time_scale_ratio=ratios, start=start, until=last, on_progress=advance
            )
    document = _document(theory, start)
    if simulated:
        document["simulation"] = _simulation(theory, method)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    ended = set(theory["status"].values.ravel().tolist())
    if simulated:
        ended |= set(theory["finite_status"].values.ravel().tolist())
    return int(bool({"nonfinite", "too_stiff"} & ended))


def _priced(ratio: float, until: float, start: Any, method: str, step: float | None, batch: int) -> Any:
    from giantstep.training.time_scales.runs import check_method, cost

    return cost(ratio, until, start, method, check_method(method, ratio, step, start, batch), batch)


def _simulation(data: xr.Dataset, method: str) -> dict[str, Any]:
    """Return how far the finite network's risk is from its limit, mean and standard error over seeds."""
    from giantstep.cli.console import finite
    from giantstep.significance import means_and_errors

    count = data.sizes["replicate"]
    points = []
    for ratio in data["time_scale_ratio"].values:
        at = data.sel(time_scale_ratio=ratio)
        mean, error = means_and_errors(at["deviation"].values)
        points.append(
            {
                "time_scale_ratio": float(ratio),
                "deviation": finite(mean),
                "deviation_se": finite(error),
                "final_risk": finite(at["finite_risk"].isel(time_point=-1).mean()),
                "status": sorted({str(word) for word in at["finite_status"].values}),
                "messages": sorted({str(word) for word in at["finite_message"].values} - {""}),
            }
        )
    return {"method": method, "dimension": data.attrs["dimension"], "seeds": count, "points": points}


def _document(theory: xr.Dataset, start: Any) -> dict[str, Any]:
    """Return the contract's document."""
    from giantstep.cli.console import finite

    points = []
    for place, ratio in enumerate(theory["time_scale_ratio"].values):
        at = theory.isel(time_scale_ratio=place)
        components = []
        for k in theory["component"].values:
            one = at.sel(component=k)
            row = {
                "component": int(k),
                "time": finite(one["mean_time"]),
                "time_se": finite(one["mean_time_se"]),
            }
            row["closed_form"] = finite(one["predicted_time"].mean("replicate"))
            row["exponent"] = finite(one["exponent"])
            row["local_slope"], row["local_slope_se"] = (
                finite(one["local_slope"]),
                finite(one["local_slope_se"]),
            )
            if k == 1:
                row["local_slope_without_log"] = finite(one["local_slope_without_log"])
            row["plateau"], row["risk_after"] = finite(one["plateau"]), finite(one["risk_after"].mean())
            for name in ("largest_readout", "largest_overlap"):
                row[name] = finite(one[name].mean())
            components.append(row)
        status = [str(word) for word in at["status"].values]
        messages = sorted({str(word) for word in at["message"].values} - {""})
        points.append(
            {
                "time_scale_ratio": float(ratio),
                "components": components,
                "status": status,
                "messages": messages,
            }
        )
    parameters = {
        name: theory.attrs[name] for name in ("orthonormal_activation", "orthonormal_target", "until")
    }
    parameters |= {"width": start.width, "seeds": start.seeds, "dimension": start.dimension}
    return {"parameters": parameters, "warnings": theory.attrs["warnings"], "points": points}


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, plural, stdout, written

    console, given = stdout(), document["parameters"]
    for name in ("activation", "target"):
        row = ", ".join(f"{value:.4g}" for value in given[f"orthonormal_{name}"])
        console.print(Words.assemble((f"{name:10}", "bold"), f" {row}   (orthonormal Hermite)"))
    console.print()
    table = empty_table()
    for title in ("eps", "k", "time", "closed form", "local slope", "exponent", "risk after", "plateau"):
        table.add_column(title, justify="right")
    for point in document["points"]:
        for row in point["components"]:
            first = f"{point['time_scale_ratio']:.3g}" if row["component"] == 0 else ""
            table.add_row(
                first,
                str(row["component"]),
                _with_error(row["time"], row["time_se"]),
                written(row["closed_form"]),
                _with_error(row["local_slope"], row["local_slope_se"]),
                written(row["exponent"]),
                written(row["risk_after"]),
                written(row["plateau"]),
            )
    console.print(table)
    console.print()
    legend = (
        f"Flow of {given['width']} particles, {plural(given['seeds'], 'start')}, d -> infinity; time: "
        "squared residual at a quarter. Slope: against the ratio above; t_1 carries a log."
    )
    console.print(Words(legend, style="dim"))
    for point in document.get("simulation", {}).get("points", []):
        found = _with_error(point["deviation"], point["deviation_se"])
        console.print(
            Words(
                f"simulated at eps = {point['time_scale_ratio']:.3g}: largest distance of its risk from the "
                f"limit's {found}, final risk {written(point['final_risk'])}. {' '.join(point['messages'])}"
            )
        )
    messages = {message for point in document["points"] for message in point["messages"]}
    for sentence in [*document["warnings"], *sorted(messages)]:
        console.print(Words(sentence, style="bold"))


def _with_error(value: float | None, error: float | None) -> str:
    from giantstep.cli.console import written

    if value is None or error is None:
        return written(value)
    return f"{value:.4g} ± {error:.1g}"
