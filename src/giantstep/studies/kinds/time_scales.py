"""Kind ``time-scales``: when each Hermite component is learned, with a finite network beside it if asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from giantstep.errors import SpecError
from giantstep.networks.hermite_components import HermiteComponents
from giantstep.networks.particle_start import ParticleStart
from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams, read_target
from giantstep.studies.words import Number, PointWords, Spell, TargetWords, given, naming
from giantstep.targets import Target, catalog
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class TimeScalesWords(PointWords):
    """One flow: a target with an activation, or the orthonormal coefficients of both."""

    kind: Literal["time-scales"]
    target: str | TargetWords | None = None
    activation: str | None = None
    degree: int = 6
    orthonormal_target: list[Number] | None = None
    orthonormal_activation: list[Number] | None = None
    time_scale_ratio: Number
    width: int = 64
    dimension: int | None = None
    until: Number = 3.0
    method: Literal["flow", "sgd"] | None = None
    step: Number | None = None
    batch: int = 20
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: TimeScalesWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    found = given(words)
    if words.target is not None:
        with naming(spell("target")):
            found["target"] = _target(words.target).spec()
    with naming(spell("orthonormal_target" if words.target is None else "target")):
        components(found)
    with naming(spell("time_scale_ratio")):
        if not 0 < words.time_scale_ratio < 1:
            raise SpecError(f"found {words.time_scale_ratio!r}, expected a number between 0 and 1.")
    with naming(spell("width")):
        start = ParticleStart(width=words.width, seeds=1, dimension=words.dimension)
    if words.method is not None:
        from giantstep.training.time_scales.runs import check_method

        with naming(spell("dimension")):
            if words.dimension is None:
                raise SpecError("found none, expected the input dimension of the simulated network.")
        with naming(spell("step")):
            check_method(words.method, float(words.time_scale_ratio), words.step, start, words.batch)
    return found


def _target(words: str | TargetWords) -> Target:
    if isinstance(words, TargetWords):
        return words.noun()
    return Target.from_catalog(words) if words in catalog.names() else Target.parse(words)


def components(spec: Spec) -> HermiteComponents:
    """Return the components that a spec spells."""
    lists = [spec.get("orthonormal_activation"), spec.get("orthonormal_target")]
    nouns = [spec.get("target"), spec.get("activation")]
    if None not in lists and nouns == [None, None]:
        return HermiteComponents(tuple(lists[0]), tuple(lists[1]))  # type: ignore[arg-type]
    if None in nouns or lists != [None, None]:
        raise SpecError(
            "expected target with activation, or orthonormal_target with orthonormal_activation, and not a "
            "mixture of both."
        )
    return HermiteComponents.of(
        read_target(spec["target"]), str(spec["activation"]), degree=spec.get("degree", 6)
    )


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate's flow, and the finite network's risk beside it where a method is given."""
    streams = read_streams(spec)
    start = ParticleStart(
        width=spec.get("width", 64),
        seeds=1,
        seed=streams.seed,
        dimension=spec.get("dimension"),
        first=streams.replicate,
        prefix=streams.prefix,
    )
    words: dict[str, Any] = {"time_scale_ratio": [spec["time_scale_ratio"]], "start": start}
    words["until"] = spec.get("until", 3.0)
    if "method" in spec:
        from giantstep.studies.time_scales_walk import time_scales_walk

        words |= {"method": spec["method"], "step": spec.get("step"), "batch": spec.get("batch", 20)}
        found = time_scales_walk(components(spec), **words)
    else:
        from giantstep.asymptotics import learning_times

        found = learning_times(components(spec), **words)
    # Slopes compare ratios, and means replicates: a point has one of each.
    between = [name for name in found.data_vars if "slope" in str(name) or str(name).startswith("mean_")]
    found = found.drop_vars(between).squeeze("time_scale_ratio", drop=True)
    found = found.assign_coords(replicate=[streams.replicate])
    found.attrs = {
        "engine": spec.get("method", "theory"),
        "warnings": json.dumps(found.attrs["warnings"]),
        "orthonormal_activation": json.dumps(found.attrs["orthonormal_activation"]),
        "orthonormal_target": json.dumps(found.attrs["orthonormal_target"]),
    }
    return found


def cost(spec: Spec) -> Cost:
    """Return the cost of one replicate."""
    from giantstep.asymptotics.time_scales.integrate import flow_seconds
    from giantstep.training.time_scales import runs

    width, ratio = spec.get("width", 64), float(spec["time_scale_ratio"])
    seconds, memory = flow_seconds(ratio, width), 2.0**27
    if "method" in spec:
        start = ParticleStart(width=width, seeds=1, dimension=spec["dimension"])
        step = spec.get("step") or ratio / 50
        more = runs.cost(
            ratio, float(spec.get("until", 3.0)), start, spec["method"], step, spec.get("batch", 20)
        )
        seconds, memory = seconds + more.seconds, memory + more.memory
    return Cost(seconds, memory)


KIND = Kind(words=TimeScalesWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
