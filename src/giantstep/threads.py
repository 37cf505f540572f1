"""Parallel work in one process: one BLAS thread each, results in order.

The bits of a matrix product depend on the number of BLAS threads, so every number that reaches a result
is computed with one; chunks supply the parallelism.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from giantstep.errors import SpecError, shown

Item = TypeVar("Item")
Result = TypeVar("Result")
ChunkMap = Callable[[Callable[[Any], Any], Iterable[Any], int], Iterator[Any]]
"""What computes the chunks of a sum, in order: `ordered_map`, or workers that share them."""


class _BlasGuard:
    """Counts who needs one BLAS thread: the limit is process-wide, so the last one out lifts it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.limiter: Any = None

    def enter(self) -> None:
        with self.lock:
            self.holders += 1
            if self.holders == 1:
                from threadpoolctl import threadpool_limits

                self.limiter = threadpool_limits(limits=1, user_api="blas")

    def leave(self) -> None:
        with self.lock:
            self.holders -= 1
            if self.holders == 0:
                self.limiter.restore_original_limits()
                self.limiter = None


_GUARD = _BlasGuard()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS at one thread inside the block; nested and concurrent uses are counted."""
    _GUARD.enter()
    try:
        yield
    finally:
        _GUARD.leave()


def available_threads() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_threads(threads: int | None, name: str = "threads") -> int:
    """Return a valid number of threads, all cores for None."""
    if threads is None:
        return available_threads()
    if isinstance(threads, bool) or not isinstance(threads, int) or not 1 <= threads <= 1024:
        raise SpecError(
            f"{name}: found {shown(threads)}, expected a whole number from 1 to 1024, or None for all cores."
        )
    return threads


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, at most ``2 * threads`` of them in flight.

    Work that has not begun is dropped when the consumer stops early or an item fails.

    >>> list(ordered_map(lambda x: x * x, range(4), threads=2))
    [0, 1, 4, 9]
    """
    if threads == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="giantstep-chunk") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
