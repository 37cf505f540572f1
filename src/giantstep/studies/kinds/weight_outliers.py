"""Kind ``weight-outliers``: the first layer's spectrum after giant steps, simulated, theory beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from giantstep.protocol import Protocol
from giantstep.studies.kinds.kind import RANK, Draws, Kind, Spec, read_nouns, read_streams
from giantstep.studies.words import (
    NetworkWords,
    Number,
    SizeText,
    Spell,
    TargetPointWords,
    naming,
    naming_field,
)
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr

PREDICTED = (
    "present",
    "singular_value",
    "rung",
    "left_alignment",
    "right_alignment",
    "target_alignment",
    "informative",
)
"""Copied beside the measurement as ``predicted_<name>``."""


class WeightOutliersWords(TargetPointWords):
    """One or two steps of learning rates constant * width^exponent; theory and simulation."""

    kind: Literal["weight-outliers"]
    network: NetworkWords
    exponents: list[Number]
    constants: list[Number]
    batch: SizeText
    reuse: bool = False
    loss: str = "correlation"
    dimension: int
    spectrum: bool = False
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: WeightOutliersWords, spell: Spell) -> Spec:
    """Return the canonical fields; what the prediction refuses is refused here."""
    from giantstep.asymptotics.weight_outliers import read_setting

    with naming(spell("target")):
        target = words.target_noun()
    with naming(spell("network")):
        network = words.network.noun()
    with naming_field(words, spell, "exponents"):
        protocol = Protocol.of_exponents(
            words.exponents, words.constants, batch=words.batch, reuse=words.reuse, loss=words.loss
        )
    with naming_field(words, spell, "exponents"):
        read_setting(target, network, protocol, words.dimension)
    found: Spec = {
        "target": target.spec(),
        "network": network.spec(),
        "protocol": protocol.spec(),
        "dimension": words.dimension,
    }
    return found | ({"spectrum": True} if words.spectrum else {})


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate, and what theory expects over spike."""
    from giantstep.asymptotics import outliers
    from giantstep.training.outlier_simulation import outlier_replicate

    nouns, dimension = read_nouns(spec), spec["dimension"]
    theory = outliers(*nouns, dimension=dimension)
    found = outlier_replicate(
        *nouns,
        dimension=dimension,
        streams=read_streams(spec),
        spikes=theory["left_coefficients"].values,
        spectrum=spec.get("spectrum", False),
        threads=1,
    )
    for name in PREDICTED:
        found[f"predicted_{name}"] = ("spike", theory[name].values)
    found["predicted_edge"] = ((), float(theory["edge"]))
    found["predicted_count"] = ((), int(theory["outlier_count"]))
    return found.assign_attrs(notes=theory.attrs["notes"])


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects; the whole spectrum is one full decomposition more."""
    from giantstep.training import outlier_simulation

    target, network, protocol = read_nouns(spec)
    price = outlier_simulation.cost(target, network, protocol, spec["dimension"])
    sides: Any = sorted((network.width, spec["dimension"]))
    whole = 1.5e-10 * sides[0] ** 2 * sides[1] if spec.get("spectrum") else 0.0
    return Cost(price.seconds + whole, price.memory + 2.0**27)


KIND = Kind(
    words=WeightOutliersWords,
    spec=spec,
    compute=compute,
    cost=cost,
    draws=Draws.REPLICATES,
    facts={"rank": RANK},
)
