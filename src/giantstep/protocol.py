"""The training protocol: a list of giant steps, each with its batch, learning rate and loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from giantstep.errors import SpecError, nearest, whole_number
from giantstep.networks import Network
from giantstep.networks.gradient import LOSSES
from giantstep.sizes import Size
from giantstep.targets import Target

MAX_STEPS = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One gradient step W <- (1 - learning_rate * weight_decay) W + learning_rate (1/batch) D^T X.

    Parameters
    ----------
    batch : int or str
        Number of samples, a size such as ``"3d"`` or ``"d^2"``.
    learning_rate : float or str
        Positive; a size such as ``"p*sqrt(d)"``. O(1) moves rows by O(1) with a readout of O(1) entries at
        finite width (theory note 00).
    reuse : bool
        Use the batch of the step before it again, instead of fresh samples.
    preprocess : bool
        Predict with C_0 + C_1 . x + network, where C_0 = mean y and C_1 = mean y x come from this batch.
    loss : {"square", "correlation"}
    weight_decay : float
        >= 0.

    Examples
    --------
    >>> Step(batch="3d", learning_rate=3.0).spec()
    {'batch': '3d', 'learning_rate': '3'}
    """

    batch: Size
    learning_rate: Size
    reuse: bool = False
    preprocess: bool = False
    loss: str = "square"
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        batch = Size.parse(self.batch, name="batch")
        rate = Size.parse(self.learning_rate, name="learning_rate")
        if batch.coefficient <= 0:
            raise SpecError(f"batch: found {batch}, expected a positive size such as 4096, '3d' or 'd^2'.")
        if rate.coefficient <= 0:
            raise SpecError(
                f"learning_rate: found {rate}, expected a positive size such as 3.0 or 'p*sqrt(d)'."
            )
        if self.loss not in LOSSES:
            raise SpecError(
                f"loss: found {self.loss!r}, expected {' or '.join(LOSSES)}{nearest(self.loss, LOSSES)}."
            )
        decay = self.weight_decay
        if isinstance(decay, bool) or not isinstance(decay, int | float) or not 0 <= decay < math.inf:
            raise SpecError(f"weight_decay: found {decay!r}, expected a number >= 0.")
        for name in ("reuse", "preprocess"):
            if not isinstance(getattr(self, name), bool):
                raise SpecError(f"{name}: found {getattr(self, name)!r}, expected true or false.")
        object.__setattr__(self, "batch", batch)
        object.__setattr__(self, "learning_rate", rate)
        object.__setattr__(self, "weight_decay", float(decay))

    def spec(self) -> dict[str, Any]:
        """Return the canonical description: sizes as text, other fields unless default."""
        spec: dict[str, Any] = {"batch": str(self.batch), "learning_rate": str(self.learning_rate)}
        for name, default in (
            ("reuse", False),
            ("preprocess", False),
            ("loss", "square"),
            ("weight_decay", 0.0),
        ):
            if getattr(self, name) != default:
                spec[name] = getattr(self, name)
        return spec


