"""Certificates in words: which block unlocked what, what stays invisible, what a step costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from giantstep.staircase.blocks import Block
from giantstep.staircase.chain import Growth, Mode
from giantstep.staircase.joining import Unlock
from giantstep.staircase.subspaces import Subspace
from giantstep.staircase.transforms import IDENTITY

Array = NDArray[np.float64]


def vector_text(vector: Sequence[float] | Array) -> str:
    """Return a direction as text: whole numbers where it is one, four digits otherwise.

    >>> vector_text([0.0, 1.0]), vector_text([0.70710678, -0.70710678])
    ('(0, 1)', '(0.7071, -0.7071)')
    """
    values = np.asarray(vector, dtype=np.float64)
    nearest = np.round(values)
    if np.all(np.abs(values - nearest) < 1e-9 * (1 + np.abs(values))) and np.max(np.abs(values)) < 1e6:
        return "(" + ", ".join(str(int(x)) for x in nearest) + ")"
    size = float(np.max(np.abs(values)))
    if size >= 1e6:
        values = values / size
    return "(" + ", ".join(f"{0.0 if abs(x) < 5e-13 else x:.4g}" for x in values) + ")"


def block_text(block: Block, known: Subspace) -> str:
    """Return ``block (z1; z2), order 1+1, strength 1``."""
    frame: Sequence[Sequence[float]] | Array
    frame = known.whole_frame() if known.exact else known.float_frame()
    inner = " ".join(_axis_text(frame[a]) for a in sorted(block.axes_inside))
    outer = " ".join(_axis_text(frame[a]) for a in sorted(block.axes_outside))
    where = f"({inner}; {outer})" if inner else f"({outer})"
    return f"block {where}, order {block.inside}+{block.outside}, strength {block.strength:.4g}"


def _axis_text(vector: Sequence[float] | Array) -> str:
    values = np.array([float(x / max(map(abs, vector))) for x in vector])
    large = np.flatnonzero(np.abs(values) > 1e-9)
    return (
        f"z{large[0] + 1}" if len(large) == 1 else vector_text(np.asarray(vector, dtype=object).astype(float))
    )


def unlock_text(step: int, unlock: Unlock, known: Subspace) -> str:
    """Return the sentence of one unlock, such as
    ``step 2: block (z1; z2), order 1+1, strength 1 unlocks (0, 1)``."""
    label = "" if unlock.transform == IDENTITY else f"label {unlock.transform.text}, "
    found = " and ".join(vector_text(row) for row in unlock.directions)
    return f"step {step}: {label}{block_text(unlock.block, known)} unlocks {found}"


def hidden_text(step: int, block: Block, known: Subspace, name: str, seen: str) -> str:
    """Return why a block that exists adds nothing for this activation."""
    where = block_text(block, known)
    return f"step {step}: {where} is invisible to {name}, which sees orders {seen} of the labels"


def growth_reasons(
    step: int, growth: Growth, known: Subspace, name: str | None, seen: str
) -> tuple[str, ...]:
    """Return all sentences of a step."""
    sentences = [unlock_text(step, unlock, known) for unlock in growth.unlocks]
    if name is not None:
        sentences += [hidden_text(step, block, known, name, seen) for block in growth.hidden[:3]]
    if not growth.unlocks:
        sentences.append(f"step {step}: nothing new ({growth.certificate or 'no block was found'})")
    return tuple(sentences)


def samples_text(mode: Mode, step: int) -> str:
    """Return the samples a step costs, as a power of d.

    >>> samples_text(Mode(2.0), 1), samples_text(Mode(reuse=True), 2)
    ('d^2', '0 (same batch)')
    """
    if mode.reuse and step > 1:
        return "0 (same batch)"
    return "d" if mode.batch_exponent == 1 else f"d^{mode.batch_exponent:g}"
