"""A worker process: reads questions as lines of JSON, writes events as lines of JSON, until its input ends.

Processes, because only a process can really be stopped; JSON, because nothing is unpickled anywhere. A thread
watches the input while a question is worked on: it notes cancellations, and ends the process with its server.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Sequence
from typing import Any, TextIO

from giantstep.errors import GiantStepError

LARGEST_MEMORY = 6 * 2**30
"""Bytes of address space of a worker; a question is estimated first, this is the wall behind it."""


class Cancelled(Exception):
    """The one who asked does not want to know any more."""


class Worker:
    """One process's loop; ``output`` takes the events, ``warm`` names the panels to try beforehand."""

    def __init__(self, questions: TextIO, output: TextIO, warm: Sequence[str]) -> None:
        self.questions, self.output, self.cold = questions, output, list(warm)
        self.waiting: queue.Queue[dict[str, Any]] = queue.Queue()
        self.cancelled: set[int] = set()

    def run(self) -> None:
        """Answer questions until the process ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._write({"ready": True})
        while True:
            # Who asks does not wait for panels that nobody has asked yet.
            if self.cold and self.waiting.empty():
                self._warm(self.cold.pop(0))
                continue
            message = self.waiting.get()
            self._answer(message["id"], message["panel"], message["question"])

    def _warm(self, panel: str) -> None:
        """Try a panel beforehand, until somebody asks."""
        from giantstep.explorer.panels import warm

        def check() -> None:
            if not self.waiting.empty():
                raise Cancelled

        try:
            warm(panel, check)
        except Cancelled:
            self.cold.append(panel)

    def _listen(self) -> None:
        for line in self.questions:
            message = json.loads(line)
            if "cancel" in message:
                self.cancelled.add(message["cancel"])
            else:
                self.waiting.put(message)
        # The server is gone: so is whatever is being computed for it.
        os._exit(0)

    def _answer(self, number: int, panel: str, question: Any) -> None:
        from giantstep.explorer.call import Call
        from giantstep.explorer.panels import answer

        def check() -> None:
            if number in self.cancelled:
                raise Cancelled

        self._write({"id": number, "begin": True})
        try:
            answer(panel, question, Call(lambda event: self._write({"id": number, "event": event}), check))
        except Cancelled:
            pass
        except GiantStepError as error:
            self._fail(number, str(error))
        except MemoryError:
            self._fail(number, "memory: this takes more than a question may. Lower the batch or the width.")
        except RecursionError:
            self._fail(number, "question: is nested too deeply.")
        except Exception as error:
            import traceback

            traceback.print_exc()
            self._fail(number, f"unexpected {type(error).__name__}: {error}. This is a bug of giantstep.")
        self.cancelled.discard(number)
        self._write({"id": number, "end": True})

    def _fail(self, number: int, sentence: str) -> None:
        self._write({"id": number, "event": {"event": "error", "message": " ".join(sentence.split())}})

    def _write(self, message: dict[str, Any]) -> None:
        self.output.write(json.dumps(message, allow_nan=False) + "\n")
        self.output.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = LARGEST_MEMORY if hard == resource.RLIM_INFINITY else min(LARGEST_MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def main() -> None:
    """Run a worker on this process's standard streams."""
    import signal

    # Ctrl-C reaches the whole group of processes; the server ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory()
    # Events have the output to themselves: whatever else prints goes to the error stream.
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    Worker(sys.stdin, events, sys.argv[1:]).run()


if __name__ == "__main__":
    main()
