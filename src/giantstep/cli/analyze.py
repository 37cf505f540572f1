"""`giantstep analyze`: the certificate of a target, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from giantstep.cli.options import (
    Number,
    Optional,
    OptionalNumber,
    TargetText,
    number,
    read_network,
    read_target,
)

if TYPE_CHECKING:
    from giantstep.networks import Network
    from giantstep.staircase import Certificate
    from giantstep.studies.walk import Magnitude
    from giantstep.targets import Target

REFERENCE = {"width": "8", "batch": "3d", "learning_rate": "3"}
"""The network and protocol whose overlaps stand beside a certificate."""


def analyze(
    target: TargetText,
    /,
    *,
    batch_exponent: Number = "1",
    reuse: bool = False,
    preprocess: bool = False,
    activation: Optional = None,
    bias: OptionalNumber = None,
    noise: OptionalNumber = None,
    json: bool = False,
) -> int:
    """Say which directions of a target can be learnt, at which step, and why.

    Parameters
    ----------
    target
        An expression such as "z1 + z1*z2", or a name of the catalog.
    batch_exponent
        kappa: batches hold n ~ d^kappa samples. [default: 1]
    reuse
        Take every step on the same batch; without it, each on fresh samples.
    preprocess
        Remove the constant and linear parts of the labels before each step.
    activation
        See what THIS activation cannot: relu, tanh, erf, gelu, "He1+0.5*He2", .. Without it, a generic one.
    bias
        Give its neurons random biases (alone, or with their standard deviation).
    noise
        Variance of the label noise; by default the catalog's, else 0.
    json
        Print one JSON document.
    """
    from giantstep.staircase import analyze as certify

    problem = read_target(target, noise)
    certificate = certify(problem, _network(activation, bias), _protocol(batch_exponent, reuse, preprocess))
    sizes = _magnitudes(problem, certificate, activation, bias)
    if json:
        from giantstep.cli.console import print_json

        document = certificate.to_dict()
        document["magnitudes"] = [asdict(size) for size in sizes]
        print_json(document)
    else:
        print_certificate(certificate, sizes, name=problem.name)
    return 0


def _magnitudes(
    target: Target, certificate: Certificate, activation: str | None, bias: str | None
) -> list[Magnitude]:
    """Return the predicted size of each learnt direction in a reference network with this activation.

    Sizes belong to a network: a generic activation has none. Theory's equations are those of n ~ d.
    """
    from giantstep.protocol import Protocol
    from giantstep.studies.walk import expected_overlaps, magnitudes

    if activation is None or certificate.batch_exponent != 1 or not certificate.steps:
        return []
    protocol = Protocol.repeat(
        min(len(certificate.steps), 5),
        batch=REFERENCE["batch"],
        learning_rate=REFERENCE["learning_rate"],
        reuse=certificate.reuse,
        preprocess=certificate.preprocess,
    )
    network = read_network(REFERENCE["width"], activation, bias=bias or "0")
    theory = expected_overlaps(target, network, protocol).overlaps
    return [] if theory is None else magnitudes(certificate, theory)


def _network(activation: str | None, bias: str | None) -> Network | None:
    from giantstep.errors import SpecError

    if activation is None:
        if bias is not None:
            raise SpecError("bias: a generic activation sees everything already. Add --activation NAME.")
        return None
    return read_network("2", activation, bias=bias or "0")


def _protocol(batch_exponent: str, reuse: bool, preprocess: bool) -> Any:
    from giantstep.errors import SpecError
    from giantstep.protocol import Protocol

    exponent = number(batch_exponent, "batch_exponent")
    if not 0 < exponent <= 12:
        raise SpecError(f"batch_exponent: found {batch_exponent}, expected a number above 0, at most 12.")
    # Two steps, for the first of a reused batch is fresh; the last one repeats until the chain stops.
    return Protocol.repeat(2, batch=f"d^{exponent!r}", reuse=reuse, preprocess=preprocess)


def print_certificate(
    certificate: Certificate, sizes: Sequence[Magnitude] = (), *, name: str | None = None
) -> None:
    """Print exponents, the chain with its reasons, what stays hidden, and what it costs."""
    from rich.table import Table
    from rich.text import Text as Words

    from giantstep.cli.console import empty_table, measured, stdout
    from giantstep.staircase.words import (
        conclusions,
        direction,
        exponents_in_words,
        gained_in_words,
        setting_in_words,
    )

    console = stdout()
    title = f"   ({name})" if name and name != certificate.target else ""
    console.print(Words.assemble((certificate.target, "bold"), title))
    console.print(Words(setting_in_words(certificate)))
    console.print()
    exponents = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for row in exponents_in_words(certificate):
        exponents.add_row(*row)
    console.print(exponents)
    console.print()
    if certificate.steps:
        chain = empty_table()
        for title in ("step", "learnt", "new directions", "samples", "because"):
            chain.add_column(title, justify="right" if title == "step" else "left")
        known = 0
        for step in certificate.steps:
            gained = gained_in_words(certificate, step.step) if step.dimension > known else "-"
            known = step.dimension
            because = "; ".join(reason.removeprefix(f"step {step.step}: ") for reason in step.reasons)
            learnt = f"{step.dimension} of {certificate.effective_rank}"
            chain.add_row(*map(Words, (str(step.step), learnt, gained, step.samples, because)))
        console.print(chain)
        console.print()
    for size in sizes:
        text = measured(size.overlap, size.standard_error or None)
        console.print(
            Words(f"Predicted overlap with {direction(size.direction)} at step {size.step}: {text}.")
        )
    if sizes:
        setting = "{width} neurons, n = {batch}, learning rate {learning_rate}".format(**REFERENCE)
        note = f"(rms over neurons in the limit; {setting}. Other settings: giantstep predict overlaps)"
        console.print(Words(note, style="dim"))
    for sentence in conclusions(certificate):
        console.print(Words(sentence))
