"""A user's own Python function as the link of a target: a black box that is checked at every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from giantstep.errors import SpecError
from giantstep.targets.expression import checked_points
from giantstep.targets.kinks import Kinks


@dataclass(frozen=True)
class CallableLink:
    """A function ``z (..., rank) -> (...)`` given as Python code.

    It can be simulated and sampled; it has no polynomial and no known kinks, and it cannot be written into a
    study.  What it returns is checked at every call, because a wrong shape broadcasts silently.

    Attributes
    ----------
    function : callable
        Points (.., rank) to values (..), finite and real.
    rank : int

    Examples
    --------
    >>> link = CallableLink(lambda z: z[..., 0] * z[..., 1], 2)
    >>> link([[2.0, 3.0]])
    array([6.])
    """

    function: Callable[[Any], Any]
    rank: int

    black_box: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise SpecError(f"target: found {type(self.function).__name__}, expected a function of z.")
        if isinstance(self.rank, bool) or not isinstance(self.rank, (int, np.integer)) or self.rank < 1:
            raise SpecError(f"rank: found {self.rank!r}, expected a whole number >= 1.")
        object.__setattr__(self, "rank", int(self.rank))

    def __call__(self, z: Any) -> Any:
        """Evaluate at `z`, shape ``(..., rank)`` to ``(...)``, in the dtype of `z`.

        Raises
        ------
        SpecError
            When the function returns the wrong shape, something other than real numbers, or NaN or infinity.
        """
        z = checked_points(z, self.rank)
        window = z.view()
        window.flags.writeable = False
        name = getattr(self.function, "__name__", "function")
        value = np.asarray(self.function(window))
        if value.shape != z.shape[:-1]:
            raise SpecError(
                f"target '{name}': returned shape {value.shape} for z of shape {z.shape}, expected "
                f"{z.shape[:-1]}; index the last axis, as in z[..., 0]."
            )
        if value.dtype.kind not in "biuf":
            raise SpecError(f"target '{name}': returned dtype {value.dtype}, expected real numbers.")
        if not np.isfinite(value).all():
            raise SpecError(f"target '{name}': returned NaN or infinity; a target is finite everywhere.")
        value = value.astype(z.dtype, copy=np.may_share_memory(value, z))
        return value if value.ndim else value[()]

    def polynomial(self) -> None:
        """Return None: nothing is known about the function."""
        return None

    def kinks(self) -> Kinks:
        """Return no hyperplanes, incomplete: nothing is known about the function."""
        return Kinks((), complete=False)
