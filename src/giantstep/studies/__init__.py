"""Studies: a grid over the nouns, run by the verbs, kept in a folder.

The names below are the whole interface; each loads on first use. The verbs laid side by side for one
setting are ``giantstep.studies.walk.walk``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "settings_of": "giantstep.studies.costs",
    "export": "giantstep.studies.exporting",
    "listing": "giantstep.studies.checking",
    "repair": "giantstep.studies.checking",
    "check": "giantstep.studies.checking",
    "Setting": "giantstep.studies.costs",
    "Health": "giantstep.studies.checking",
    "Estimate": "giantstep.studies.costs",
    "Event": "giantstep.studies.events",
    "Outcome": "giantstep.studies.events",
    "Study": "giantstep.studies.study",
    "builtin": "giantstep.studies.library",
    "collect": "giantstep.studies.collecting",
    "drawable": "giantstep.studies.reports",
    "estimate": "giantstep.studies.costs",
    "load": "giantstep.studies.library",
    "report": "giantstep.studies.reports",
    "run": "giantstep.studies.runner",
    "verdicts": "giantstep.studies.judging",
}

__all__ = [
    "Estimate",
    "Event",
    "Health",
    "Outcome",
    "Setting",
    "Study",
    "builtin",
    "check",
    "collect",
    "drawable",
    "estimate",
    "export",
    "listing",
    "load",
    "repair",
    "report",
    "run",
    "settings_of",
    "verdicts",
]

if TYPE_CHECKING:
    from giantstep.studies.checking import Health, check, listing, repair
    from giantstep.studies.collecting import collect
    from giantstep.studies.costs import Estimate, Setting, estimate, settings_of
    from giantstep.studies.events import Event, Outcome
    from giantstep.studies.exporting import export
    from giantstep.studies.judging import verdicts
    from giantstep.studies.library import builtin, load
    from giantstep.studies.reports import drawable, report
    from giantstep.studies.runner import run
    from giantstep.studies.study import Study


def __getattr__(name: str) -> Any:
    """Load a public name from its file on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'giantstep.studies' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
