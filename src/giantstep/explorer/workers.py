"""The pool: a few worker processes, a short queue, and an end to everything that takes too long."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from giantstep.explorer.panels import PANELS

BUDGET_SECONDS = 30.0
"""Longest that an answer may take; `giantstep run` has no such limit."""

GRACE_SECONDS = 0.5
"""How long a cancelled worker may take to notice before its process is ended."""

_LONGEST_LINE = 2**25
_START_SECONDS = 60.0


_UNASKED, _ASKED, _ANSWERED = "unasked", "asked", "answered"


class _Died(Exception):
    """A worker process ended by itself."""


class Busy(Exception):
    """Every worker is taken and the queue is full."""


@dataclass(eq=False, slots=True)
class _Process:
    """One worker process; ``ready`` is set once it listens."""

    process: asyncio.subprocess.Process
    ready: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.ready = asyncio.create_task(self._wait_ready())

    async def _wait_ready(self) -> None:
        if await self.read() != {"ready": True}:
            raise _Died

    async def read(self) -> dict[str, Any] | None:
        """Return its next message; None when it has died."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")

    async def end(self) -> None:
        """Kill it and wait until nothing of it is left."""
        self.ready.cancel()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await asyncio.gather(self.ready, return_exceptions=True)
        # A question that is being cancelled may still hold the pipe; the loop closes it then.
        with contextlib.suppress(RuntimeError):
            await self.process.communicate()


class Pool:
    """A bounded number of workers for a bounded number of questions.

    Parameters
    ----------
    size : int
        Questions worked on at once.
    queue : int
        Questions that may wait; one more is refused with `Busy`.
    budget : float
        Seconds from when a worker takes a question to its end.
    warm : sequence of str
        Panels that a worker tries before anybody asks, so that its first answer is as quick as the others.
    """

    def __init__(
        self, size: int = 2, queue: int = 16, budget: float = BUDGET_SECONDS, warm: Sequence[str] = PANELS
    ) -> None:
        self.size, self.queue, self.budget, self.warm = size, queue, budget, tuple(warm)
        self.idle: asyncio.Queue[_Process] = asyncio.Queue()
        self.all: set[_Process] = set()
        self.asking = 0
        self.numbers = count(1)
        self.chores: set[asyncio.Task[None]] = set()
        self.filling = asyncio.Lock()

    @property
    def full(self) -> bool:
        """Whether one more question would be refused."""
        return self.asking >= self.size + self.queue

    async def start(self) -> None:
        """Start the first worker, and leave it the processor for the first question; see `fill`."""
        await self._spawn()

    def fill(self) -> None:
        """Start the workers that are still missing, in the background."""
        self._do(self._fill())

    async def _fill(self) -> None:
        async with self.filling:
            while len(self.all) < self.size:
                await self._spawn()

    async def stop(self) -> None:
        """End every worker."""
        for chore in self.chores:
            chore.cancel()
        await asyncio.gather(*self.chores, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self.all))
        self.all.clear()

    async def ask(self, panel: str, question: Any) -> AsyncIterator[dict[str, Any]]:
        """Yield the events of an answer; leaving the loop early cancels the question.

        Raises
        ------
        Busy
            When too many questions wait already.
        """
        if self.full:
            raise Busy
        self.asking += 1
        if self.idle.empty():
            self.fill()
        try:
            worker = await self.idle.get()
            number, state = next(self.numbers), _UNASKED
            try:
                await asyncio.wait_for(asyncio.shield(worker.ready), _START_SECONDS)
                worker.write({"id": number, "panel": panel, "question": question})
                state = _ASKED
                # A worker may still be warming up for other panels: the budget starts when it begins.
                clock = asyncio.get_running_loop().time
                deadline = clock() + _START_SECONDS
                while True:
                    async with asyncio.timeout_at(deadline):
                        message = await worker.read()
                    if message is None:
                        raise _Died
                    if "end" in message:
                        break
                    if "begin" in message:
                        deadline = clock() + self.budget
                        continue
                    yield message["event"]
                state = _ANSWERED
            except TimeoutError:
                state = _ASKED
                yield _error(
                    f"took longer than the {self.budget:g} s that the explorer allows, and was stopped."
                )
            except (_Died, ConnectionError):
                state = _ASKED
                yield _error("the process that computed this ended early, for want of memory perhaps.")
            finally:
                self._give_back(worker, number, state)
        finally:
            self.asking -= 1

    def _give_back(self, worker: _Process, number: int, state: str) -> None:
        if state != _ASKED:
            self.idle.put_nowait(worker)
            return
        self._do(self._quiet(worker, number))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        chore = asyncio.create_task(work)
        self.chores.add(chore)
        chore.add_done_callback(self.chores.discard)

    async def _quiet(self, worker: _Process, number: int) -> None:
        """Tell a worker to drop its question; end the process where it does not."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            worker.write({"cancel": number})
            async with asyncio.timeout(GRACE_SECONDS):
                while (message := await worker.read()) is not None:
                    if message.get("id") == number and "end" in message:
                        self.idle.put_nowait(worker)
                        return
        await worker.end()
        self.all.discard(worker)
        await self._fill()

    async def _spawn(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # Not from the working directory: a file called numpy.py there is no part of this.
            "-P",
            "-m",
            "giantstep.explorer.worker",
            *self.warm,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE,
        )
        worker = _Process(process)
        self.all.add(worker)
        self.idle.put_nowait(worker)


def _error(sentence: str) -> dict[str, Any]:
    return {"event": "error", "message": sentence}
