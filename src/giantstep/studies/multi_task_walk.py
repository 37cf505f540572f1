"""Multi-task pretraining walked: the law for each draw of tasks, the same two steps measured, z-scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.streams import Streams, fingerprint
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
        law); the same for conditioning but z, whose law is not exact; ``accuracy``, ``accuracy_se``.
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

    from giantstep.asymptotics import task_alignment
    from giantstep.training.multi_task.pretraining import alignment_of, pretrain

    shape = (seeds, len(settings))
    law, measured = ({name: np.empty(shape) for name in QUANTITIES} for _ in range(2))
    accuracy, warnings = [], []
    for replicate in range(seeds):
        streams = Streams(seed, replicate, prefix)
        tables = tasks.draw(streams)
        for place, setting in enumerate(settings):
            expected = task_alignment(
                tables,
                dimension=setting.dimension,
                samples=setting.head_samples,
                layer_samples=setting.layer_samples,
                fresh=setting.fresh,
                width=setting.width,
            )
            warnings += json_list(expected.attrs["warnings"])
            law["alignment"][replicate, place] = float(expected.alignment[0])
            law["conditioning"][replicate, place] = float(expected.conditioning_width[0])
            layer = pretrain(tables, setting, streams, threads=threads)
            found = alignment_of(layer, tables.rank)
            measured["alignment"][replicate, place], measured["conditioning"][replicate, place] = found
        if downstream:
            accuracy.append(
                _downstream(tasks, settings[-1], layer, downstream, downstream_tasks, streams, threads)
            )
        on_progress(1)
    coords: dict[str, Any] = {
        "replicate": np.arange(seeds),
        "samples": [setting.head_samples for setting in settings],
    }
    dims = ("replicate", "samples")
    data = xr.Dataset({name: (dims, values) for name, values in measured.items()}, coords)
    if downstream:
        from giantstep.training.multi_task.downstream import REPRESENTATIONS

        axes = ("replicate", "representation", "downstream_samples")
        data = data.assign_coords(representation=list(REPRESENTATIONS), downstream_samples=list(downstream))
        data["accuracy"] = (axes, np.array(accuracy))
    data.attrs |= {"engine": "simulation", "seed": str(seed), "fingerprint": fingerprint()}
    theory = xr.Dataset({name: (dims, values) for name, values in law.items()}, coords)
    return MultiTaskWalk(theory, data, scores(theory, data), tuple(dict.fromkeys(warnings)))


def json_list(text: str) -> list[str]:
    """Return the sentences of an attribute."""
    import json

    return list(json.loads(text))


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

    count = data.sizes["replicate"]

    def error(values: Any) -> Any:
        return values.std(0, ddof=1) / math.sqrt(count) if count > 1 else np.full(values.shape[1:], np.nan)

    found: dict[str, Any] = {}
    for name in QUANTITIES:
        found[name] = ("samples", data[name].values.mean(0))
        found[f"{name}_se"] = ("samples", error(data[name].values))
        found[f"{name}_law"] = ("samples", theory[name].values.mean(0))
    off = data["alignment"].values - theory["alignment"].values
    with np.errstate(invalid="ignore", divide="ignore"):
        found["alignment_z"] = ("samples", off.mean(0) / error(off))
    if "accuracy" in data:
        dims = data["accuracy"].dims[1:]
        found["accuracy"] = (dims, data["accuracy"].values.mean(0))
        found["accuracy_se"] = (dims, error(data["accuracy"].values))
    coords = {name: data[name] for name in data.coords if name != "replicate"}
    return xr.Dataset(found, coords)
