"""Many binary tasks that share few latent bits: truth tables, and the pair kernel they have on average.

x ~ N(0, I_d), bits s_k = sign(x_k) for k <= r, task t labels y = f_t(s), f_t : {-1, 1}^r -> {-1, 1} (theory
note 50, S8.1). Bits are the signs of the first r inputs without loss of generality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, flag, real_array, whole_number
from giantstep.streams import Role, Streams

Array = NDArray[np.float64]

MAX_RANK = 8
MAX_COUNT = 10**6
MAX_ENTRIES = 2**25
TASKS_STEP = 1
"""Tables have the address (INIT, replicate, 1, 0), whatever the dimension: the same tasks at every d."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """A law of tasks.

    Parameters
    ----------
    rank : int
        Latent bits r, from 1 to 8.
    count : int or None
        How many tasks T, at most 2^25 table entries; None for infinitely many.
    balanced : bool
        Tables uniform among those with as many 1 as -1; else among all tables.
    centred : bool
        Whether each task's mean label is taken off (an intercept in its head).

    Raises
    ------
    SpecError
        For numbers out of range.

    Examples
    --------
    >>> tables = Tasks(rank=2, count=5).draw(Streams(seed=0))
    >>> tables.labels.shape, tables.labels.sum(1).tolist()
    ((5, 4), [0.0, 0.0, 0.0, 0.0, 0.0])
    >>> Tasks(rank=2, count=None).draw(Streams(0)).kernel[0].round(3).tolist()
    [1.0, -0.333, -0.333, -0.333]
    """

    rank: int
    count: int | None
    balanced: bool = True
    centred: bool = False

    def __post_init__(self) -> None:
        whole_number("rank", self.rank, 1, MAX_RANK)
        if self.count is not None:
            whole_number("tasks", self.count, 1, min(MAX_COUNT, MAX_ENTRIES >> self.rank))
        flag("balanced", self.balanced)
        flag("centred", self.centred)

    def draw(self, streams: Streams, step: int = TASKS_STEP) -> TaskTables:
        """Return tables; those of another step are independent."""
        size = 2**self.rank
        if self.count is None:
            return TaskTables(self.rank, None, _infinite(size, self.balanced, self.centred), self.centred)
        generator = streams.generator(Role.INIT, step=step)
        if self.balanced:
            half = np.repeat([1.0, -1.0], size // 2)
            labels = generator.permuted(np.tile(half, (self.count, 1)), axis=1)
        else:
            labels = 2.0 * generator.integers(0, 2, (self.count, size)) - 1.0
        return TaskTables.of(labels, centred=self.centred)


@dataclass(frozen=True, slots=True, eq=False)
class TaskTables:
    """Given tasks.

    Attributes
    ----------
    rank : int
        Latent bits r.
    labels : array, shape (tasks, 2^r), or None
        f_t at every pattern, in the order of `patterns`, less the task's mean where centred; None for
        infinitely many tasks.
    kernel : array, shape (2^r, 2^r)
        K(s, s') = mean over tasks of f_t(s) f_t(s').
    centred : bool
    """

    rank: int
    labels: Array | None
    kernel: Array
    centred: bool = False

    @classmethod
    def of(cls, labels: Any, *, centred: bool = False) -> TaskTables:
        """Return the tasks of truth tables of your own, one row a task.

        Raises
        ------
        SpecError
            Unless every entry is 1 or -1 and the number of columns is a power of two.

        Examples
        --------
        >>> TaskTables.of([[1, -1, -1, 1]]).linear.tolist()  # a parity has no linear part
        [[0.0, 0.0]]
        """
        flag("centred", centred)
        table = real_array("labels", labels, "truth tables of 1 and -1")
        rank = int(math.log2(table.shape[1])) if table.ndim == 2 and table.shape[1] else 0
        if table.ndim != 2 or not len(table) or not 1 <= rank <= MAX_RANK or 2**rank != table.shape[1]:
            raise SpecError(
                f"labels: found shape {table.shape}, expected (tasks, 2^r) with r from 1 to {MAX_RANK}."
            )
        if not np.isin(table, (-1.0, 1.0)).all():
            raise SpecError("labels: found entries other than 1 and -1, expected truth tables of 1 and -1.")
        if centred:
            table = table - table.mean(1, keepdims=True)
        return cls(rank, table, table.T @ table / len(table), centred)

    @property
    def count(self) -> float:
        """How many tasks T; infinity for infinitely many."""
        return math.inf if self.labels is None else len(self.labels)

    @property
    def linear(self) -> Array:
        """Linear Fourier coefficients E_s[f_t(s) s_k] of each task, shape (tasks, r)."""
        if self.labels is None:
            raise SpecError(
                "tasks: infinitely many tasks have no list of coefficients; give a number of tasks."
            )
        linear: Any = self.labels @ patterns(self.rank)
        return np.asarray(linear / 2**self.rank, dtype=np.float64)

    @property
    def bias(self) -> float:
        """Mean over tasks of the squared mean label; 0 when all are balanced or centred."""
        return float(self.kernel.mean())


def patterns(rank: int) -> Array:
    """Return the 2^r bit patterns as rows of 1 and -1; `pattern_index` gives a row's number.

    >>> patterns(2).tolist()
    [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]
    """
    numbers = np.arange(2**rank)[:, None] >> np.arange(rank)
    return np.asarray(2.0 * (numbers & 1) - 1.0, dtype=np.float64)


def pattern_index(bits: NDArray[Any]) -> NDArray[np.int64]:
    """Return the number of the pattern of each column of latent inputs, shape (r, samples).

    >>> pattern_index(np.array([[0.3, -1.0], [2.0, -0.1]])).tolist()
    [3, 0]
    """
    powers = 1 << np.arange(len(bits))
    return np.asarray(powers @ (bits > 0), dtype=np.int64)


def _infinite(size: int, balanced: bool, centred: bool) -> Array:
    if balanced:
        return (size * np.eye(size) - 1.0) / (size - 1)
    return np.eye(size) - (1.0 / size if centred else 0.0)
