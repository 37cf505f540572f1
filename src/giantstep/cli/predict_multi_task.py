"""`giantstep predict multi-task`: what two-step pretraining on many tasks aligns; simulated if asked."""

from __future__ import annotations

import json as jsonlib
from typing import Annotated, Any

from cyclopts import Parameter

from giantstep.cli.neighbour_words import check_simulated
from giantstep.cli.options import (
    ANSWER,
    DRAWS,
    Answer,
    Count,
    Draws,
    OptionalCount,
    Text,
    replicate_count,
    whole,
)

SizeList = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="SIZE,..")]
OptionalSizes = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="N,..")]
CEILING = (
    "downstream: the leakage outside the bits keeps multi below oracle; more pretraining samples lift it"
)
LAW = ("alignment", "signal", "leakage", "conditioning", "conditioning_width")


def multi_task(
    *,
    rank: Count = "3",
    tasks: Text = "200",
    dimension: Count = "200",
    width: Count = "300",
    samples: SizeList = "20d",
    layer_samples: OptionalCount = None,
    unbalanced: bool = False,
    centred: bool = False,
    fresh: bool = False,
    simulate: OptionalCount = None,
    downstream: OptionalSizes = None,
    downstream_tasks: Count = "3",
    draws: Draws = DRAWS,
    answer: Answer = ANSWER,
) -> int:
    """Predict how much of a relu layer two-step pretraining on many tasks aligns with their shared bits.

    Parameters
    ----------
    rank
        Latent bits r: signs of the first r inputs. [default: 3]
    tasks
        How many tasks, or infinite. [default: 200]
    dimension
        Number of inputs d. [default: 200]
    width
        Neurons. [default: 300]
    samples
        Pretraining samples of each of the two steps, such as 20d, one or a comma list. [default: 20d]
    layer_samples
        Samples of the second step, where they differ.
    unbalanced
        Truth tables uniform among all, not among the balanced ones.
    centred
        Take each task's mean label off.
    fresh
        Inputs of its own for every task; samples are then of each task.
    simulate
        Pretrain with this many seeds, and lay the law of each draw of tasks beside it.
    downstream
        With --simulate: samples of downstream tasks, such as 50,200.
    downstream_tasks
        Fresh tasks of each seed. [default: 3]
    """
    from giantstep.asymptotics import task_alignment
    from giantstep.cli.console import finite, print_json
    from giantstep.errors import SpecError
    from giantstep.sizes import Size
    from giantstep.streams import Streams
    from giantstep.targets.tasks import Tasks
    from giantstep.training.multi_task.pretraining import Pretraining

    try:
        count = None if tasks == "infinite" else whole(tasks, "tasks")
    except SpecError:
        raise SpecError(f"tasks: found {tasks!r}, expected a whole number, or infinite.") from None
    law = Tasks(whole(rank, "rank"), count, not unbalanced, centred)
    d, m, root = whole(dimension, "dimension"), whole(width, "width"), draws.root()
    if d < law.rank:
        raise SpecError(f"dimension: found {d}, expected at least the rank, {law.rank}.")
    sizes = [Size.parse(part.strip(), name="samples") for part in samples.split(",")]
    counts = sorted({size.count(dimension=d, width=m, name="samples") for size in sizes})
    second = None if layer_samples is None else whole(layer_samples, "layer_samples")
    settings = [Pretraining(d, m, n, n if second is None else second, fresh) for n in counts]
    check_simulated(simulate, downstream=downstream is not None)
    found = task_alignment(
        law.draw(Streams(root)), dimension=d, samples=counts, layer_samples=second, fresh=fresh, width=m
    )
    points = [
        {"samples": n} | {name: finite(found[name][place]) for name in LAW} for place, n in enumerate(counts)
    ]
    document: dict[str, Any] = {
        "parameters": {
            "rank": law.rank,
            "tasks": count,
            "dimension": d,
            "width": m,
            "balanced": law.balanced,
            "centred": centred,
            "fresh": fresh,
            "layer_samples": second,
            "seed": root,
        },
        "warnings": jsonlib.loads(found.attrs["warnings"]),
        "corrections": [],
        "points": points,
    }
    if simulate is not None:
        document |= _simulate(law, settings, simulate, downstream, downstream_tasks, draws, yes=answer.yes)
    if answer.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _simulate(
    law: Any,
    settings: Any,
    seeds: str,
    downstream: str | None,
    downstream_tasks: str,
    draws: Draws,
    *,
    yes: bool,
) -> dict[str, Any]:
    from giantstep.cli.console import afford, finite, progress
    from giantstep.significance import rms
    from giantstep.studies.multi_task_walk import multi_task_walk
    from giantstep.threads import check_threads

    count = replicate_count(seeds)
    later = (
        [] if downstream is None else [whole(part.strip(), "downstream") for part in downstream.split(",")]
    )
    workers = check_threads(draws.workers())
    each = sum(setting.seconds(law.count or 1) for setting in settings)
    last = settings[-1]
    memory = 8.0 * (3 + 2 * workers) * last.width * last.dimension + 2.0**27
    afford(count * each / workers, memory, yes=yes, what="predict multi-task --simulate")
    with progress("simulating", count) as advance:
        walked = multi_task_walk(
            law,
            settings,
            seeds=count,
            seed=draws.root(),
            downstream=later,
            downstream_tasks=whole(downstream_tasks, "downstream_tasks"),
            threads=workers,
            on_progress=advance,
        )
    scores = walked.scores
    names = [str(name) for name in scores.data_vars if not str(name).startswith("accuracy")]
    points = [
        {"samples": int(n)} | {name: finite(scores[name][place]) for name in names}
        for place, n in enumerate(scores["samples"].values)
    ]
    result: dict[str, Any] = {"seeds": count, "points": points}
    result["rms_z"] = finite(rms(scores["alignment_z"].values))
    result["rms_z_conditioning"] = finite(rms(scores["conditioning_z"].values))
    if later:
        result["downstream"] = [
            {
                "representation": str(kind),
                "samples": int(n),
                "accuracy": finite(scores["accuracy"].sel(representation=kind, downstream_samples=n)),
                "accuracy_se": finite(scores["accuracy_se"].sel(representation=kind, downstream_samples=n)),
            }
            for kind in scores["representation"].values
            for n in later
        ]
    found: dict[str, Any] = {"simulation": result, "warnings": list(walked.warnings)}
    if later:
        found["corrections"] = [CEILING]
    return found


