"""The studies that come with the package, and reading one of them or a user's own."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from giantstep.errors import SpecError, nearest
from giantstep.studies.study import Study


def builtin() -> dict[str, str]:
    """Return name -> title of every built-in study.

    >>> {"beyond-kernel", "exponents", "learning-curves", "stairway"} <= set(builtin())
    True
    """
    return {
        item.name.removesuffix(".toml"): tomllib.loads(item.read_text(encoding="utf-8")).get("title", "")
        for item in sorted(_folder().iterdir(), key=lambda item: item.name)
        if item.name.endswith(".toml") and item.name.count(".") == 1
    }


def load(study: str | Path, *, variant: str | None = None) -> Study:
    """Read a built-in study by name, or a study file by path (whatever ends in ``.toml``).

    Parameters
    ----------
    study : str or path
    variant : str, optional
        ``"full"`` reads the twin ``<name>.full.toml``, the same study at greater length; ``"quick"`` a
        shorter one.

    Returns
    -------
    Study

    Raises
    ------
    SpecError
        One line: the file's field as the user spelled it, what was found, what is allowed.

    Examples
    --------
    >>> study = load("stairway", variant="quick")
    >>> study.name, study.figure
    ('stairway.quick', 'stairway')
    """
    suffix = f".{variant}.toml" if variant else ".toml"
    if str(study).endswith(".toml"):
        path = Path(study)
        if variant:
            path = path.with_name(path.name.removesuffix(".toml") + suffix)
        try:
            # Some editors begin a file with a byte-order mark.
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            raise SpecError(f"study {path}: cannot be read ({reason}).") from None
        return Study.parse(text, name=path.name.removesuffix(".toml"))
    name, known = str(study), builtin()
    if name not in known:
        raise SpecError(
            f"study: found {name!r}, expected {', '.join(known)} or the path of a .toml file"
            f"{nearest(name, known)}."
        )
    source = _folder().joinpath(name + suffix)
    if not source.is_file():
        raise SpecError(f"study {name!r}: has no variant {variant!r}.")
    return Study.parse(source.read_text(encoding="utf-8"), name=name + (f".{variant}" if variant else ""))


def _folder() -> Any:
    return resources.files("giantstep.studies").joinpath("builtin")
