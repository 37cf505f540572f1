"""The tree of commands, and what is said about words that fit nowhere in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from giantstep import __version__
from giantstep.errors import SpecError, nearest

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

_OPTION = re.compile(r"--[A-Za-z][A-Za-z-]*(=.*)?")
_HELP = "What does a two-layer network learn in its first few giant gradient steps?"
_EPILOGUE = (
    "A TARGET is an expression in z1, z2, .. such as 'z1 + z1*z2', or a name listed by "
    "'giantstep studies --targets'. Most commands take --json for one JSON document, all take --debug for "
    "tracebacks."
)


def application() -> App:
    """Return the command-line application; the modules of the commands load nothing heavy."""
    from cyclopts import App, Parameter

    from giantstep.cli.analyze import analyze
    from giantstep.cli.cite import cite
    from giantstep.cli.explore import explore
    from giantstep.cli.predict_deep_features import deep_features
    from giantstep.cli.predict_features import features
    from giantstep.cli.predict_minimax import minimax
    from giantstep.cli.predict_multi_task import multi_task
    from giantstep.cli.predict_outliers import outliers
    from giantstep.cli.predict_overlaps import overlaps
    from giantstep.cli.predict_spikes import spikes
    from giantstep.cli.predict_time_scales import time_scales
    from giantstep.cli.report import report
    from giantstep.cli.results import figure, show
    from giantstep.cli.run import run
    from giantstep.cli.simulate import simulate
    from giantstep.cli.store import check, export, repair, show_list
    from giantstep.cli.studies import studies

    app = App(
        name="giantstep",
        version=__version__,
        help=_HELP,
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        suppress_keyboard_interrupt=False,
        default_parameter=Parameter(negative=(), show_default=False),
    )
    commands: tuple[Callable[..., int], ...] = (
        analyze,
        simulate,
        run,
        studies,
        show,
        figure,
        report,
        cite,
        explore,
    )
    for place, command in enumerate(commands):
        app.command(command, sort_key=place)
    predict = App(name="predict", help="Predict exactly, in high dimension.", sort_key=1)
    predict.command(overlaps)
    predict.command(features)
    predict.command(spikes)
    predict.command(outliers)
    predict.command(time_scales)
    predict.command(deep_features)
    predict.command(minimax)
    predict.command(multi_task)
    app.command(predict)
    store = App(name="store", help="Look after a results folder; take results elsewhere.", sort_key=9)
    store.command(check)
    store.command(repair)
    store.command(show_list, name="list")
    store.command(export)
    app.command(store)
    return app


def tidy(words: list[str]) -> list[str]:
    """Give ``analyze --bias`` its value: alone it asks for any bias at all, with a number for that spread.

    >>> tidy(["analyze", "z1", "--bias", "--json"])
    ['analyze', 'z1', '--bias=1', '--json']
    """
    if words[:1] != ["analyze"]:
        return words
    tidied: list[str] = []
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        alone = word == "--bias" and re.fullmatch(r"[-+]?[\d.].*", following) is None
        tidied.append("--bias=1" if alone else word)
    return tidied


def explain(error: CycloptsError, words: list[str]) -> SpecError:
    """Return a one-line `SpecError` that says which word did not fit and what would."""
    from cyclopts.exceptions import UnusedCliTokensError

    known = _option_names(words)
    for word in words:
        if known and _OPTION.fullmatch(word) and word.split("=")[0] not in known:
            return unknown_option(word, known)
    command = " ".join(["giantstep", *(error.command_chain or ())])
    error.verbose = False
    if isinstance(error, UnusedCliTokensError) and error.unused_tokens:
        found = ", ".join(map(repr, error.unused_tokens))
        return SpecError(
            f"found {found} after everything was read. Put a target with spaces in quotes; "
            f"see {command} --help."
        )
    return SpecError(f"{error} See {command} --help.")


def unknown_option(word: str, known: Any = ()) -> SpecError:
    """Return the error of an option that does not exist."""
    name = word.split("=")[0]
    return SpecError(
        f"option {name!r}: there is no such option{nearest(name, known).rstrip('?')}; see --help."
    )


def looks_like_option(text: str) -> bool:
    """Whether text is an option's name rather than a target: a target has a digit in every variable.

    >>> looks_like_option("--bogus"), looks_like_option("-z1"), looks_like_option("--z1")
    (True, False, False)
    """
    return _OPTION.fullmatch(text) is not None


def _option_names(words: list[str]) -> set[str]:
    """Names of the options of the command that was being read."""
    try:
        command = application()[words[0]]
        if words[0] in ("predict", "store"):
            command = command[words[1]]
        arguments = command.assemble_argument_collection()
        return {"--help", "--debug"} | {name for argument in arguments for name in argument.names}
    except (KeyError, IndexError, AttributeError):
        return set()
