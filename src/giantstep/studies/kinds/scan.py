"""Kind ``scan``: the last step's gradient on batches from the smallest to the protocol's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from giantstep.sizes import Size
from giantstep.studies.kinds.certificate import certificate_beside
from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_nouns, read_streams
from giantstep.studies.kinds.simulation import RUN_FACTS, check_run, run_spec
from giantstep.studies.words import RunWords, SizeText, Spell, naming, run_nouns
from giantstep.training.choice import Cost, choose
from giantstep.training.experiment import Experiment

if TYPE_CHECKING:
    import xarray as xr


class ScanWords(RunWords):
    """The last step's gradient on batches from the smallest to the protocol's own."""

    kind: Literal["scan"]
    smallest_batch: SizeText
    per_octave: int = 3


def spec(words: ScanWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.training.batch_scan import check_scan

    target, network, protocol = run_nouns(words, spell)
    with naming(spell("dimension")):
        check_run(words, target, network, protocol)
        smallest = Size.parse(words.smallest_batch, name="smallest_batch")
        check_scan(protocol, smallest, words.per_octave, dimension=words.dimension, width=network.width)
    found = run_spec(words, target, network, protocol) | {"smallest_batch": str(smallest)}
    return found if words.per_octave == 3 else found | {"per_octave": words.per_octave}


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate."""
    from giantstep.training.batch_scan import scan_replicate

    target, network, protocol = read_nouns(spec)
    return scan_replicate(
        target,
        network,
        protocol,
        dimension=spec["dimension"],
        streams=read_streams(spec),
        smallest_batch=spec["smallest_batch"],
        per_octave=spec.get("per_octave", 3),
        threads=1,
    )


def cost(spec: Spec) -> Cost:
    """Return what the reduced engine expects: a scan is one pass."""
    steps = choose(Experiment(*read_nouns(spec), spec["dimension"]), "reduced").cost
    return Cost(steps.seconds, steps.memory + 2.0**27)


KIND = Kind(
    words=ScanWords,
    spec=spec,
    compute=compute,
    cost=cost,
    draws=Draws.REPLICATES,
    beside={"certificate": certificate_beside},
    facts=RUN_FACTS,
)
