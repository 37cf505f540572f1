"""A simulation step by step: what ``--json`` prints of it, and the table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from giantstep.cli.console import count, empty_table, finite, measured, plural, stdout

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.staircase import Certificate
    from giantstep.studies.walk import Walk
    from giantstep.targets import Target


def measurements(data: xr.Dataset, certificate: Certificate) -> dict[str, Any]:
    """Return what was measured, JSON-ready: means over seeds with their standard errors, step by step."""
    import numpy as np

    from giantstep.alignment import aligned_fraction

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
    document: dict[str, Any] = {"steps": steps, "test_error": None, "test_error_se": None}
    if "test_error" in data:
        document["test_error"], document["test_error_se"] = _mean_and_error(data["test_error"].values)
    for name in ("ridge", "test_error_no_step"):
        if name in data:
            document[name] = finite(data[name].mean())
    return document


def theory_beside(
    walked: Walk, target: Target, network: Network, samples: int | None, dimension: int
) -> dict[str, Any]:
    """Return what theory expects beside the measurement, JSON-ready.

    ``samples`` are those of the readout regression, None without one.
    """
    from giantstep.cli.predict_overlaps import predicted_steps
    from giantstep.studies.walk import error_bounds

    theory = walked.prediction.overlaps
    document: dict[str, Any] = {
        "predicted_overlaps": None
        if theory is None
        else [row["overlaps"] for row in predicted_steps(theory)],
        "prediction_note": walked.prediction.note,
        "bounds": None,
    }
    if samples is None:
        return document
    found = error_bounds(target, network, walked.certificate, samples=samples, dimension=dimension)
    if found is not None:
        last = min(walked.data.sizes["step"], found.sizes["step"]) - 1
        document["bounds"] = {
            "order": found.attrs["order"],
            "learned_subspace": finite(found["bound"].values[last] + target.noise),
            "no_step": finite(found["kernel_bound"].values + target.noise),
        }
    return document


def effective_basis(certificate: Certificate) -> Any:
    """Return orthonormal rows of the directions that the target really depends on."""
    import numpy as np

    bases = [item.directions for item in certificate.per_direction_leap]
    return np.vstack(bases) if bases else np.zeros((0, certificate.rank))


def _mean_and_error(values: Any) -> tuple[float | None, float | None]:
    """Mean over seeds and its standard error; None for an error from one seed and for what is not finite."""
    import numpy as np

    from giantstep.significance import means_and_errors

    with np.errstate(all="ignore"):
        mean, error = means_and_errors(values)
    return finite(mean), finite(error)


def print_steps(
    document: dict[str, Any], target: Target, network: Network, protocol: Protocol, seeds: int
) -> None:
    """Print the steps as a table, and what they come to."""
    from rich.text import Text as Words

    console = stdout()
    name = f"  ({target.name})" if target.name and target.name != str(target) else ""
    console.print(Words.assemble((str(target), "bold"), name))
    console.print(Words(_setting(document, network, protocol)))
    console.print(Words(f"engine {document['engine']}: {document['engine_reason']}"))
    console.print()
    table = empty_table()
    table.add_column("step", justify="right")
    table.add_column("predicted", justify="right")
    table.add_column("alignment")
    shown = min(target.rank, 5)
    short = console.width < 20 * (shown + 2)
    for axis in range(shown):
        table.add_column(f"overlap z{axis + 1}")
    expected = document["predicted_overlaps"]
    beside = expected is not None and not short
    for step in document["steps"]:
        predicted = "-" if step["predicted_dimension"] is None else f"dim {step['predicted_dimension']}"
        axes = zip(step["overlaps"][:shown], step["overlaps_se"][:shown], strict=True)
        table.add_row(
            str(step["step"]),
            predicted,
            measured(step["alignment"], step["alignment_se"], short=short),
            *(
                measured(*axis, short=short)
                + (f"  [{measured(expected[step['step']][number], None)}]" if beside else "")
                for number, axis in enumerate(axes)
            ),
        )
    console.print(table)
    console.print()
    error = (
        "in brackets: standard error over seeds, in the last digit"
        if short
        else "±: standard error over seeds"
    )
    legend = (
        "predicted: dimension of the subspace U_t that theory lets this network learn; alignment: fraction "
        f"of the neurons' squared norm inside the target's subspace; overlap: rms over neurons; {error}"
        + (f"; [..]: theory at d -> infinity{_whose(network)}." if beside else ".")
    )
    console.print(Words(legend, style="dim"))
    if shown < target.rank:
        console.print(Words(f"{target.rank - shown} more directions: see --json.", style="dim"))
    if document["test_error"] is not None:
        console.print(Words(_test_error(document)))
    if document["bounds"] is not None:
        console.print(Words(_bounds(document["bounds"])))
    if document["prediction_note"]:
        console.print(Words(document["prediction_note"], style="dim"))
    dimensions = document["dimensions"]
    over = f" over d = {', '.join(map(count, dimensions))}" if len(dimensions) > 1 else ""
    console.print(
        Words.assemble(
            f"theory and simulation{over}: ", (document["verdict"], "bold"), f" - {document['reason']}"
        )
    )
    console.print(Words(f"{plural(seeds, 'seed')}, {count(document['seconds'])} s", style="dim"))


def _setting(document: dict[str, Any], network: Network, protocol: Protocol) -> str:
    first = protocol.steps[0] if protocol.steps else None
    batch = document["batch"]
    parts = [f"d = {count(document['dimension'])}", f"{network.width} neurons", network.activation.name]
    if first is not None:
        kind = "one batch, reused," if any(step.reuse for step in protocol.steps) else "fresh batches"
        size = str(first.batch)
        total = f" = {count(batch)}" if isinstance(batch, int) and size != str(batch) else ""
        parts += [f"{kind} of {size}{total} samples", f"learning rate {first.learning_rate}"]
    return ", ".join(parts)


def _whose(network: Network) -> str:
    """Theory needs the numbers of one network; signs alone do not matter to the rms."""
    random = network.readout in ("gaussian", "uniform") or network.bias_is_random
    return ", for the first seed's readout and biases" if random else ""


def _bounds(bounds: dict[str, Any]) -> str:
    learnt, plain = bounds["learned_subspace"], bounds["no_step"]
    return (
        f"lower bound {learnt:.4g} with the learnt subspace, {plain:.4g} for plain kernels "
        f"(functions of degree <= {bounds['order']} outside it, as d -> infinity; noise included)"
    )


def _test_error(document: dict[str, Any]) -> str:
    text = f"test error {measured(document['test_error'], document['test_error_se'])}"
    if document.get("ridge") is None:
        return text + " (initial readout; --ridge auto refits it)"
    text += f" (readout refitted, ridge {document['ridge']:.3g}"
    if document.get("test_error_no_step") is not None:
        text += f"; without any step {document['test_error_no_step']:.4g}"
    return text + ")"
