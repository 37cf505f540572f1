"""Kind ``simulation``: one replicate of `giantstep.simulate`."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

from giantstep.errors import GiantStepError, SpecError, nearest
from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.sizes import Size
from giantstep.studies.kinds.certificate import certificate_beside
from giantstep.studies.kinds.kind import RANK, Draws, Fact, Kind, Spec, read_nouns, read_streams
from giantstep.studies.words import Number, RunWords, SizeText, Spell, run_nouns
from giantstep.targets import Target
from giantstep.threads import ChunkMap, ordered_map
from giantstep.training.choice import ENGINES, Cost, choose
from giantstep.training.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr


class SimulationWords(RunWords):
    """A simulation."""

    kind: Literal["simulation"]
    engine: str = "auto"
    ridge: Number | Literal["auto"] | list[Number] | None = None
    ridge_batch: SizeText | None = None


def spec(words: SimulationWords, spell: Spell) -> Spec:
    """Return the canonical fields; raise what would otherwise fail at every replicate of the run."""
    from giantstep.training.retraining import Retraining

    target, network, protocol = run_nouns(words, spell)
    try:
        check_run(words, target, network, protocol)
        Retraining.parse(words.ridge, words.ridge_batch, dimension=words.dimension, width=network.width)
    except GiantStepError as error:
        raise SpecError(f"{spell('dimension')}: {error}") from None
    if words.engine not in ENGINES:
        hint = nearest(words.engine, ENGINES)
        raise SpecError(f"{spell('engine')}: found {words.engine!r}, expected {', '.join(ENGINES)}{hint}.")
    found = run_spec(words, target, network, protocol)
    if words.engine != "auto":
        found["engine"] = words.engine
    if words.ridge is not None:
        found["ridge"] = words.ridge
    if words.ridge_batch is not None:
        found["ridge_batch"] = str(Size.parse(words.ridge_batch, name="ridge_batch"))
    return found


def check_run(words: RunWords, target: Target, network: Network, protocol: Protocol) -> None:
    """Raise for sizes that no run can have."""
    from giantstep.training.simulation import check_dimension

    check_dimension(words.dimension, target.rank)
    protocol.batches(words.dimension, network.width)
    protocol.learning_rates(words.dimension, network.width)
    network.check_dimension(words.dimension, target.rank)


def run_spec(words: RunWords, target: Target, network: Network, protocol: Protocol) -> Spec:
    """Return the canonical fields that every run has."""
    return {
        "target": target.spec(),
        "network": network.spec(),
        "protocol": protocol.spec(),
        "dimension": words.dimension,
    }


def compute(spec: Spec, chunk_map: ChunkMap = ordered_map) -> xr.Dataset:
    """Return one replicate; others may share the chunks of its fresh steps."""
    from giantstep.training.retraining import Retraining
    from giantstep.training.simulation import simulate_replicate

    target, network, protocol = read_nouns(spec)
    return simulate_replicate(
        target,
        network,
        protocol,
        dimension=spec["dimension"],
        streams=read_streams(spec),
        engine=spec.get("engine", "auto"),
        retraining=Retraining.parse(
            spec.get("ridge"), spec.get("ridge_batch"), dimension=spec["dimension"], width=network.width
        ),
        threads=1,
        chunk_map=chunk_map,
    )


def cost(spec: Spec) -> Cost:
    """Return what the engine and the readout's stage expect."""
    from giantstep.training.retraining import Retraining

    experiment = Experiment(*read_nouns(spec), spec["dimension"])
    steps = choose(experiment, spec.get("engine", "auto")).cost
    sizes = {"dimension": experiment.dimension, "width": experiment.network.width}
    readout = Retraining.parse(spec.get("ridge"), spec.get("ridge_batch"), **sizes).cost(experiment)
    return Cost(steps.seconds + readout.seconds, max(steps.memory, readout.memory) + 2.0**27)


def _last_batch(spec: Spec, attributes: Any) -> float:
    batches = json.loads(attributes.get("batch", "[]"))
    return float(batches[-1]) if batches else math.nan


RUN_FACTS = {
    "rank": RANK,
    "samples": Fact(math.nan, _last_batch),
    "engine": Fact("", lambda spec, attributes: str(attributes.get("engine", ""))),
}
"""What is said of every run: rank of the target, samples of the last batch, engine."""

KIND = Kind(
    words=SimulationWords,
    spec=spec,
    compute=compute,
    cost=cost,
    draws=Draws.REPLICATES,
    beside={"certificate": certificate_beside},
    facts=RUN_FACTS,
    splits=True,
)
