"""Kind ``certificate``: what `giantstep.analyze` says can be learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.studies.canonical import canonical
from giantstep.studies.kinds.kind import RANK, Kind, Spec, read_target
from giantstep.studies.words import NetworkWords, ProtocolField, Spell, TargetPointWords, nouns
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class CertificateWords(TargetPointWords):
    """A certificate of what can be learnt; without a network a generic activation's."""

    kind: Literal["certificate"]
    network: NetworkWords | None = None
    protocol: ProtocolField | None = None
    dimension: int | None = None


def certificate_beside(words: Any, spell: Spell) -> Spec:
    """Return the canonical fields, of these words or a run's; the dimension only where a batch needs it."""
    target, network, protocol = nouns(words, spell)
    found: Spec = {"target": target.spec()}
    if network is not None:
        found["network"] = network.spec()
    if protocol is not None:
        found["protocol"] = protocol.spec()
        if words.dimension is not None and any(step.batch.exponent is None for step in protocol.steps):
            found["dimension"] = words.dimension
    return found


def compute(spec: Spec) -> xr.Dataset:
    """Return the chain of learnt subspaces; the whole certificate is an attribute."""
    from giantstep.staircase import analyze

    certificate = analyze(
        read_target(spec["target"]),
        Network(**spec["network"]) if "network" in spec else None,
        Protocol.from_spec(spec["protocol"]) if "protocol" in spec else None,
        dimension=spec.get("dimension"),
    )
    return certificate.dataset().assign_attrs(certificate=canonical(certificate.to_dict()))


def cost(spec: Spec) -> Cost:
    """Return the cost of a typical one; kinked targets take longer."""
    return Cost(0.16, 2.0**28)


KIND = Kind(words=CertificateWords, spec=certificate_beside, compute=compute, cost=cost, facts={"rank": RANK})
