"""`giantstep report`: a results folder as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from giantstep.cli.options import Text
from giantstep.cli.results import results_folder


def report(
    folder: Text,
    /,
    *,
    output: Annotated[str, Parameter(name=["--output", "-o"], metavar="FILE")],
) -> int:
    """Write a results folder as one page: question, figures, verdicts, theory, manifest, papers.

    The page opens from disk, needs no network and runs no script.

    Parameters
    ----------
    folder
        A folder that "giantstep run" wrote.
    output
        Where to, ending in .html.
    """
    from giantstep.report import write

    print(write(results_folder(folder), Path(output)))
    return 0
