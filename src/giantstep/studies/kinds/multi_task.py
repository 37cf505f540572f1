"""Kind ``multi-task``: two-step pretraining on many tasks, beside the alignment law of its own tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams
from giantstep.studies.multi_task_walk import one_pretraining
from giantstep.studies.words import PointWords, Spell, given, naming
from giantstep.targets.tasks import Tasks
from giantstep.training.choice import Cost
from giantstep.training.multi_task.downstream import REPRESENTATIONS, TEST_SAMPLES
from giantstep.training.multi_task.pretraining import Pretraining

if TYPE_CHECKING:
    import xarray as xr


class MultiTaskWords(PointWords):
    """Tasks, the two steps at several numbers of samples, and downstream tasks at the last one."""

    kind: Literal["multi-task"]
    rank: int = 3
    tasks: int | Literal["infinite"] = 200
    balanced: bool = True
    centred: bool = False
    dimension: int
    width: int = 300
    samples: list[int]
    layer_samples: int | None = None
    fresh: bool = False
    downstream: list[int] = Field(default_factory=list)
    downstream_tasks: int = 3
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: MultiTaskWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.errors import SpecError, whole_number
    from giantstep.training.multi_task.downstream import FEWEST

    found = given(words)
    with naming(spell("tasks")):
        tasks = read_tasks(found)
    with naming(spell("samples")):
        if not words.samples:
            raise SpecError("found an empty list, expected numbers of samples.")
        read_settings(found)
    with naming(spell("dimension")):
        whole_number("dimension", words.dimension, tasks.rank, 10**6)
    with naming(spell("downstream")):
        for n in words.downstream:
            whole_number("downstream samples", n, FEWEST, 10**6)
    return found


def read_tasks(spec: Spec) -> Tasks:
    """Return the law of the tasks of a point's spec."""
    count: Any = spec.get("tasks", 200)
    number = None if count == "infinite" else count
    return Tasks(spec.get("rank", 3), number, spec.get("balanced", True), spec.get("centred", False))


def read_settings(spec: Spec) -> list[Pretraining]:
    """Return the sizes of every pretraining of a point's spec."""
    width, fresh, second = spec.get("width", 300), spec.get("fresh", False), spec.get("layer_samples")
    return [
        Pretraining(spec["dimension"], width, n, n if second is None else second, fresh)
        for n in spec["samples"]
    ]


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate: measured alignment and conditioning, their laws, downstream accuracies."""
    import xarray as xr

    later = spec.get("downstream", [])
    found = one_pretraining(
        read_tasks(spec),
        read_settings(spec),
        read_streams(spec),
        downstream=later,
        downstream_tasks=spec.get("downstream_tasks", 3),
        threads=1,
    )
    warnings = json.dumps(list(dict.fromkeys(found.pop("warnings"))))
    coords: dict[str, Any] = {"samples": spec["samples"]}
    accuracy = found.pop("accuracy", None)
    data = xr.Dataset({name: ("samples", values) for name, values in found.items()}, coords)
    if accuracy is not None:
        data = data.assign_coords(representation=list(REPRESENTATIONS), downstream_samples=later)
        data["accuracy"] = (("representation", "downstream_samples"), accuracy)
    return data.assign_attrs(engine="direct", warnings=warnings)


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects."""
    tasks, settings = read_tasks(spec), read_settings(spec)
    last = settings[-1]
    seconds = sum(setting.seconds(tasks.count or 1) for setting in settings)
    later = spec.get("downstream", [])
    if later:
        tested = 4 * spec.get("downstream_tasks", 3) * (TEST_SAMPLES + max(later))
        seconds += last.seconds(1) + 1e-8 * tested * last.dimension + 1.2 * len(later)
    return Cost(seconds, 2.0**27 + 60.0 * last.width * last.dimension)


KIND = Kind(words=MultiTaskWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
