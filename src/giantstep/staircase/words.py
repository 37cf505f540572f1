"""A certificate in the words of people: directions by name, exponents by what they mean, what it comes to."""

from __future__ import annotations

from typing import Any

import numpy as np

from giantstep.staircase.certificate import Certificate


def setting_in_words(certificate: Certificate) -> str:
    """Return what was asked: variables, batches, activation."""
    exponent = certificate.batch_exponent
    batch = "n ~ d" if exponent == 1 else f"n ~ d^{exponent:g}"
    mode = (
        f"one batch of {batch} samples, reused" if certificate.reuse else f"fresh batches of {batch} samples"
    )
    seen = "a generic activation"
    if certificate.activation:
        seen = f"{certificate.activation} {'with' if certificate.bias else 'without'} biases"
    linear = ", linear part removed" if certificate.preprocess else ""
    variables = "1 variable" if certificate.rank == 1 else f"{certificate.rank} variables"
    return f"{variables}; {mode}{linear}; {seen}"


def exponents_in_words(certificate: Certificate) -> list[tuple[str, str, str]]:
    """Return rows of (name, value, meaning), the target's own value beside one the activation changes."""
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


def gained_in_words(certificate: Certificate, step: int) -> str:
    """Return the directions of U_t outside U_{t-1}."""
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
        # Generative exponents belong to the target: what this activation makes of a reused batch is its own.
        who = "" if certificate.activation is None else "With an activation that sees every order, "
        sentences.append(
            f"{who}{'a' if who else 'A'} reused batch of n ~ d samples would learn everything (--reuse)."
        )
    return sentences
