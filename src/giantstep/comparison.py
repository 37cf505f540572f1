"""Verb `compare`: theory beside measurement, z-scores and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr

AGREES, DISAGREES, NOT_RESOLVED = "agrees", "disagrees", "not resolved"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` answers.

    Attributes
    ----------
    verdict : {"agrees", "disagrees", "not resolved"}
    reason : str
        One sentence.
    directions : tuple of dict
        Against a certificate: one entry a direction of the target space.
    scores : dict or None
        Against a Dataset with the same variables: rms z and bias of each variable.
    """

    verdict: str
    reason: str
    directions: tuple[dict[str, Any], ...] = ()
    scores: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: no NaN, no infinity."""
        raise NotImplementedError


def compare(theory: Any, data: xr.Dataset) -> Comparison:
    """Return z-scores and a verdict.

    Parameters
    ----------
    theory : Certificate, its Dataset (``learned_subspace``), or a Dataset with variables of ``data``
        and no ``replicate``.
    data : xarray.Dataset
        From `simulate` or `measure`; may have a ``dimension`` axis.
    """
    raise NotImplementedError
