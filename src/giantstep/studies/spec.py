"""The words of a study file, checked; and the nouns that a point's words stand for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from giantstep.errors import GiantStepError, SpecError, nearest
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.sizes import Size
from giantstep.studies.canonical import SCHEMA_VERSION
from giantstep.targets import Target, catalog

Number = int | float
SizeText = str | int | float


class Words(BaseModel):
    """A table of the file: unknown keys are errors that name the nearest known one."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, table: Any) -> Any:
        for key in table if isinstance(table, dict) else ():
            if key not in cls.model_fields:
                allowed = ", ".join(cls.model_fields)
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown key{hint}; allowed are {allowed}",
                    {"key": str(key), "hint": nearest(key, cls.model_fields), "allowed": allowed},
                )
        return table


class TargetWords(Words):
    """A target as a table: an expression, or the name of one in the catalog."""

    expression: str
    rank: int | None = None
    noise: Number = 0.0
    name: str | None = None

    def noun(self) -> Target:
        return Target.parse(self.expression, noise=self.noise, rank=self.rank, name=self.name)


class NetworkWords(Words):
    """`giantstep.Network`, field by field."""

    width: int
    activation: str = "relu"
    readout: str | list[Number] = "rademacher"
    readout_scale: SizeText = 1.0
    bias: Number | list[Number] = 0.0
    symmetric: bool | None = None
    rows: str = "unit"

    def noun(self) -> Network:
        return Network(**self.model_dump())


class StepWords(Words):
    """One step of `giantstep.Protocol`."""

    batch: SizeText
    learning_rate: SizeText
    reuse: bool = False
    preprocess: bool = False
    loss: str = "square"
    weight_decay: Number = 0.0

    def noun(self) -> Step:
        return Step(**self.model_dump())


class RepeatWords(StepWords):
    """The same step several times, as `giantstep.Protocol.repeat` takes it."""

    steps: int

    def repeated(self) -> Protocol:
        return Protocol.repeat(**self.model_dump())


def _shape(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<list>" if isinstance(value, list) else "<table>"


TargetField = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[TargetWords, Tag("<table>")], Discriminator(_shape)
]
ProtocolField = Annotated[
    Annotated[list[StepWords], Tag("<list>")] | Annotated[RepeatWords, Tag("<table>")], Discriminator(_shape)
]


class PointWords(Words):
    """What every kind of point has."""

    target: TargetField

    def target_noun(self) -> Target:
        """Return the target: a table, a name of the catalog, or an expression."""
        if isinstance(self.target, TargetWords):
            return self.target.noun()
        if self.target in catalog.names():
            return Target.from_catalog(self.target)
        return Target.parse(self.target)

    @property
    def target_label(self) -> str:
        """What the target is called in tables."""
        return self.target if isinstance(self.target, str) else self.target.name or self.target.expression


class RunWords(PointWords):
    """What is run with random numbers, all its replicates."""

    network: NetworkWords
    protocol: ProtocolField
    dimension: int
    seeds: int = Field(default=1, ge=1, le=10**6)


class SimulationWords(RunWords):
    """A simulation."""

    kind: Literal["simulation"]
    engine: str = "auto"
    ridge: Number | Literal["auto"] | list[Number] | None = None
    ridge_batch: SizeText | None = None


class ScanWords(RunWords):
    """The last step's gradient on batches from the smallest to the protocol's own."""

    kind: Literal["scan"]
    smallest_batch: SizeText
    per_octave: int = 3


class CertificateWords(PointWords):
    """A certificate of what can be learnt; without a network a generic activation's."""

    kind: Literal["certificate"]
    network: NetworkWords | None = None
    protocol: ProtocolField | None = None
    dimension: int | None = None


AnyWords = SimulationWords | ScanWords | CertificateWords
AnyPoint = Annotated[AnyWords, Field(discriminator="kind")]
POINT: TypeAdapter[AnyWords] = TypeAdapter(AnyPoint)

KINDS: dict[str, type[PointWords]] = {
    "simulation": SimulationWords,
    "scan": ScanWords,
    "certificate": CertificateWords,
}