def _print(document: dict[str, Any]) -> None:
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, measured, plural, stdout

    console, given = stdout(), document["parameters"]
    kinds = [name for name in ("balanced", "centred", "fresh") if given[name]] or ["unbalanced"]
    one = "" if given["tasks"] == 1 else "s"
    tasks = f"{'infinitely many' if given['tasks'] is None else given['tasks']} task{one}"
    head = f"{tasks} ({', '.join(kinds)}) of {plural(given['rank'], 'bit')}, d = {given['dimension']}, "
    console.print(Words(f"{head}width {given['width']}", style="bold"))
    simulated = document.get("simulation")
    table = empty_table()
    titles = ["samples", "alignment", "conditioning"]
    for title in titles + (["measured alignment", "z", "measured conditioning", "z "] if simulated else []):
        table.add_column(title, justify="right" if title.strip() in {"samples", "z"} else "left")
    for place, point in enumerate(document["points"]):
        row = [str(point["samples"]), f"{point['alignment']:.4f}", f"{point['conditioning_width']:.3f}"]
        if simulated:
            found = simulated["points"][place]
            row[1:] = [f"{found['alignment_law']:.4f}", f"{found['conditioning_law']:.3f}"]
            for name in ("alignment", "conditioning"):
                z = found[f"{name}_z"]
                row += [measured(found[name], found[f"{name}_se"]), "-" if z is None else f"{z:.1f}"]
        table.add_row(*row)
    console.print(table)
    if simulated:
        both = f"{_z(simulated['rms_z'])}, of the conditioning: {_z(simulated['rms_z_conditioning'])}"
        console.print(Words(f"{plural(simulated['seeds'], 'seed')}; rms z of the alignment: {both}."))
        if "downstream" in simulated:
            _print_downstream(simulated["downstream"])
    for sentence in document["corrections"]:
        console.print(Words(f"{sentence}.", style="dim"))
    for warning in document["warnings"]:
        console.print(Words(warning, style="bold"))


def _print_downstream(rows: list[dict[str, Any]]) -> None:
    from giantstep.cli.console import empty_table, measured, stdout

    samples = sorted({row["samples"] for row in rows})
    table = empty_table()
    table.title = "downstream accuracy"
    table.add_column("features")
    for n in samples:
        table.add_column(f"n = {n}")
    for kind in dict.fromkeys(row["representation"] for row in rows):
        cells = [row for row in rows if row["representation"] == kind]
        table.add_row(kind, *(measured(row["accuracy"], row["accuracy_se"], short=True) for row in cells))
    stdout().print(table)


def _z(value: float | None) -> str:
    return "needs two seeds" if value is None else f"{value:.2g}"
