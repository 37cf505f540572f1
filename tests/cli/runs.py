"""How the tests call the command line: in this process, or in one of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

QUICK = ("--dimension", "300", "--width", "4", "--batch", "2d", "--steps", "2", "--seeds", "2")


class Ran:
    """What a command returned and printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def document(self) -> Any:
        """The one JSON document, read strictly: NaN and Infinity are refused."""

        def refuse(constant: str) -> None:
            raise AssertionError(f"{constant} in JSON")

        return json.loads(self.out, parse_constant=refuse)


def subprocess_run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "giantstep", *words], capture_output=True, text=True, timeout=600
    )
