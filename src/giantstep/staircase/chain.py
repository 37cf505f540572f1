"""The chain of learnt subspaces U_0 = {0}, U_1, U_2, .. (theory note 10, section 2.3).

A fresh batch of n ~ d^kappa shows blocks with at most K = floor(kappa) complement indices.  Vanilla steps
take the lowest order that shows anything, preprocessed steps (orders 0 and 1 of the labels removed) all of
them.  A reused batch, from its second visit on, shows the order-1 blocks of every label transform.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from giantstep.staircase.blocks import Block
from giantstep.staircase.joining import Unlock, join, unresolved
from giantstep.staircase.problem import Problem
from giantstep.staircase.subspaces import Subspace, complement_rows
from giantstep.staircase.symmetry import allowed_directions, idle_along
from giantstep.staircase.transforms import HIGHEST_POWER, IDENTITY, Transform, label_power
from giantstep.staircase.visibility import HELD_ORDERS

MAX_STEPS = 64


@dataclass(frozen=True, slots=True)
class Mode:
    """How one step is taken.

    Attributes
    ----------
    batch_exponent : float
        kappa of n ~ d^kappa.
    reuse : bool
        Whether the batch was used by the step before.
    preprocess : bool
    """

    batch_exponent: float = 1.0
    reuse: bool = False
    preprocess: bool = False

    @property
    def highest_order(self) -> int:
        """K = floor(kappa): complement indices a fresh batch resolves."""
        return max(0, math.floor(self.batch_exponent + 1e-9))


@dataclass(frozen=True, slots=True)
class Growth:
    """What one step, or one closure, added.

    Attributes
    ----------
    subspace : Subspace
        After the step.
    unlocks : tuple of Unlock
        In order.
    hidden : tuple of Block
        Blocks that would have added directions but that the activation cannot see.
    doubts : tuple of str
        Why the numbers do not decide; empty when they do.
    certificate : str
        What says that nothing more was there.
    """

    subspace: Subspace
    unlocks: tuple[Unlock, ...]
    hidden: tuple[Block, ...]
    doubts: tuple[str, ...]
    certificate: str


def grow_fresh(
    problem: Problem, known: Subspace, whole: Subspace, step: int, orders: Sequence[int], *, lowest_only: bool
) -> Growth:
    """Add what fresh labels show at the given complement orders; with ``lowest_only`` stop at the first."""
    unlocks: list[Unlock] = []
    hidden: list[Block] = []
    doubts: list[str] = []
    reached = known
    certificate = ""
    blocks = problem.own_blocks(known, max(orders)) if orders and known.dimension < whole.dimension else []
    scale = 0.0 if problem.exact or not blocks else problem.size(IDENTITY)
    for k in orders:
        here = [block for block in blocks if block.outside == k]
        uncertain = False
        near: list[str] = []
        for block in here:
            if not problem.sight.sees(block.inside + k, step):
                if join(reached, block, known).subspace.dimension > reached.dimension:
                    hidden.append(block)
                continue
            joined = join(reached, block, known)
            if len(joined.directions) or joined.subspace.dimension > reached.dimension:
                unlocks.append(Unlock(IDENTITY, block, joined.directions))
                reached = joined.subspace
            elif joined.doubtful:
                near.append(f"order {k}: a block of strength {block.strength:.1e} lies too near its error")
            elif unresolved(block, scale):
                uncertain = True
        if reached.dimension >= whole.dimension:
            return Growth(reached, tuple(unlocks), tuple(hidden), tuple(doubts), "every direction is learnt")
        # No symmetry that holds to round-off can say that a number near round-off is zero.
        doubts.extend(near[:1])
        truncated = problem.labels is None and known.dimension > 0
        parities = _fresh_parities(problem, k, step, truncated=truncated and not uncertain)
        if uncertain or (truncated and parities):
            text, doubt = _certify(problem, known, reached, whole, k, parities, "blocks")
            certificate = text or certificate
            if doubt:
                doubts.append(doubt)
        elif not certificate:
            certificate = problem.how
        if lowest_only and reached.dimension > known.dimension:
            break
    return Growth(reached, tuple(unlocks), tuple(hidden), tuple(doubts), certificate)


def grow_reused(
    problem: Problem, known: Subspace, whole: Subspace, orders: Sequence[int], *, lowest_only: bool
) -> Growth:
    """Add what transforms of the label show at the given complement orders."""
    unlocks: list[Unlock] = []
    hidden: list[Block] = []
    doubts: list[str] = []
    reached = known
    certificate = ""
    if known.dimension == whole.dimension:
        return Growth(known, (), (), (), "every direction is learnt")
    for k in orders:
        parities = _family_parities(problem, k, known.dimension > 0)
        limit = problem.possible(known, k, parities)
        limit_exact = _certified_exactly(problem, known)
        ceiling = _within(whole, known, limit)
        possible = reached
        costly: list[str] = []
        uncertain = False
        if reached.dimension < ceiling or not limit_exact:
            for transform, blocks in problem.blocks(known, _family(problem), k):
                if blocks is None:
                    costly.append(transform.text)
                    continue
                scale = 0.0 if problem.exact else problem.size(transform)
                for block in blocks:
                    if block.outside != k:
                        continue
                    joined = join(reached, block, known)
                    grows = joined.subspace.dimension > reached.dimension
                    if _seen(problem, transform, block.inside + k):
                        if grows:
                            unlocks.append(Unlock(transform, block, joined.directions))
                            reached = joined.subspace
                        elif joined.doubtful or unresolved(block, scale):
                            uncertain = True
                    elif grows and problem.sight.may_see(transform, block.inside + k):
                        possible = join(possible, block, known).subspace
                    elif grows:
                        hidden.append(block)
                if reached.dimension >= whole.dimension:
                    break
                # A symmetry known to 1e-11 may stop the search once the label itself agrees; but powers of an
                # exact target could tell more than that.
                if reached.dimension == ceiling and (limit_exact or not problem.exact):
                    break
        if reached.dimension >= whole.dimension:
            return Growth(reached, tuple(unlocks), tuple(hidden), tuple(doubts), "every direction is learnt")
        if reached.dimension < ceiling and problem.sight.kind != "linear":
            limit = problem.possible(known, k, parities, thorough=True)
            ceiling = _within(whole, known, limit)
        if reached.dimension == ceiling:
            certificate = "a symmetry of the target" + ("" if limit_exact else " (checked to 1e-11)")
        elif problem.sight.kind == "linear":
            certificate = problem.how
        else:
            extra = _joined_dimension(reached, possible)
            why = "no symmetry certifies that other transforms of the label add nothing"
            if extra > reached.dimension:
                why = "the square loss or later visits may show blocks that the second visit does not"
            if costly:
                why += f"; {', '.join(costly)} would take too long"
            if uncertain:
                why += "; some blocks lie too near their error"
            doubts.append(f"order {k}: {why}")
        if lowest_only and reached.dimension > known.dimension:
            break
    return Growth(reached, tuple(unlocks), tuple(hidden), tuple(doubts), certificate)


def _family(problem: Problem) -> Iterable[Transform]:
    family = problem.family
    if problem.label_values is not None:
        return family[:1]
    return family


def _seen(problem: Problem, transform: Transform, order: int) -> bool:
    values = problem.label_values
    if values is None:
        return problem.sight.sees_transformed(transform, order)
    # Powers of a two-valued label are linear in it: y is seen where any power with a linear part is.
    linear = [m for m in range(1, HIGHEST_POWER + 1) if m % 2 or abs(values[0] + values[1]) > 1e-6]
    return any(problem.sight.sees_transformed(label_power(m), order) for m in linear)


def _fresh_parities(problem: Problem, k: int, step: int, *, truncated: bool) -> list[tuple[int, int]]:
    """Parities of the blocks of y that were not computed, or were not resolved."""
    lowest = max(0, problem.order + 1 - k) if truncated else 0
    return [(1, j % 2) for j in range(lowest, lowest + HELD_ORDERS) if problem.sight.sees(j + k, step)]


def _family_parities(problem: Problem, k: int, inside: bool) -> list[tuple[int, int]]:
    """Parities (label transform, inside order) of every block that no law hides from a reused batch."""
    labels = (1,) if problem.label_values is not None else (0, 1)
    found = []
    for a in labels:
        transform = Transform("", np.asarray, None, a)
        for j in range(4 if inside else 1):
            if problem.sight.may_see(transform, j + k) or problem.sight.kind == "linear":
                found.append((a, j % 2))
    return found


def _certify(
    problem: Problem,
    known: Subspace,
    reached: Subspace,
    whole: Subspace,
    k: int,
    parities: Sequence[tuple[int, int]],
    what: str,
) -> tuple[str, str]:
    """Return (certificate, "") or ("", doubt) for "nothing more at order k"."""
    limit = allowed_directions(problem.visible_symmetries(known), known, k, parities)
    if reached.dimension >= _within(whole, known, limit):
        return "a symmetry of the target", ""
    rest = complement_rows(reached.rows, problem.rank)
    if all(idle_along(problem.visible_part, row) for row in rest):
        return "the visible part of the target does not depend on the rest", ""
    return "", (
        f"order {k}: {what} are zero only as far as {problem.how} tells, and no symmetry certifies it"
    )


def _certified_exactly(problem: Problem, known: Subspace) -> bool:
    """Whether the symmetries hold in exact arithmetic, so that they may replace computing label powers."""
    if not problem.exact:
        return False
    found = problem.symmetries(known)
    return bool(found) and all(item.exact for item in found)


def _within(whole: Subspace, known: Subspace, limit: np.ndarray) -> int:
    """Dimension of (U + allowed directions) inside the target's own space."""
    total = np.vstack([known.rows, limit @ whole.projector])
    if not len(total):
        return 0
    return int(np.sum(np.linalg.svd(total, compute_uv=False) > 1e-6))


