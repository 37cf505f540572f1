"""A learning curve of ridge on deep, trained or given features: as a document, and as a table."""

from __future__ import annotations

import json as jsonlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from giantstep.studies.deep_walk import DeepWalk

COLUMNS = ("test_error", "train_error", "nu", "gamma", "residual")


def document_of(walked: DeepWalk, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the contract's document of a walk."""
    from giantstep.cli.console import finite
    from giantstep.significance import rms

    theory, scores = walked.theory, walked.scores
    axis = "penalty" if "penalty" in theory.dims else "ridge"
    points = []
    for row in range(theory.sizes[axis]):
        for column in range(theory.sizes["samples"]):
            here = {axis: row, "samples": column}
            at = theory.isel(here)
            point: dict[str, Any] = {"samples": int(at["samples"]), axis: float(at[axis])}
            point |= {name: finite(at[name]) for name in COLUMNS}
            if "linearised_test_error" in theory:
                point |= {f"linearised_{name}": finite(at[f"linearised_{name}"]) for name in COLUMNS[:2]}
            point |= {"status": str(at["status"].values), "message": str(at["message"].values)}
            if "test_error" in scores:
                found = scores.isel(here)
                point["simulation"] = {
                    name: finite(found[name]) for name in sorted(map(str, found.data_vars))
                }
            points.append(point)
    document: dict[str, Any] = {"parameters": parameters | {"features": int(theory.attrs["width"])}}
    if "spike" in theory:
        document["spike"] = finite(theory["spike"].mean())
    document["warnings"] = jsonlib.loads(theory.attrs["warnings"])
    document["points"] = points
    if "test_error" in scores:
        document["seeds"] = int(walked.data.sizes["replicate"])
        document["rms_z"] = {
            name: finite(rms(scores[f"{name}_z"].values.ravel().tolist())) for name in COLUMNS[:2]
        }
        if "spike" in theory:
            z = scores["linearised_test_error_z"].values.ravel().tolist()
            document["rms_z"]["linearised_test_error"] = finite(rms(z))
    return document


def print_curve(document: dict[str, Any]) -> None:
    """Print it as a table, with what is to be said beside it."""
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, measured, plural, stdout

    console, given = stdout(), document["parameters"]
    if "data" in given:
        head = f"{given['data']}: {given['rows']} rows, {given['features']} features"
    else:
        layers = ", ".join(map(str, given["widths"]))
        rows = "trained" if "learning_rate" in given else given["rows"]
        head = f"{given['activation']}, width {layers}, {rows} rows, d = {given['dimension']}"
    console.print(Words(head, style="bold"))
    if "learning_rate" in given:
        console.print(Words(_steps(document)))
    axis = "penalty" if "penalty" in document["points"][0] else "ridge"
    simulated = "simulation" in document["points"][0]
    table = empty_table()
    linearised = "linearised_test_error" in document["points"][0]
    titles = [axis, "n", "test error", "training error"] + (["linearised"] if linearised else [])
    for title in titles + (["measured test error", "z", "measured training error", "z"] if simulated else []):
        table.add_column(title, justify="right" if title in {"n", axis, "z"} else "left")
    for point in document["points"]:
        row = [f"{point[axis]:.4g}", str(point["samples"])]
        row += [_error(point, name) for name in COLUMNS[:2]]
        row += [_error(point, "linearised_test_error")] if linearised else []
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


def _error(point: dict[str, Any], name: str) -> str:
    nothing = "infinite" if point["status"] == "peak" else "-"
    return nothing if point[name] is None else f"{point[name]:.6g}"


def _steps(document: dict[str, Any]) -> str:
    """Return what trained the features, in words."""
    from giantstep.cli.console import plural, written

    given = document["parameters"]
    steps = f"{plural(given['steps'], 'giant step')} at learning rate {given['learning_rate']}"
    spike = f"{given['batch']} fresh samples each: spike {written(document['spike'])}"
    return f"{steps}, {spike}. Errors from samples of the features; linearised: from the weights"
