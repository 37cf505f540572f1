"""From words to nouns: what the options mean, with errors that name the option."""

from __future__ import annotations

import math
from dataclasses import replace
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


def read_protocol(
    steps: str,
    batch: str,
    learning_rate: str,
    *,
    reuse: bool,
    preprocess: bool,
    loss: str,
    weight_decay: str = "0",
) -> Protocol:
    """Return the protocol of one step taken several times."""
    from giantstep.protocol import Protocol

    return Protocol.repeat(
        whole(steps, "steps"),
        batch=batch,
        learning_rate=learning_rate,
        reuse=reuse,
        preprocess=preprocess,
        loss=loss,
        weight_decay=number(weight_decay, "weight_decay"),
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
