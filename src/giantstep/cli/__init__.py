"""The command line: parse, call, print. One file a command; everything heavy loads inside the command.

Exit codes: 0 done, 1 some point failed or diverged, 2 usage, 130 interrupted. With ``--json`` stdout carries
exactly one JSON document; messages, estimates and progress go to stderr.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from giantstep.errors import GiantStepError, WriteError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``giantstep``; by default those of this process.

    Examples
    --------
    >>> main(["--version"])
    0...
    0
    """
    _open_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    try:
        return _run([word for word in words if word != "--debug"])
    except KeyboardInterrupt as interrupt:
        _say(f"interrupted{interrupt}")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away (`giantstep ... | head`); nothing is wrong and nobody listens.
        _silence_stdout()
        return FAILED
    except GiantStepError as error:
        if debug:
            raise
        _say(f"error: {error}")
        return FAILED if isinstance(error, WriteError) else USAGE
    except OSError as error:
        # Files name themselves in what they raise; what has no name is a stream of this process.
        if debug or error.filename is not None or error.errno not in _FULL:
            return _bug(error, debug)
        _silence_stdout()
        _say(f"error: the output cannot be written ({error.strerror}). Results in folders are kept.")
        return FAILED
    except MemoryError:
        if debug:
            raise
        _say("error: the machine ran out of memory. Lower the batch, the width or the number of workers.")
        return FAILED
    except Exception as error:
        return _bug(error, debug)


def _bug(error: Exception, debug: bool) -> int:
    if debug:
        raise error
    _say(f"error: unexpected {type(error).__name__}: {error}. This is a bug; --debug shows where.")
    return FAILED


def _run(words: list[str]) -> int:
    from cyclopts import CycloptsError

    from giantstep.cli.app import application, explain, tidy

    try:
        result = application()(
            tidy(words), exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        # cyclopts wraps what a converter raises; the cause says it better.
        if isinstance(error.__cause__, GiantStepError):
            raise error.__cause__ from None
        raise explain(error, words) from None
    sys.stdout.flush()
    return result if isinstance(result, int) else DONE


def _say(text: str) -> None:
    """One line on stderr, whatever the message holds."""
    with suppress(OSError):
        print("giantstep: " + " ".join(text.split()), file=sys.stderr)


def _silence_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Give a process that was started without a standard stream (``>&-``) one that leads nowhere.

    Its number is free, and the next file to be opened would take it. What an encoding does not have, such as
    the name of a folder that is no text, is written as JSON would.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    streams: tuple[Any, ...] = (sys.stdout, sys.stderr)
    for stream in streams:
        with suppress(AttributeError, OSError):
            stream.reconfigure(errors="backslashreplace")
