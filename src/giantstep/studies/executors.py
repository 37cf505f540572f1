"""Who computes the points: this process, worker processes, a Dask cluster, or any executor of the user's."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

from giantstep.errors import CapabilityError, SpecError
from giantstep.threads import available_threads, check_threads

_PARENTS = (signal.SIGINT, signal.SIGTERM)
_ANSWER_SECONDS = 10
"""How long a scheduler may take to answer."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers behind the one seam for parallel work, `concurrent.futures.Executor`.

    Attributes
    ----------
    open : callable
        Gives a context that holds an executor; called again when a pool breaks.
    slots : callable
        How many points can be computed at once, now.
    alone : callable
        A crew of one for points suspected of killing their worker; None where executors are not ours.
    ahead : int
        Points handed out beyond the slots, so that no worker waits; few, for an interrupt waits for them.
    close : callable
        Ends what was made for this run.
    """

    open: Callable[[], AbstractContextManager[Executor]]
    slots: Callable[[], int]
    alone: Callable[[], Crew] | None = None
    ahead: int = 1
    close: Callable[[], object] = lambda: None


def crew(workers: int | None, scheduler: str | None, executor: Any) -> Crew:
    """Return the crew for what a user asked for; at most one of scheduler and executor.

    Raises
    ------
    SpecError
        For workers out of range, or two crews at once.
    CapabilityError
        When Dask is asked for and not installed, or its scheduler does not answer.
    """
    if scheduler is not None and executor is not None:
        raise SpecError("scheduler: found beside an executor; give one of them.")
    if scheduler is not None:
        return _scheduler(scheduler)
    if executor is not None:
        return _given(executor, workers)
    count = check_threads(workers, "workers")
    return Crew(_here, lambda: 1, ahead=0) if count == 1 else processes(count)


def processes(count: int) -> Crew:
    """Return worker processes on this machine, one BLAS thread each."""
    alone = Crew(lambda: _pool(1), lambda: 1, ahead=0)
    return Crew(lambda: _pool(count), lambda: count, lambda: alone)


class _Here(Executor):
    """Computes where it is asked, before it returns."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


def _here() -> AbstractContextManager[Executor]:
    return _Here()


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    # spawn: a forked child would inherit the threads' locks of BLAS and HDF5.
    others = set(multiprocessing.active_children())
    pool = _Workers(workers, mp_context=multiprocessing.get_context("spawn"), initializer=begin_worker)
    try:
        yield pool
    except BaseException:
        # Whoever raises does not wait: a half-written point is a temporary file, nothing more.
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.kill()
        raise
    pool.shutdown(wait=True, cancel_futures=True)


class _Workers(ProcessPoolExecutor):
    """Processes born with signals held back: one that imports would die of Ctrl-C, and say so."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        if not hasattr(signal, "pthread_sigmask"):
            return super().submit(function, *args, **options)
        # The first submit of a pool starts a process, which inherits the mask.
        former = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENTS)
        try:
            return super().submit(function, *args, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, former)


def begin_worker() -> None:
    """Prepare a worker process: signals are the parent's business, and without a parent it ends.

    A terminal sends Ctrl-C, and a batch system SIGTERM, to the whole group; the worker finishes writing.
    """
    for number in _PARENTS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _PARENTS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True, name="giantstep-parent").start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _given(executor: Any, workers: int | None) -> Crew:
    """Return a crew of the user's own: an executor, a Dask client or cluster. None is shut down."""
    if hasattr(executor, "get_executor"):
        return _client(executor)
    if hasattr(executor, "get_client"):
        from distributed import Client

        client = Client(executor, set_as_default=False)  # type: ignore[no-untyped-call]
        return replace(_client(client), close=client.close)
    if not hasattr(executor, "submit"):
        raise SpecError(
            f"executor: found a {type(executor).__name__}, expected a concurrent.futures.Executor or a "
            "Dask Client or cluster."
        )
    count = available_threads() if workers is None else check_threads(workers, "workers")
    return Crew(lambda: contextlib.nullcontext(executor), lambda: count)


def _client(client: Any) -> Crew:
    @contextlib.contextmanager
    def hold() -> Iterator[Executor]:
        # A point is idempotent: tasks lost with their worker are simply run again.
        yield client.get_executor(pure=False, retries=0)

    return Crew(hold, lambda: max(1, sum(client.nthreads().values())))


def _scheduler(address: str) -> Crew:
    try:
        from distributed import Client
    except ImportError:
        raise CapabilityError(
            f"scheduler {address!r}: Dask is not installed. Install giantstep[cluster], or use --workers."
        ) from None
    try:
        _ring(address)
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=_ANSWER_SECONDS, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CapabilityError(
            f"scheduler {address!r}: does not answer ({reason}). Start one with 'dask scheduler', and "
            "workers with 'dask worker', on machines that share the results folder."
        ) from None
    return replace(_client(client), close=client.close)


def _ring(address: str) -> None:
    """Raise unless a Dask scheduler answers: a Client would wait for ever on another program's port.

    A thread of its own, for a notebook runs an event loop already.
    """
    from distributed.comm.core import connect
    from distributed.security import Security

    async def ring() -> None:
        security = Security().get_connection_args("client")  # type: ignore[no-untyped-call]
        dialled = connect(  # type: ignore[no-untyped-call]
            address, timeout=_ANSWER_SECONDS, **security
        )
        # Its own timeout ends with the connection; what is said then has none.
        line = await asyncio.wait_for(dialled, 1.5 * _ANSWER_SECONDS)
        await line.close()

    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, ring()).result()
