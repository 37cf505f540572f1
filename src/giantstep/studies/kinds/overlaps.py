"""Kind ``overlaps``: what `giantstep.predict.overlaps` expects of the first giant steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from giantstep.studies.kinds.kind import RANK, Draws, Kind, Spec, read_nouns
from giantstep.studies.words import NetworkWords, ProtocolField, Spell, TargetPointWords, naming, run_nouns
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class OverlapsWords(TargetPointWords):
    """The overlaps of theory; random readouts are those of this replicate of a simulation."""

    kind: Literal["overlaps"]
    network: NetworkWords
    protocol: ProtocolField
    dimension: int | None = None
    samples: int | None = Field(default=None, ge=1000, le=10**10)
    replicate: int = Field(default=0, ge=0)
    method: Literal["auto", "sampling"] = "auto"


def spec(words: OverlapsWords, spell: Spell) -> Spec:
    """Return the canonical fields; sizes that need a dimension are noticed here."""
    from giantstep.asymptotics.schedule import resolve
    from giantstep.streams import Streams

    target, network, protocol = run_nouns(words, spell)
    with naming(spell("protocol")):
        resolve(target, network, protocol, words.dimension, Streams(0, 0))
    found: Spec = {"target": target.spec(), "network": network.spec(), "protocol": protocol.spec()}
    plain = {"dimension": words.dimension, "samples": words.samples, "replicate": words.replicate or None}
    found |= {name: value for name, value in plain.items() if value is not None}
    return found if words.method == "auto" else found | {"method": words.method}


def compute(spec: Spec) -> xr.Dataset:
    """Return the prediction."""
    from giantstep.asymptotics import overlaps

    return overlaps(
        *read_nouns(spec),
        dimension=spec.get("dimension"),
        samples=spec.get("samples"),
        seed=spec["seed"],
        replicate=spec.get("replicate", 0),
        method=spec.get("method", "auto"),
        threads=1,
    )


def cost(spec: Spec) -> Cost:
    """Return the expected cost: that of sampling every step."""
    from giantstep.asymptotics.overlap_dynamics import default_samples, sampling_seconds

    target, network, protocol = read_nouns(spec)
    samples = spec.get("samples") or default_samples(network.width)
    return Cost(sampling_seconds(target, network, protocol, samples), 2.0**28)


KIND = Kind(
    words=OverlapsWords, spec=spec, compute=compute, cost=cost, draws=Draws.SEED, facts={"rank": RANK}
)
