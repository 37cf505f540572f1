"""Where the particles of a wide network start: a readout and an overlap with the target's direction each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, whole_number
from giantstep.streams import Role, Streams

Array = NDArray[np.float64]

LARGEST = 1e4
"""Of a readout, beyond which the flow is too stiff for its solver."""


@dataclass(frozen=True, eq=False)
class ParticleStart:
    """a_i(0) ~ N(0, 1) and s_i(0) = 0, or what you give.

    Parameters
    ----------
    width : int
        Number of particles m.
    seeds : int
        Number of replicates.
    seed : int
        Root seed of readouts and overlaps.
    dimension : int, optional
        Overlaps of uniform rows in this dimension; None is d = infinity, overlaps zero.
    readout, overlaps : array, shape (m,) or (replicates, m), optional
        Your own a(0) and s(0) in (-1, 1); they set width and seeds.
    first : int
        Address of the first replicate's streams.
    prefix : tuple of int
        That of a study whose points are independent.

    Raises
    ------
    SpecError
        For arrays with NaN or of other shapes, or numbers out of range.

    Examples
    --------
    >>> ParticleStart(readout=[1.0, -1.0]).draw(0)
    (array([ 1., -1.]), array([0., 0.]))
    >>> ParticleStart(width=3, seeds=2).draw(1)[0].shape
    (3,)
    """

    width: int = 64
    seeds: int = 3
    seed: int = 0
    dimension: int | None = None
    readout: Any = None
    overlaps: Any = None
    first: int = 0
    prefix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.readout is None and self.overlaps is not None:
            raise SpecError("overlaps: found overlaps without readout, expected both or the readout alone.")
        if self.readout is not None:
            readout = _matrix("readout", self.readout)
            largest = float(np.abs(readout).max())
            if largest > LARGEST:
                raise SpecError(f"readout: found {largest:.3g} in size, expected sizes up to {LARGEST:g}.")
            object.__setattr__(self, "readout", readout)
            object.__setattr__(self, "seeds", readout.shape[0])
            object.__setattr__(self, "width", readout.shape[1])
        if self.overlaps is not None:
            overlaps = _matrix("overlaps", self.overlaps)
            if overlaps.shape != self.readout.shape:
                raise SpecError(
                    f"overlaps: found shape {overlaps.shape}, expected {self.readout.shape}, that of readout."
                )
            if not np.all(np.abs(overlaps) < 1):
                raise SpecError(
                    "overlaps: found one outside (-1, 1), expected cosines of rows of length one."
                )
            object.__setattr__(self, "overlaps", overlaps)
        for name, value, low, high in (
            ("width", self.width, 2, 4096),
            ("seeds", self.seeds, 1, 10**6),
            ("dimension", self.dimension, 2, 10**12),
        ):
            if value is not None:
                whole_number(name, value, low, high)

    def streams(self, replicate: int) -> Streams:
        """Return the random streams of one replicate."""
        return Streams(self.seed, self.first + replicate, self.prefix)

    def draw(self, replicate: int) -> tuple[Array, Array]:
        """Return a(0) and s(0) of one replicate, each (m,)."""
        streams = self.streams(replicate)
        if self.readout is not None:
            readout = self.readout[replicate]
        else:
            readout = streams.generator(Role.READOUT).standard_normal(self.width)
        if self.overlaps is not None:
            return readout, self.overlaps[replicate]
        if self.dimension is None:
            return readout, np.zeros(self.width)
        # The first coordinate of a uniform row: a normal beside the length of d - 1 others.
        generator = streams.generator(Role.INIT)
        along = generator.standard_normal(self.width)
        across = generator.chisquare(self.dimension - 1, self.width)
        return readout, along / np.sqrt(along**2 + across)


def _matrix(name: str, values: Any) -> Array:
    try:
        if np.iscomplexobj(values):
            raise TypeError
        found = np.atleast_2d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise SpecError(f"{name}: found {type(values).__name__}, expected an array of numbers.") from None
    if found.ndim != 2 or 0 in found.shape:
        raise SpecError(
            f"{name}: found shape {found.shape}, expected (particles,) or (replicates, particles)."
        )
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        row, column = bad[0]
        value = found[row, column]
        word = "NaN" if math.isnan(value) else "infinity"
        raise SpecError(
            f"{name}: found {word} at replicate {row}, particle {column}, expected finite numbers."
        )
    return found
