"""The clock of descent-ascent: explicit Euler steps, and the few of them at which the state is kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, real_array, real_number, shown, whole_number

FAITHFUL_STEP = 0.01
"""Up to this step the running integral of the gap stays below its limit V(0) (theory note 50, S7)."""

MAX_STEPS = 10**7


@dataclass(frozen=True, slots=True)
class Clock:
    """Steps of one size up to a last time.

    Parameters
    ----------
    until : float
        Last time T; a whole number of steps is taken.
    step : float
        Step of explicit Euler, or of the online algorithm: time = step x iteration.
    points : int
        Times written down: 0, T and, between, a log-spaced grid; fewer where steps coincide.
    at : tuple of float, optional
        Your own times instead.

    Raises
    ------
    SpecError
        For numbers out of range.

    Examples
    --------
    >>> Clock(10.0, 0.5, at=(1.0, 10.0)).times.tolist()
    [1.0, 10.0]
    >>> Clock(10.0, 0.5, points=2).times.tolist()
    [0.0, 10.0]
    """

    until: float = 400.0
    step: float = 0.05
    points: int = 24
    at: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("until", self.until), ("step", self.step)):
            real_number(name, value, "a finite number > 0", lambda number: number > 0)
        if self.step > self.until or self.until / self.step > MAX_STEPS:
            raise SpecError(
                f"step: found {self.step:g} until {self.until:g}, expected 1 to {MAX_STEPS:g} steps. "
                "Change either."
            )
        whole_number("points", self.points, 2, 1000)
        words = f"times from 0 to {self.until:g}"
        times = real_array("at", self.at, words)
        if times.ndim != 1 or not ((times >= 0) & (times <= self.until)).all():
            raise SpecError(f"at: found {shown(self.at)}, expected {words}.")
        object.__setattr__(self, "at", tuple(times.tolist()))

    @property
    def count(self) -> int:
        """Number of steps."""
        return max(1, round(self.until / self.step))

    @property
    def recorded(self) -> NDArray[np.int64]:
        """Numbers of steps after which the state is written down, ascending."""
        if self.at:
            wanted = np.array(self.at) / self.step
        else:
            first = max(self.until / 1000, self.step) if self.points > 2 else self.until
            wanted = np.append(0.0, np.geomspace(first, self.until, self.points - 1) / self.step)
        return np.unique(np.rint(wanted).astype(np.int64).clip(0, self.count))

    @property
    def times(self) -> NDArray[np.float64]:
        """Times of the recorded steps."""
        return np.asarray(self.recorded * self.step, dtype=np.float64)

    def cautions(self) -> list[str]:
        """Return what this step does to the numbers, in sentences."""
        if self.step <= FAITHFUL_STEP:
            return []
        return [
            f"step {self.step:g}: explicit Euler adds to the running gap, and its integral may pass the "
            f"limit V(0); the bound holds for steps up to {FAITHFUL_STEP:g}."
        ]
