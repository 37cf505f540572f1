"""Multi-task pretraining walked: the law for each draw of tasks, the same two steps measured, z-scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, instance, shown, whole_number, whole_numbers
from giantstep.streams import Streams, fingerprint
from giantstep.studies.paired_scores import paired_score
from giantstep.targets.tasks import Tasks
from giantstep.training.multi_task.pretraining import Pretraining

if TYPE_CHECKING:
    import xarray as xr

DOWNSTREAM_STEP = 2
"""Downstream tables have an address of their own: the same at every dimension and width."""
QUANTITIES = ("alignment", "conditioning")


@dataclass(frozen=True, slots=True)
class MultiTaskWalk:
    """Law and measurement at each number of samples.

    Attributes
    ----------
    theory : xarray.Dataset
        ``alignment`` and ``conditioning`` over (replicate, samples): of each replicate's own tasks.
    data : xarray.Dataset
        The same, measured; with downstream samples also ``accuracy`` over (replicate, representation,
        downstream_samples), at the last number of pretraining samples.
    scores : xarray.Dataset
        ``alignment``, ``alignment_se``, ``alignment_law``, ``alignment_z`` (each replicate against its own
        law); the same for conditioning; ``accuracy``, ``accuracy_se``.
    warnings : tuple of str
    """

    theory: xr.Dataset
    data: xr.Dataset
    scores: xr.Dataset
    warnings: tuple[str, ...]


def multi_task_walk(
    tasks: Tasks,
    settings: Sequence[Pretraining],
    *,
    seeds: int = 4,
    seed: int = 0,
    downstream: Sequence[int] = (),
    downstream_tasks: int = 3,
    threads: int | None = None,
    prefix: tuple[int, ...] = (),
    on_progress: Callable[[int], None] = lambda done: None,
) -> MultiTaskWalk:
    """Draw tasks, predict alignment and conditioning, pretrain and measure; then train heads on fresh tasks.

    Parameters
    ----------
    tasks : Tasks
    settings : sequence of Pretraining
        Of one dimension and width, more and more samples.
    seeds, seed, threads : int
    downstream : sequence of int
        Samples of each downstream task; none to leave it out. The multi-task layer is that of the last
        setting, beside one trained on a single task, the layer of the start, and an oracle inside span(M).

    Examples
    --------
    >>> found = multi_task_walk(Tasks(2, 50), [Pretraining(60, 80, 1200, 1200)], seeds=3)
    >>> bool(np.abs(found.scores.alignment_z).max() < 9), found.data.alignment.dims
    (True, ('replicate', 'samples'))
    """
    import xarray as xr

    instance("tasks", tasks, Tasks)
    if not isinstance(settings, Sequence) or not settings:
        raise SpecError(f"settings: found {shown(settings)}, expected a list of Pretraining.")
    for setting in settings:
        instance("settings", setting, Pretraining)
    seeds = whole_number("seeds", seeds, 1, 10**6)
    if not isinstance(downstream, Sequence):
        raise SpecError(f"downstream: found {shown(downstream)}, expected a list of whole numbers.")
    downstream = whole_numbers("downstream", downstream, 1, 10**6) if downstream else []
    rows = []
    for replicate in range(seeds):
        streams = Streams(seed, replicate, prefix)
        rows.append(
            one_pretraining(
                tasks,
                settings,
                streams,
                downstream=downstream,
                downstream_tasks=downstream_tasks,
                threads=threads,
            )
        )
        on_progress(1)
    coords: dict[str, Any] = {
        "replicate": np.arange(seeds),
        "samples": [setting.head_samples for setting in settings],
    }
    dims = ("replicate", "samples")
    data = xr.Dataset({name: (dims, np.array([row[name] for row in rows])) for name in QUANTITIES}, coords)
    if downstream:
        from giantstep.training.multi_task.downstream import REPRESENTATIONS

        axes = ("replicate", "representation", "downstream_samples")
        data = data.assign_coords(representation=list(REPRESENTATIONS), downstream_samples=list(downstream))
        data["accuracy"] = (axes, np.array([row["accuracy"] for row in rows]))
    data.attrs |= {"engine": "simulation", "seed": str(seed), "fingerprint": fingerprint()}
    laws = {name: (dims, np.array([row[f"{name}_law"] for row in rows])) for name in QUANTITIES}
    theory = xr.Dataset(laws, coords)
    warnings = dict.fromkeys(sentence for row in rows for sentence in row["warnings"])
    return MultiTaskWalk(theory, data, scores(theory, data), tuple(warnings))


def one_pretraining(
    tasks: Tasks,
    settings: Sequence[Pretraining],
    streams: Streams,
    *,
    downstream: Sequence[int] = (),
    downstream_tasks: int = 3,
    threads: int | None = None,
) -> dict[str, Any]:
    """Return one replicate: ``alignment``, ``conditioning`` and their ``*_law`` at every setting.

    With downstream samples also ``accuracy`` (representations, samples), the mean over downstream tasks;
    ``warnings`` are the law's.
    """
    from giantstep.asymptotics import task_alignment
    from giantstep.training.multi_task.pretraining import alignment_of, pretrain

    tables = tasks.draw(streams)
    found: dict[str, Any] = {name: [] for kind in QUANTITIES for name in (kind, f"{kind}_law")}
    found["warnings"] = []
    layer: Any = None
    for setting in settings:
        expected = task_alignment(
            tables,
            dimension=setting.dimension,
            samples=setting.head_samples,
            layer_samples=setting.layer_samples,
            fresh=setting.fresh,
            width=setting.width,
        )
        found["warnings"] += json.loads(expected.attrs["warnings"])
        found["alignment_law"].append(float(expected.alignment[0]))
        found["conditioning_law"].append(float(expected.conditioning_width[0]))
        layer = pretrain(tables, setting, streams, threads=threads)
        alignment, conditioning = alignment_of(layer, tables.rank)
        found["alignment"].append(alignment)
        found["conditioning"].append(conditioning)
    if downstream:
        found["accuracy"] = _downstream(
            tasks, settings[-1], layer, downstream, downstream_tasks, streams, threads
        )
    return found


def _downstream(
    tasks: Tasks,
    setting: Pretraining,
    layer: Any,
    samples: Sequence[int],
    count: int,
    streams: Streams,
    threads: int | None,
) -> list[Any]:
    """Return the mean accuracy over fresh tasks of every representation, shape (representations, samples)."""
    from giantstep.training.multi_task.downstream import accuracies, oracle_layer
    from giantstep.training.multi_task.pretraining import pretrain

    fresh = Tasks(tasks.rank, count).draw(streams, step=DOWNSTREAM_STEP)
    alone = replace(tasks, count=1).draw(streams)
    layers = (
        layer,
        pretrain(alone, setting, streams, threads=threads),
        setting.start(streams),
        oracle_layer(setting.width, setting.dimension, tasks.rank, streams),
    )
    return [accuracies(one, fresh, samples, streams).mean(0) for one in layers]


def scores(theory: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Return means, standard errors over replicates and z-scores, each replicate against its own law."""
    import xarray as xr

    found: dict[str, Any] = {}
    for name in QUANTITIES:
        score = paired_score(data[name].values, theory[name].values)
        found |= {name: ("samples", score.mean), f"{name}_se": ("samples", score.error)}
        found[f"{name}_law"] = ("samples", score.theory)
        found[f"{name}_z"] = ("samples", score.z)
    if "accuracy" in data:
        dims = data["accuracy"].dims[1:]
        score = paired_score(data["accuracy"].values, 0.0)
        found["accuracy"], found["accuracy_se"] = (dims, score.mean), (dims, score.error)
    coords = {name: data[name] for name in data.coords if name != "replicate"}
    return xr.Dataset(found, coords)
