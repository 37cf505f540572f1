"""One fixture: the command line, in process."""

import pytest

from giantstep.cli import main

from .runs import Ran


@pytest.fixture
def giantstep(capsys):
    def run(*words: str) -> Ran:
        code = main(words)
        return Ran(code, *capsys.readouterr())

    return run
