"""Randomness has an address: every draw belongs to (role, replicate, step, chunk) of one root seed.

No worker number, no thread count and no memory limit enters an address, so the same seed gives the same
bits however the work was shared out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from giantstep.errors import SpecError, shown


class Role(IntEnum):
    """What a stream is for; the first word of its address."""

    INIT = 0
    BATCH = 1
    NOISE = 2
    OFF_AXIS = 3
    READOUT = 4
    TEST = 5


@dataclass(frozen=True, slots=True)
class Streams:
    """All random streams of one replicate.

    Parameters
    ----------
    seed : int
        Root seed, 0 <= seed < 2^64.
    replicate : int
        Which repetition of the experiment this is.
    prefix : tuple of int
        Two 32-bit words from the spec's hash when a study says ``independent = true``; empty when points
        share their random numbers (paired comparisons).

    Examples
    --------
    >>> first = Streams(seed=0, replicate=3).generator(Role.BATCH, step=1, chunk=7).standard_normal(2)
    >>> again = Streams(seed=0, replicate=3).generator(Role.BATCH, step=1, chunk=7).standard_normal(2)
    >>> bool((first == again).all())
    True
    """

    seed: int = 0
    replicate: int = 0
    prefix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or not 0 <= self.seed < 2**64:
            raise SpecError(f"seed: found {shown(self.seed)}, expected a whole number from 0 to 2^64 - 1.")

    def generator(self, role: Role, step: int = 0, chunk: int = 0) -> np.random.Generator:
        """Return the generator at an address; calling again starts the same stream anew."""
        key = (*self.prefix, int(role), self.replicate, step, chunk)
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key)))


def fingerprint() -> str:
    """Return the SHA-256 of 1000 draws of this module's own streams.

    Two installations with equal fingerprints draw equal bits; a result file stores it, so that a reader
    knows whether "same seed" means "same bits" or only "same law".
    """
    from giantstep.gaussian.bartlett import bartlett
    from giantstep.gaussian.normals import draw_normals

    generator = Streams(seed=0).generator(Role.BATCH)
    draws = np.concatenate([draw_normals(generator, 900), bartlett(10, 1000, generator).ravel()])
    return hashlib.sha256(draws.astype("<f8").tobytes()).hexdigest()