def _joined_dimension(left: Subspace, right: Subspace) -> int:
    total = np.vstack([left.rows, right.rows])
    return int(np.sum(np.linalg.svd(total, compute_uv=False) > 1e-6)) if len(total) else 0


def take_step(problem: Problem, known: Subspace, whole: Subspace, step: int, mode: Mode) -> Growth:
    """Return what step number ``step`` (1, 2, ..) learns."""
    orders = list(range(1, mode.highest_order + 1))
    if not orders:
        return Growth(known, (), (), (), "fewer samples than d learn nothing")
    if mode.reuse and step > 1:
        return grow_reused(problem, known, whole, orders, lowest_only=not mode.preprocess)
    return grow_fresh(problem, known, whole, step, orders, lowest_only=not mode.preprocess)


def follow(problem: Problem, whole: Subspace, modes: Sequence[Mode]) -> list[Growth]:
    """Return the growth at steps 1, 2, .. until the chain stops; the last mode repeats for ever."""
    known = Subspace.zero(problem.rank, exact=problem.exact)
    steps: list[Growth] = []
    # A chain may rest and move again: the last mode starts late, a reused batch needs a second visit, and an
    # activation may see more once its pre-activations have left unit variance.
    patience = max(len(modes), 2)
    while len(steps) < MAX_STEPS:
        number = len(steps) + 1
        growth = take_step(problem, known, whole, number, modes[min(number, len(modes)) - 1])
        steps.append(growth)
        moved = growth.subspace.dimension > known.dimension
        known = growth.subspace
        if known.dimension >= whole.dimension or (not moved and number >= patience):
            break
    return steps
