"""How a point ended, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """The state of one point of a learning curve."""

    CONVERGED = "converged"
    IMPRECISE = "imprecise"
    MAX_STEPS = "max_steps"
    NONFINITE = "nonfinite"


REMEDY: Final = {
    Status.CONVERGED: "",
    Status.IMPRECISE: (
        "fewer than 6 digits are good: an integral is not resolved. Where the spike is long, lower the "
        "learning rate or raise the first batch; else target or activation are steep or singular."
    ),
    Status.MAX_STEPS: (
        "the fixed point was not reached. Raise the ridge, move the sample ratio off the width ratio, or "
        "take the isotropic theory."
    ),
    Status.NONFINITE: (
        "the equations left the finite numbers. Bring ridge, ratios and learning rate nearer to 1."
    ),
}

FEWEST_DIGITS: Final = 6.0
"""Below this many good digits a converged point is called imprecise."""
