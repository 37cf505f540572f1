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
    from rich import box
    from rich.table import Table
    from rich.text import Text as Words

    from giantstep.cli.console import measured, stdout

    console = stdout()
    title = f"   ({name})" if name and name != certificate.target else ""
    console.print(Words.assemble((certificate.target, "bold"), title))
    console.print(Words(_setting(certificate)))
    console.print()
    exponents = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
    for row in _exponents(certificate):
        exponents.add_row(*row)
    console.print(exponents)
    console.print()
    if certificate.steps:
        chain = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False, pad_edge=True)
        for title in ("step", "learnt", "new directions", "samples", "because"):
            chain.add_column(title, justify="right" if title == "step" else "left")
        known = 0
        for step in certificate.steps:
            gained = _gained(certificate, step.step) if step.dimension > known else "-"
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


def _setting(certificate: Certificate) -> str:
    from giantstep.cli.console import plural

    exponent = certificate.batch_exponent
    batch = "n ~ d" if exponent == 1 else f"n ~ d^{exponent:g}"
    mode = (
        f"one batch of {batch} samples, reused" if certificate.reuse else f"fresh batches of {batch} samples"
    )
    seen = "a generic activation"
    if certificate.activation:
        seen = f"{certificate.activation} {'with' if certificate.bias else 'without'} biases"
    linear = ", linear part removed" if certificate.preprocess else ""
    return f"{plural(certificate.rank, 'variable')}; {mode}{linear}; {seen}"


def _exponents(certificate: Certificate) -> list[tuple[str, str, str]]:
    """Rows of (name, value, meaning); where the activation changes a value, the target's own is beside it."""
    meaning = {
        "information_exponent": "fresh batches start to learn at n ~ d^{}",
        "leap": "fresh batches learn everything at n ~ d^{}",
        "generative_exponent": "with transformed labels (a reused batch): start at n ~ d^{}",
        "generative_leap": "with transformed labels: everything at n ~ d^{}",
    }
    rows = []
    for key, sentence in meaning.items():
        value = getattr(certificate, key)
        own = certificate.exponents_of_target.get(key, value)
        text = "never learnt" if value is None else sentence.format(value).replace("d^1", "d")
        if own != value:
            text += f" (a generic activation: {'infinite' if own is None else own})"
        rows.append((key.replace("_", " "), "infinite" if value is None else str(value), text))
    return rows


def _gained(certificate: Certificate, step: int) -> str:
    """The directions of U_t outside U_{t-1}."""
    import numpy as np

    now, before = certificate.subspace_at(step), certificate.subspace_at(step - 1)
    if len(before):
        _, sizes, rows = np.linalg.svd(now - now @ before.T @ before, full_matrices=False)
        now = rows[sizes > 0.5]
    return ", ".join(map(direction, now))


def direction(vector: Any) -> str:
    """Return a unit vector the way one writes it: an axis by name, else its coordinates.

    >>> direction([0.0, -1.0]), direction([-0.5**0.5, -0.5**0.5]), direction([0.6, -0.8])
    ('z2', '(z1 + z2)/sqrt(2)', '0.6*z1 - 0.8*z2')
    """
    values = [float(value) for value in vector]
    large = [index for index, value in enumerate(values) if abs(value) > 1e-9]
    if len(large) == 1:
        return f"z{large[0] + 1}"
    turn = -1.0 if values[large[0]] < 0 else 1.0
    even = max(abs(abs(values[index]) - len(large) ** -0.5) for index in large) < 1e-9
    text = ""
    for index in large:
        value = turn * values[index]
        text += (" + " if value > 0 else " - ") if text else ("" if value > 0 else "-")
        text += f"z{index + 1}" if even else f"{abs(value):.4g}*z{index + 1}"
    return f"({text})/sqrt({len(large)})" if even else text


def conclusions(certificate: Certificate) -> list[str]:
    """Return what it comes to: whether all is learnt, what is not and what it would take, and all doubts."""
    learned, rank = certificate.learned_dimension, certificate.effective_rank
    steps = len(certificate.steps)
    sentences = []
    if certificate.fully_learned and rank:
        times = "one step" if steps == 1 else f"{steps} steps"
        sentences.append(f"Everything is learnt, in {times}, with {certificate.samples} samples.")
    elif rank:
        what = "Nothing is learnt" if learned == 0 else f"The chain stops at {learned} of {rank} directions"
        sentences.append(f"{what} at this batch size.")
        sentences += _what_it_takes(certificate)
    notes = [message for message in certificate.messages if not message.startswith("undecided - ")]
    sentences += [f"Note: {message}." for message in notes]
    doubts = [message for message in certificate.messages if message.startswith("undecided - ")]
    sentences += [f"UNDECIDED: {message.removeprefix('undecided - ')}." for message in doubts]
    return sentences


def _what_it_takes(certificate: Certificate) -> list[str]:
    sentences = []
    for item in certificate.per_direction_leap:
        names = ", ".join(map(direction, item.directions))
        if item.leap is not None and item.leap > certificate.batch_exponent:
            sentences.append(f"Fresh batches would learn {names} at n ~ d^{item.leap}.")
        elif item.leap is None and certificate.activation is None:
            sentences.append(f"Fresh batches never learn {names}.")
    generative = certificate.generative_leap
    if not certificate.reuse and generative is not None and generative <= 1 != certificate.leap:
        sentences.append("A reused batch of n ~ d samples would learn everything (--reuse).")
    return sentences