class StudyWords(Words):
    """The head of a study file; its sweeps are read point by point."""

    schema_version: Literal[1] = 1
    title: str = ""
    figure: str | None = None
    seed: int = Field(default=0, ge=0, lt=2**63)
    independent: bool = False
    sweep: list[dict[str, Any]] = Field(min_length=1)


def whole_numbers(value: Any) -> Any:
    """Return the value with floats that are whole, such as 1e6, as integers; the file means a number."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: whole_numbers(item) for key, item in value.items()}
    return [whole_numbers(item) for item in value] if isinstance(value, list) else value


def explain(error: ValidationError, spell: Any) -> SpecError:
    """Return pydantic's first complaint in one line, with the field as ``spell(path)`` writes it."""
    first = error.errors(include_url=False)[0]
    path = ""
    for part in first["loc"]:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not part.startswith("<") and part not in KINDS and part not in _UNION_ARMS:
            path += f".{part}" if path else part
    context = first.get("ctx", {})
    if first["type"] == "unknown_key":
        path += f".{context['key']}" if path else context["key"]
        return SpecError(f"{spell(path)}: {first['msg']}.")
    message = first["msg"].replace("Input should be", "expected")
    if first["type"] == "missing":
        return SpecError(f"{spell(path)}: is missing; give it a value in the sweep or its grid.")
    if first["type"].startswith("union_tag"):
        return SpecError(f"{spell(path) or 'kind'}: expected kind = one of {', '.join(KINDS)}.")
    return SpecError(f"{spell(path)}: found {first['input']!r}, {message}.")


_UNION_ARMS = frozenset({"str", "int", "float", "bool", "list[union[int,float]]", "literal['auto']"})


def nouns(words: AnyWords, spell: Any) -> tuple[Target, Network | None, Protocol | None]:
    """Return the nouns a point stands for; their errors begin with the field as the user wrote it."""

    def build(path: str, make: Any) -> Any:
        try:
            return make()
        except GiantStepError as error:
            raise SpecError(f"{spell(path)}: {error}") from None

    network, protocol = words.network, words.protocol
    return (
        build("target", words.target_noun),
        None if network is None else build("network", network.noun),
        None if protocol is None else build("protocol", lambda: _protocol(protocol)),
    )


def _protocol(words: list[StepWords] | RepeatWords) -> Protocol:
    if isinstance(words, RepeatWords):
        return words.repeated()
    return Protocol(tuple(step.noun() for step in words))


def run_spec(
    words: SimulationWords | ScanWords,
    target: Target,
    network: Network,
    protocol: Protocol,
    seed: int,
    independent: bool,
) -> dict[str, Any]:
    """Return the spec of one setting, replicate left out; fields at their default are left out."""
    spec: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "kind": words.kind,
        "target": target.spec(),
        "network": network.spec(),
        "protocol": protocol.spec(),
        "dimension": words.dimension,
        "seed": seed,
    }
    if independent:
        spec["independent"] = True
    if isinstance(words, ScanWords):
        spec["smallest_batch"] = str(Size.parse(words.smallest_batch, name="smallest_batch"))
        if words.per_octave != 3:
            spec["per_octave"] = words.per_octave
        return spec
    if words.engine != "auto":
        spec["engine"] = words.engine
    if words.ridge is not None:
        spec["ridge"] = words.ridge
    if words.ridge_batch is not None:
        spec["ridge_batch"] = str(Size.parse(words.ridge_batch, name="ridge_batch"))
    return spec


def certificate_spec(
    target: Target, network: Network | None, protocol: Protocol | None, dimension: int | None
) -> dict[str, Any]:
    """Return the spec of a certificate; the dimension only where a batch without d needs it."""
    spec: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "kind": "certificate", "target": target.spec()}
    if network is not None:
        spec["network"] = network.spec()
    if protocol is not None:
        spec["protocol"] = protocol.spec()
        if dimension is not None and any(step.batch.exponent is None for step in protocol.steps):
            spec["dimension"] = dimension
    return spec