@dataclass(frozen=True, slots=True)
class Protocol:
    """The steps of a training run, in order.

    Parameters
    ----------
    steps : sequence of Step
        From none to 1000; a step that reuses a batch follows one of the same batch.

    Raises
    ------
    SpecError
        For anything else.

    Examples
    --------
    >>> protocol = Protocol.repeat(3, batch="3d", learning_rate=3.0, reuse=True)
    >>> [step.reuse for step in protocol.steps]
    [False, True, True]
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        steps = tuple(self.steps)
        object.__setattr__(self, "steps", steps)
        if not 0 <= len(steps) <= MAX_STEPS or not all(isinstance(step, Step) for step in steps):
            raise SpecError(f"protocol: found {len(steps)} entries, expected 0 to {MAX_STEPS} Steps.")
        for number, step in enumerate(steps, start=1):
            if not step.reuse:
                continue
            if number == 1:
                raise SpecError(
                    "protocol: step 1 reuses a batch, but there is none before it. Make it fresh."
                )
            if step.batch != steps[number - 2].batch:
                raise SpecError(
                    f"protocol: step {number} reuses a batch of {steps[number - 2].batch} samples but asks "
                    f"for {step.batch}. Give both the same batch."
                )

    @classmethod
    def repeat(
        cls,
        steps: int,
        *,
        batch: Size | str | int = "d",
        learning_rate: Size | str | float = 1.0,
        reuse: bool = False,
        preprocess: bool = False,
        loss: str = "square",
        weight_decay: float = 0.0,
    ) -> Protocol:
        """Return the same step taken several times; with ``reuse`` all on the batch of the first.

        Raises
        ------
        SpecError
            Names the field, what was found and what is allowed.
        """
        count = whole_number("steps", steps, 0, MAX_STEPS)

        def step(again: bool) -> Step:
            size, rate = Size.parse(batch, name="batch"), Size.parse(learning_rate, name="learning_rate")
            return Step(size, rate, again, preprocess, loss, weight_decay)

        first = step(False)
        return cls(tuple(step(True) if reuse and number else first for number in range(count)))

    @classmethod
    def of_exponents(
        cls,
        exponents: Sequence[float],
        constants: Sequence[float],
        *,
        batch: Size | str | float,
        reuse: bool = False,
        loss: str = "correlation",
    ) -> Protocol:
        """Return one step for each exponent, of learning rate constant * width^exponent (theory note 40).

        With ``reuse`` all steps are taken on the batch of the first.

        Raises
        ------
        SpecError
            For lists of different lengths, or numbers that make no learning rate.

        Examples
        --------
        >>> protocol = Protocol.of_exponents([0.4, 0.3], [1, 3], batch="2d")
        >>> [str(step.learning_rate) for step in protocol.steps]
        ['p^0.4', '3p^0.3']
        """
        if len(exponents) != len(constants):
            raise SpecError(
                f"constants: found {len(constants)} for {len(exponents)} exponents, expected one a step."
            )
        size, steps = Size.parse(batch, name="batch"), list[Step]()
        for exponent, constant in zip(exponents, constants, strict=True):
            for name, value in (("exponents", exponent), ("constants", constant)):
                if isinstance(value, str):
                    raise SpecError(f"{name}: found {value!r}, expected numbers.")
            power = Size.parse(exponent, name="exponents").coefficient
            scale = Size.parse(constant, name="constants").coefficient
            if scale <= 0:
                raise SpecError(f"constants: found {float(scale):g}, expected numbers > 0.")
            steps.append(Step(size, Size(scale, p_power=power), bool(reuse and steps), loss=loss))
        return cls(tuple(steps))

    def batches(self, dimension: int, width: int) -> tuple[int, ...]:
        """Return each step's number of samples at a dimension and width."""
        return tuple(step.batch.count(dimension=dimension, width=width) for step in self.steps)

    def learning_rates(self, dimension: int, width: int) -> tuple[float, ...]:
        """Return each step's learning rate at a dimension and width."""
        rates = tuple(step.learning_rate.at(dimension=dimension, width=width) for step in self.steps)
        if not all(map(math.isfinite, rates)):
            raise SpecError(
                f"learning_rate: found {max(rates)} at dimension {dimension}, expected a finite number."
            )
        return rates

    def spec(self) -> list[dict[str, Any]]:
        """Return the canonical description of every step."""
        return [step.spec() for step in self.steps]

    @classmethod
    def from_spec(cls, steps: Iterable[dict[str, Any]] | Sequence[dict[str, Any]]) -> Protocol:
        """Return the protocol that `spec` describes."""
        return cls(tuple(Step(**step) for step in steps))


def check_nouns(target: Any, network: Any, protocol: Any, *, optional: bool = False) -> None:
    """Raise `SpecError` unless these are a Target, a Network and a Protocol.

    With ``optional``, None passes for the last two.

    >>> check_nouns("z1*z2", None, None, optional=True)
    Traceback (most recent call last):
    giantstep.errors.SpecError: target: found the str 'z1*z2', expected a Target; write Target.parse('z1*z2').
    """
    for name, value, noun in (
        ("target", target, Target),
        ("network", network, Network),
        ("protocol", protocol, Protocol),
    ):
        if isinstance(value, noun) or (optional and value is None and noun is not Target):
            continue
        found = "None" if value is None else f"the {type(value).__name__} {str(value)[:40]!r}"
        hint = f"; write Target.parse({value[:40]!r})" if noun is Target and isinstance(value, str) else ""
        raise SpecError(f"{name}: found {found}, expected a {noun.__name__}{hint}.")
