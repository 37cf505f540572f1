"""What a person types for a target: a name of the catalog, or an expression."""

from __future__ import annotations

from giantstep.errors import SpecError, nearest
from giantstep.targets import catalog
from giantstep.targets.target import Target


def named_or_written(text: str) -> Target:
    """Return the target of a catalog name or of an expression.

    Raises
    ------
    SpecError
        Names the place in the text, or the nearest name of the catalog.

    Examples
    --------
    >>> str(named_or_written("stair2")), str(named_or_written("z1*z2"))
    ('z1 + z1*z2', 'z1*z2')
    """
    name = text.strip()
    if name in catalog.names():
        return Target.from_catalog(name)
    try:
        return Target.parse(text)
    except SpecError:
        hint = nearest(name, catalog.names()) if name.isidentifier() else ""
        if not hint:
            raise
        raise SpecError(
            f"target: {name!r} is neither an expression in z1, z2, .. nor a name of the catalog{hint}"
        ) from None
