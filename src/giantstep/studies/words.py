"""The words that tables of a study file are made of, checked; and the nouns they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from giantstep.errors import GiantStepError, SpecError, nearest
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step
from giantstep.sizes import LARGEST
from giantstep.targets import Target, catalog

Number = int | float


def _written(value: Any) -> Any:
    """Refuse a number that its own text could not give back: it would fail later, in the file of a point."""
    if not isinstance(value, str) and abs(value) > LARGEST:
        raise PydanticCustomError("too_large", "expected at most {most}", {"most": f"{LARGEST:g}"})
    return value


SizeText = Annotated[str | int | float, AfterValidator(_written)]
Spell = Callable[[str], str]
"""From a field such as ``network.width`` to where it stands in the user's file."""


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
                    {"key": str(key), "hint": hint(key, cls.model_fields), "allowed": allowed},
                )
        return table


def hint(key: str, allowed: Iterable[str]) -> str:
    """Return which allowed key was meant, ``network.width`` where ``width`` stands; empty when none is near.

    >>> hint("width", ["network", "dimension"]), hint("dimnsion", ["network", "dimension"])
    ("; did you mean 'network.width'?", "; did you mean 'dimension'?")
    """
    allowed = list(allowed)
    inside: dict[str, type[Words]] = {"network": NetworkWords, "protocol": RepeatWords}
    for table, words in inside.items():
        if table in allowed and key in words.model_fields:
            return f"; did you mean '{table}.{key}'?"
    return nearest(key, allowed)


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
    if isinstance(value, int | float):
        return "<number>"
    return "<text>" if isinstance(value, str) else "<list>" if isinstance(value, list) else "<table>"


TargetField = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[TargetWords, Tag("<table>")], Discriminator(_shape)
]
ProtocolField = Annotated[
    Annotated[list[StepWords], Tag("<list>")] | Annotated[RepeatWords, Tag("<table>")], Discriminator(_shape)
]


class PointWords(Words):
    """The words of a point; each kind adds ``kind: Literal[its name]`` and fields of its own."""


class TargetPointWords(PointWords):
    """A point about a target."""

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


class RunWords(TargetPointWords):
    """What trains a network with random numbers, all its replicates."""

    network: NetworkWords
    protocol: ProtocolField
    dimension: int
    seeds: int = Field(default=1, ge=1, le=10**6)


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Put where a field stands in the user's file before the message of an error inside the block."""
    try:
        yield
    except GiantStepError as error:
        raise SpecError(f"{place}: {error}") from None


@contextmanager
def naming_field(words: BaseModel, spell: Spell, otherwise: str) -> Iterator[None]:
    """As `naming`, at the field of the words, or of their network, that the message begins with."""
    try:
        yield
    except GiantStepError as error:
        field, known = str(error).partition(":")[0], type(words).model_fields
        if "network" in known and field in NetworkWords.model_fields:
            field = f"network.{field}"
        elif field not in known:
            field = otherwise
        raise SpecError(f"{spell(field)}: {error}") from None


def nouns(words: Any, spell: Spell) -> tuple[Target, Network | None, Protocol | None]:
    """Return the nouns a point stands for; their errors begin with the field as the user wrote it."""
    network, protocol = None, None
    with naming(spell("target")):
        target = words.target_noun()
    if words.network is not None:
        with naming(spell("network")):
            network = words.network.noun()
    if words.protocol is not None:
        with naming(spell("protocol")):
            protocol = protocol_noun(words.protocol)
    return target, network, protocol


def run_nouns(words: Any, spell: Spell) -> tuple[Target, Network, Protocol]:
    """Return the nouns of words that have all three."""
    target, network, protocol = nouns(words, spell)
    assert network is not None
    assert protocol is not None
    return target, network, protocol


def protocol_noun(words: list[StepWords] | RepeatWords) -> Protocol:
    """Return the protocol of a list of steps, or of one repeated."""
    if isinstance(words, RepeatWords):
        return words.repeated()
    return Protocol(tuple(step.noun() for step in words))


def given(words: Words, *left_out: str) -> dict[str, Any]:
    """Return the fields that are not at their default, ``kind`` and ``seeds`` apart: a spec of plain words.

    >>> given(RepeatWords(batch="d", learning_rate=1, steps=2, reuse=False))
    {'batch': 'd', 'learning_rate': 1, 'steps': 2}
    """
    dumped = words.model_dump(exclude_defaults=True)
    return {key: value for key, value in dumped.items() if key not in ("kind", "seeds", *left_out)}
