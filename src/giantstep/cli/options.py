"""From words to nouns: what the options mean, with errors that name the option."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from giantstep.cli.app import looks_like_option, unknown_option
from giantstep.errors import SpecError

if TYPE_CHECKING:
    from giantstep.networks import Network
    from giantstep.protocol import Protocol
    from giantstep.targets import Target

# Numbers arrive as text: '1e6' and '10^6' are whole numbers, and 'nan' must meet our own words.
TargetText = Annotated[str, Parameter(allow_leading_hyphen=True)]
NamedTarget = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="TARGET")]
Text = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="WORD")]
Count = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="N")]
Number = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="X")]
SizeText = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="SIZE")]
Optional = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="WORD")]
OptionalCount = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="N")]
OptionalNumber = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="X")]
OptionalSize = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="SIZE")]
NumberList = Annotated[str, Parameter(allow_leading_hyphen=True, metavar="X,..")]
OptionalList = Annotated[str | None, Parameter(allow_leading_hyphen=True, metavar="X,..")]
Tristate = Annotated[bool | None, Parameter(negative="--no-symmetric")]

MAX_SEED = 2**128
MAX_REPLICATES = 10**6


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """The network and the protocol of a run, as options.

    Parameters
    ----------
    width
        Number of hidden neurons p. [default: 8]
    batch
        Samples a step: 4096, 3d, d^2, 4p. [default: 3d]
    steps
        Number of gradient steps. [default: 3]
    learning_rate
        A number or a scaling such as "p*sqrt(d)". [default: 3]
    reuse
        Take every step on the same batch; without it, each on fresh samples.
    preprocess
        Remove the constant and linear parts of the labels before each step.
    loss
        square or correlation. [default: square]
    weight_decay
        Rows shrink by 1 - learning rate * this at each step. [default: 0]
    activation
        relu, tanh, erf, sigmoid, gelu, softplus, sin, identity, "He1+0.5*He2", .. [default: relu]
    bias
        Standard deviation of random biases, or a comma list of them. [default: 0]
    readout
        rademacher, gaussian, uniform, constant, or a comma list of numbers. [default: rademacher]
    readout_scale
        Multiplies the readout: 1, "1/sqrt(p)". [default: 1]
    symmetric
        Pair neurons so that the network starts at zero. [default: yes where the width is even]
    """

    width: Count = "8"
    batch: SizeText = "3d"
    steps: Count = "3"
    learning_rate: SizeText = "3"
    reuse: bool = False
    preprocess: bool = False
    loss: Text = "square"
    weight_decay: Number = "0"
    activation: Text = "relu"
    bias: Text = "0"
    readout: Text = "rademacher"
    readout_scale: SizeText = "1"
    symmetric: Tristate = None

    def network(self) -> Network:
        """Return the network."""
        return read_network(
            self.width,
            self.activation,
            bias=self.bias,
            readout=self.readout,
            readout_scale=self.readout_scale,
            symmetric=self.symmetric,
        )

    def protocol(self) -> Protocol:
        """Return the protocol of one step taken several times."""
        from giantstep.protocol import Protocol

        return Protocol.repeat(
            whole(self.steps, "steps"),
            batch=self.batch,
            learning_rate=self.learning_rate,
            reuse=self.reuse,
            preprocess=self.preprocess,
            loss=self.loss,
            weight_decay=number(self.weight_decay, "weight_decay"),
        )


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Where random numbers come from and who shares the work, as options.

    Parameters
    ----------
    seed
        Root seed; the same seed gives the same bits. [default: 0]
    threads
        Threads that share the work; all cores by default.
    """

    seed: Count = "0"
    threads: OptionalCount = None

    def root(self) -> int:
        """Return the root seed."""
        return seed_number(self.seed)

    def workers(self) -> int | None:
        """Return the number of threads, None for all cores."""
        return None if self.threads is None else whole(self.threads, "threads")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command may cost and how it answers, as options.

    Parameters
    ----------
    yes
        Go ahead although it will take more than ten minutes.
    json
        Print one JSON document.
    """

    yes: bool = False
    json: bool = False


# Options at their defaults: a default is made once, and frozen.
TRAINING, DRAWS, ANSWER = Training(), Draws(), Answer()


def read_target(text: str, noise: str | None) -> Target:
    """Return the target of a catalog name or an expression; ``noise`` overrides the catalog's.

    Raises
    ------
    SpecError
        Names the place in the text, or the nearest name of the catalog.
    """
    from giantstep.targets.reading import named_or_written

    if looks_like_option(text):
        raise unknown_option(text)
    target = named_or_written(text)
    return target if noise is None else replace(target, noise=number(noise, "noise"))


def read_network(
    width: str,
    activation: str,
    *,
    bias: str = "0",
    readout: str = "rademacher",
    readout_scale: str = "1",
    symmetric: bool | None = None,
) -> Network:
    """Return the network; ``readout`` and ``bias`` may be comma lists of one number a neuron."""
    from giantstep.networks import Network

    law: Any = numbers(readout, "readout") if _is_list(readout) else readout
    spread: Any = numbers(bias, "bias") if _is_list(bias) else number(bias, "bias")
    return Network(
        width=whole(width, "width"),
        activation=activation,  # type: ignore[arg-type]
        readout=law,
        readout_scale=readout_scale,  # type: ignore[arg-type]
        bias=spread,
        symmetric=symmetric,  # type: ignore[arg-type]
    )


def read_ridge(text: str | None) -> float | str | list[float] | None:
    """Return None, ``"auto"``, a penalty or a list of penalties."""
    if text is None or text == "auto":
        return text
    try:
        return numbers(text, "ridge") if _is_list(text) else number(text, "ridge")
    except SpecError as error:
        raise SpecError(f"{str(error).removesuffix('.')}, a comma list of them or 'auto'.") from None


def whole(text: str, name: str) -> int:
    """Return a whole number written as ``8``, ``1e6`` or ``10^6``.

    >>> whole("1e6", "dimension"), whole("10^6", "dimension"), whole("-1", "seed")
    (1000000, 1000000, -1)
    """
    from giantstep.sizes import Size

    try:
        size = Size.parse(text, name=name)
        if size.d_power or size.p_power or size.coefficient.denominator != 1:
            raise SpecError(name)
    except SpecError:
        raise SpecError(f"{name}: found {text!r}, expected a whole number such as 8, 1e6 or 10^6.") from None
    return int(size.coefficient)


def seed_number(text: str) -> int:
    """Return a root seed.

    Raises
    ------
    SpecError
        Unless it is a whole number >= 0.
    """
    seed = whole(text, "seed")
    if not 0 <= seed < MAX_SEED:
        raise SpecError(f"seed: found {text}, expected a whole number >= 0.")
    return seed


def replicate_count(text: str) -> int:
    """Return how many seeds `--simulate` asks for.

    Raises
    ------
    SpecError
        Unless it is a whole number from 1 to 10^6.
    """
    count = whole(text, "simulate")
    if not 1 <= count <= MAX_REPLICATES:
        raise SpecError(f"simulate: found {text}, expected a number of seeds from 1 to 10^6.")
    return count


def number(text: str, name: str) -> float:
    """Return a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SpecError(f"{name}: found {text!r}, expected a finite number.")
    return value


def numbers(text: str, name: str) -> list[float]:
    """Return the numbers of a comma list.

    >>> numbers("1, -1", "readout")
    [1.0, -1.0]
    """
    return [number(part.strip(), name) for part in text.split(",")]


def _is_list(text: str) -> bool:
    return "," in text
