"""The studies that come with the package, and reading one of them or a user's own."""

from __future__ import annotations

from pathlib import Path

from giantstep.studies.study import Study


def builtin() -> dict[str, str]:
    """Return name -> title of every built-in study."""
    raise NotImplementedError


def load(study: str | Path, *, variant: str | None = None) -> Study:
    """Read a built-in study by name, or a study file by path (whatever ends in ``.toml``).

    Parameters
    ----------
    study : str or path
    variant : str, optional
        ``"full"`` reads the twin ``<name>.full.toml``, the same study at greater length.

    Raises
    ------
    SpecError
        One line: the file's field as the user spelled it, what was found, what is allowed.
    """
    raise NotImplementedError
