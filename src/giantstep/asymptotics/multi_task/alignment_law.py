"""The closed law of the aligned part of the first layer after two gradient steps on many tasks.

All tasks enter through their pair kernel K(s, s') = mean_t f_t(s) f_t(s') (inputs shared by the tasks): the
law costs nothing in their number and infinitely many are one case of it. The second moment of a row of W+ is

    F^2 / (4 pi^2 d) + v v^T / (4 pi^2) + N / (4 pi n1) + q I / (2 n2)    inside span(M), F = F_1 + C_0 I,
    C_0^2 / (4 pi^2) + (d - r) q / (2 n2)                                  outside, summed over coordinates,
    q = tr N / (2 pi d) + |K|_F^2 / (2^r)^2 / (2 n1) + q_0,

F_1 = mean_t fhat_t fhat_t^T, C_0 and v the constant mode's own energy and product with fhat, N the part of
K^2 linear in the bits (theory note 50, S8.3, whose traces these are; the note leaves out the factor 1 - r/d
of C_0^2, the share of a row outside span(M)).

These are moments of one row; what the rows have in common, which they do not show, is in `conditioning`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError
from giantstep.targets.tasks import TaskTables, patterns

Array = NDArray[np.float64]

UNBALANCED = 1e-12
"""A mean squared mean label above this is a constant mode, not rounding."""


@dataclass(frozen=True, slots=True)
class AlignmentLaw:
    """Second moments of a row of W+, up to one common factor.

    Attributes
    ----------
    inside : array, shape (r, r)
        E[row row^T] of W+ M; its trace is A_s of the note.
    leakage : float
        P of the note, the squared length outside span(M).
    """

    inside: Array
    leakage: float

    @property
    def alignment(self) -> float:
        """A = |W+ M|^2 / |W+|^2."""
        signal = float(np.trace(self.inside))
        return signal / (signal + self.leakage)


def alignment_law(
    tasks: TaskTables, dimension: int, head_samples: float, layer_samples: float, *, fresh: bool = False
) -> AlignmentLaw:
    """Return the law at n1 samples of the heads' step and n2 of the first layer's, for r << d.

    Parameters
    ----------
    tasks : TaskTables
    dimension : int
    head_samples, layer_samples : float
        n1 and n2; of every task when fresh.
    fresh : bool
        Every task has inputs of its own, instead of sharing them.

    Raises
    ------
    CapabilityError
        For fresh inputs with unbalanced tables that are not centred, or infinitely many tasks.

    Examples
    --------
    >>> from giantstep.streams import Streams
    >>> from giantstep.targets.tasks import Tasks
    >>> law = alignment_law(Tasks(3, None).draw(Streams(0)), 10**8, 40e8, 40e8)
    >>> round(law.alignment, 4)  # n = 40 d, d to infinity
    0.9207
    """
    size, bits, d = 2**tasks.rank, patterns(tasks.rank), float(dimension)
    eye = np.eye(tasks.rank)
    first = bits.T @ tasks.kernel @ bits / size**2
    if fresh:
        return _fresh(tasks, first, d, head_samples, layer_samples)
    spread = tasks.kernel @ bits / size
    seen = spread.T @ spread / size
    mean_mode = tasks.kernel.mean(1)
    constant, mixed = float(mean_mode.mean()), mean_mode @ bits / size
    if constant < UNBALANCED:
        constant, mixed, mean_mode = 0.0, np.zeros(tasks.rank), np.zeros(size)
    heads = float((tasks.kernel**2).mean()) / (2 * head_samples)
    offset = float((mean_mode**2).mean()) / (2 * math.pi)
    noise = float(np.trace(seen)) / (2 * math.pi * d) + heads + offset
    whole = first + constant * eye
    inside = whole @ whole / (4 * math.pi**2 * d) + np.outer(mixed, mixed) / (4 * math.pi**2)
    inside = inside + seen / (4 * math.pi * head_samples) + noise / (2 * layer_samples) * eye
    outside = (d - tasks.rank) * (noise / (2 * layer_samples) + constant**2 / (4 * math.pi**2 * d))
    return AlignmentLaw(_symmetric(inside), outside)


def _fresh(tasks: TaskTables, first: Array, d: float, n1: float, n2: float) -> AlignmentLaw:
    if tasks.labels is None:
        raise CapabilityError(
            "fresh: infinitely many tasks with fresh inputs have an infinite budget. Give a number of "
            "tasks, or "
            "share the inputs."
        )
    if tasks.bias > UNBALANCED:
        raise CapabilityError(
            "fresh: the law for fresh inputs is derived for balanced or centred tasks. Balance the tables, "
            "centre "
            "the labels, or share the inputs."
        )
    count, energies, linear = len(tasks.labels), (tasks.labels**2).mean(1), tasks.linear
    # Only a task's own samples see its label noise: energies are 1 for balanced tables, 1 - mean^2 when
    # centred.
    seen = (linear * energies[:, None]).T @ linear / count
    noise = float(np.mean(energies * ((linear**2).sum(1) / (2 * math.pi * d) + energies / (2 * n1))))
    inside = first @ first / (4 * math.pi**2 * d) + seen / (4 * math.pi * n1 * count)
    inside = inside + noise / (2 * n2 * count) * np.eye(tasks.rank)
    leakage = (d - tasks.rank) * noise / (2 * n2 * count)
    return AlignmentLaw(_symmetric(inside), leakage)


def _symmetric(matrix: Array) -> Array:
    half: Array = 0.5 * (matrix + matrix.T)
    return half
