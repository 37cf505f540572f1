"""The certificate: what can be learnt, in which step, why, and whether that is decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DECIDED, UNDECIDED = "decided", "undecided"


@dataclass(frozen=True, slots=True)
class LearnedStep:
    """One step of the chain.

    Attributes
    ----------
    step : int
        1, 2, ..
    subspace : array, shape (dimension, rank)
        Orthonormal rows spanning U_t in the coordinates of z.
    reasons : tuple of str
        One sentence for each block that added something, and for what stayed invisible.
    samples : str
        New samples this step needs, as a power of d.
    reuse, preprocess : bool
        How the step was taken.
    """

    step: int
    subspace: Array
    reasons: tuple[str, ...]
    samples: str
    reuse: bool
    preprocess: bool

    @property
    def dimension(self) -> int:
        return len(self.subspace)

    def to_dict(self) -> dict[str, Any]:
        """Return the step as JSON-ready values."""
        return {
            "step": self.step,
            "dimension": self.dimension,
            "basis": [[_clean(x) for x in row] for row in self.subspace],
            "reasons": list(self.reasons),
            "samples": self.samples,
            "reuse": self.reuse,
            "preprocess": self.preprocess,
        }


@dataclass(frozen=True, slots=True)
class DirectionLeap:
    """Directions that join at the same batch exponent; ``leap`` None means never."""

    leap: int | None
    directions: Array

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON-ready values."""
        return {"leap": self.leap, "basis": [[_clean(x) for x in row] for row in self.directions]}


@dataclass(frozen=True, slots=True)
class Certificate:
    """What `analyze` answers; the fields are the keys of ``giantstep analyze --json``.

    Attributes
    ----------
    target : str
    rank, effective_rank : int
        Number of directions of the link, and of those it really depends on.
    information_exponent, leap : int or None
        As the given activation sees them (a generic one sees everything); None is infinite: never learnt.
    generative_exponent, generative_leap : int or None
        The same over all transforms of the label; they belong to the target whatever the activation.
    batch_exponent : float
        kappa of the first step's batch, n ~ d^kappa.
    reuse, preprocess : bool
        Whether any step reuses its batch, or removes orders 0 and 1 of its labels.
    steps : tuple of LearnedStep
        t = 1, 2, .. until the chain stops.
    learned_dimension : int
    fully_learned : bool
        Whether U_t ends as all of the target's own directions.
    status : {"decided", "undecided"}
        Undecided when the numbers do not decide some answer above; ``messages`` says which.
    activation : str or None
        None is a generic activation.
    bias : bool
    per_direction_leap : tuple of DirectionLeap
        The end points of the chain over growing batch exponents.
    exponents_of_target : dict
        Information exponent and leap without the activation's obstruction.
    samples : str
        Total cost of the chain.
    messages : tuple of str
        Doubts, heuristics and obstructions.

    Examples
    --------
    >>> from giantstep import Target, analyze
    >>> found = analyze(Target.parse("z1 + z2*z3"))
    >>> found.status, found.learned_dimension, found.fully_learned, found.leap
    ('decided', 1, False, 2)
    >>> found.subspace_at(3).tolist()
    [[1.0, 0.0, 0.0]]
    """

    target: str
    rank: int
    effective_rank: int
    information_exponent: int | None
    leap: int | None
    generative_exponent: int | None
    generative_leap: int | None
    batch_exponent: float
    reuse: bool
    preprocess: bool
    steps: tuple[LearnedStep, ...]
    learned_dimension: int
    fully_learned: bool
    status: str
    activation: str | None = None
    bias: bool = False
    per_direction_leap: tuple[DirectionLeap, ...] = ()
    exponents_of_target: dict[str, int | None] = field(default_factory=dict)
    samples: str = ""
    messages: tuple[str, ...] = ()

    @property
    def subspaces(self) -> tuple[Array, ...]:
        """Orthonormal rows of U_t for t = 0, 1, ..; the last one lasts."""
        return (np.zeros((0, self.rank)), *(step.subspace for step in self.steps))

    def subspace_at(self, step: int) -> Array:
        """Return orthonormal rows of U_step; a chain that has ended stays constant."""
        known = self.subspaces
        return known[min(step, len(known) - 1)]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of design.md, plus additive keys; no NaN, no infinity."""
        return {
            "target": self.target,
            "rank": self.rank,
            "effective_rank": self.effective_rank,
            "information_exponent": self.information_exponent,
            "leap": self.leap,
            "generative_exponent": self.generative_exponent,
            "generative_leap": self.generative_leap,
            "batch_exponent": self.batch_exponent,
            "reuse": self.reuse,
            "preprocess": self.preprocess,
            "steps": [step.to_dict() for step in self.steps],
            "learned_dimension": self.learned_dimension,
            "fully_learned": self.fully_learned,
            "status": self.status,
            "activation": self.activation,
            "bias": self.bias,
            "per_direction_leap": [item.to_dict() for item in self.per_direction_leap],
            "exponents_of_target": dict(self.exponents_of_target),
            "samples": self.samples,
            "messages": list(self.messages),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Certificate:
        """Return the certificate of a document that `to_dict` made; keys it does not know are left out.

        >>> from giantstep import Target, analyze
        >>> found = analyze(Target.parse("z1 + z1*z2"))
        >>> Certificate.from_dict(found.to_dict()).to_dict() == found.to_dict()
        True
        """
        rank = int(document["rank"])
        known = {item.name: document[item.name] for item in fields(cls) if item.name in document}
        known["steps"] = tuple(
            LearnedStep(
                step["step"],
                np.array(step["basis"], dtype=float).reshape(-1, rank),
                tuple(step["reasons"]),
                step["samples"],
                step["reuse"],
                step["preprocess"],
            )
            for step in document["steps"]
        )
        known["per_direction_leap"] = tuple(
            DirectionLeap(item["leap"], np.array(item["basis"], dtype=float).reshape(-1, rank))
            for item in document.get("per_direction_leap", ())
        )
        known["messages"] = tuple(document.get("messages", ()))
        return cls(**known)

    def dataset(self) -> Any:
        """Return an xarray Dataset: ``learned_subspace`` (step, direction, direction_other) and
        ``learned_dimension`` (step), for t = 0, 1, .."""
        import xarray

        from giantstep.labels import directions

        names = directions(self.rank)
        projectors = np.stack([rows.T @ rows for rows in self.subspaces])
        return xarray.Dataset(
            {
                "learned_subspace": (("step", "direction", "direction_other"), projectors),
                "learned_dimension": (("step",), np.array([len(rows) for rows in self.subspaces])),
            },
            coords={"step": np.arange(len(projectors)), "direction": names, "direction_other": names},
            attrs={"target": self.target, "status": self.status},
        )


def _clean(value: float) -> float:
    """Drop round-off so that (1, 0) prints as such."""
    rounded = round(float(value), 15)
    return 0.0 if rounded == 0 else rounded
