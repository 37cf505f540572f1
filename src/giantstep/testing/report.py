"""What a check finds: laws that hold, laws that are broken, and the error that lists the broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from giantstep.errors import GiantStepError

Check = Callable[[], str]
"""Returns what breaks the law, in words; empty when it holds."""


@dataclass(frozen=True, slots=True)
class Law:
    """One law and what was found.

    Attributes
    ----------
    name : str
        The law as a sentence.
    found : str
        What breaks it; empty when it holds.
    """

    name: str
    found: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was found against it."""
        return not self.found


@dataclass(frozen=True, slots=True)
class Report:
    """The laws that something was checked against.

    Attributes
    ----------
    subject : str
    laws : tuple of Law
    """

    subject: str
    laws: tuple[Law, ...]

    @property
    def broken(self) -> tuple[Law, ...]:
        """The laws that do not hold."""
        return tuple(law for law in self.laws if not law.holds)

    def __str__(self) -> str:
        """Return one line, and one more for every broken law."""
        head = f"{self.subject}: {len(self.laws) - len(self.broken)} laws hold"
        if not self.broken:
            return head
        lines, said = [f"{head}, {len(self.broken)} broken"], ""
        for law in self.broken:
            lines.append(f"  {law.name}: {'the same' if law.found == said else law.found}")
            said = law.found
        return "\n".join(lines)


class ConformanceError(GiantStepError, AssertionError):
    """Laws are broken; the message lists them all and ``report`` holds everything."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def examine(subject: str, laws: Iterable[tuple[str, Check]]) -> Report:
    """Check every law, whatever the others say.

    Raises
    ------
    ConformanceError
        When one is broken. An exception inside a check breaks its law.
    """
    report = Report(subject, tuple(Law(name, _tried(check)) for name, check in laws))
    if report.broken:
        raise ConformanceError(report)
    return report


def _tried(check: Check) -> str:
    try:
        return check()
    # What is checked is somebody else's code: whatever it raises is a finding.
    except Exception as error:
        return " ".join(f"raised {type(error).__name__}: {error}".split())
