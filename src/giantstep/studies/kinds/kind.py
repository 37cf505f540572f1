"""What a kind of point is: its words, the spec they make, and what computes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, get_args

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.studies.canonical import canonical, spec_hash
from giantstep.studies.words import PointWords, Spell
from giantstep.targets import Target
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr

Spec = dict[str, Any]


class Draws(StrEnum):
    """What random numbers a kind draws, and so which of the study's words enter its spec."""

    NOTHING = "nothing"
    SEED = "seed"
    """The study's seed, but no replicates: theory whose expectations are sampled."""
    REPLICATES = "replicates"
    """The study's seed and one file a replicate; the words have ``seeds``."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value a setting has in every replicate; `collect` lays it over the axes.

    Attributes
    ----------
    blank : value
        Where nothing is stored.
    read : callable
        ``read(spec, attributes)`` of a stored point.
    """

    blank: Any
    read: Callable[[Spec, Mapping[str, Any]], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of point.

    Attributes
    ----------
    words : type
        Its pydantic model, with ``kind: Literal[name]``; strict, unknown keys are errors.
    spec : callable
        ``spec(words, spell)``: what is canonical of the words; nouns checked, fields at their default left
        out. The schema version, the kind, seed and replicate are added to it.
    compute : callable
        ``compute(spec)``: the Dataset of a spec as read back from JSON. Pure; imports what is heavy inside.
    cost : callable
        ``cost(spec)``: expected seconds on one thread and bytes.
    draws : Draws
    beside : dict
        Kind of theory -> ``spec(words, spell)`` of it, for sweeps that ask for ``theory = "..."``.
    facts : dict
        Name -> `Fact`.
    splits : bool
        Whether ``compute`` takes a ``chunk_map``, so that workers may share one point's chunks.
    """

    words: type[PointWords]
    spec: Callable[[Any, Spell], Spec]
    compute: Callable[..., xr.Dataset]
    cost: Callable[[Spec], Cost]
    draws: Draws = Draws.NOTHING
    beside: Mapping[str, Callable[[Any, Spell], Spec]] = field(default_factory=dict)
    facts: Mapping[str, Fact] = field(default_factory=dict)
    splits: bool = False

    @property
    def name(self) -> str:
        """What the file calls it."""
        (name,) = get_args(self.words.model_fields["kind"].annotation)
        return str(name)

    @property
    def has_replicates(self) -> bool:
        return self.draws is Draws.REPLICATES


RANK = Fact(0, lambda spec, attributes: spec["target"]["rank"])


def read_target(spec: Spec) -> Target:
    """Return the target of a target's spec."""
    return Target.parse(spec["expression"], rank=spec["rank"], noise=spec["noise"])


def read_nouns(spec: Spec) -> tuple[Target, Network, Protocol]:
    """Return the three nouns of a point's spec."""
    return read_target(spec["target"]), Network(**spec["network"]), Protocol.from_spec(spec["protocol"])


def read_streams(spec: Spec) -> Streams:
    """Return the random streams of a replicate; points share them unless the study says otherwise."""
    prefix: tuple[int, ...] = ()
    if spec.get("independent"):
        own = spec_hash(canonical(spec))
        prefix = (int(own[:8], 16), int(own[8:16], 16))
    return Streams(spec["seed"], spec["replicate"], prefix)
