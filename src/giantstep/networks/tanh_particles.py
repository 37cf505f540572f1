"""Two mean-field networks f = (alpha/N) sum_i b_i tanh(w_i x + c_i) of one input, as clouds of particles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, flag, whole_number
from giantstep.gaussian.tanh_kernel import SPREAD
from giantstep.streams import Role, Streams

Array = NDArray[np.float64]

EXACT_TRANSPORT = 1000
"""Up to this many particles the Wasserstein distance is an exact assignment."""


class Forward(NamedTuple):
    """tanh(w x + c) of every input and particle (n, N), kept for the way back."""

    inputs: Array
    values: Array


@dataclass(frozen=True, eq=False)
class TanhStart:
    """Where the particles of the primal f and the dual g start: b, c ~ N(0, 1), w ~ N(0, 1.5^2).

    Parameters
    ----------
    width : int
        Particles N of each network.
    seeds : int
        Number of replicates.
    seed : int
        Root seed.
    paired : bool
        (b, w, c) comes with (-b, w, c), so that f = g = 0 at the start. Unpaired networks start at noise of
        size alpha / sqrt(N).
    primal, dual : array, shape (3, N) or (replicates, 3, N), optional
        Your own particles: rows b, w, c. They set width and seeds.
    first : int
        Address of the first replicate's streams.
    prefix : tuple of int
        That of a study whose points are independent.

    Raises
    ------
    SpecError
        For an odd width with pairs, arrays of other shapes or with NaN.

    Examples
    --------
    >>> start = TanhStart(width=4, seeds=1)
    >>> primal, dual = start.draw(0)
    >>> primal.shape, bool(np.all(primal[0, :2] == -primal[0, 2:]))
    ((3, 4), True)
    """

    width: int = 300
    seeds: int = 3
    seed: int = 0
    paired: bool = True
    primal: Any = None
    dual: Any = None
    first: int = 0
    prefix: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if (self.primal is None) != (self.dual is None):
            raise SpecError(
                "particles: found one network's, expected those of both, primal and dual, or neither."
            )
        if self.primal is not None:
            clouds = {name: _cloud(name, getattr(self, name)) for name in ("primal", "dual")}
            if clouds["primal"].shape != clouds["dual"].shape:
                raise SpecError(
                    f"particles: found shapes {clouds['primal'].shape} and {clouds['dual'].shape}, expected "
                    "equal ones."
                )
            for name, cloud in clouds.items():
                object.__setattr__(self, name, cloud)
            object.__setattr__(self, "seeds", clouds["primal"].shape[0])
            object.__setattr__(self, "width", clouds["primal"].shape[2])
            balanced = all(
                np.allclose(output_at(c, np.linspace(-2, 2, 5), 1.0), 0, atol=1e-12)
                for cloud in clouds.values()
                for c in cloud
            )
            object.__setattr__(self, "paired", balanced)
        for name, value, low, high in (("width", self.width, 2, 10**5), ("seeds", self.seeds, 1, 10**6)):
            whole_number(name, value, low, high)
        flag("paired", self.paired)
        if self.paired and self.width % 2:
            raise SpecError(f"width: found {self.width}, expected an even number: particles come in pairs.")

    def streams(self, replicate: int) -> Streams:
        """Return the random streams of one replicate."""
        return Streams(self.seed, self.first + replicate, self.prefix)

    def draw(self, replicate: int) -> tuple[Array, Array]:
        """Return the particles of f and of g, each (3, N): rows b, w, c."""
        if self.primal is not None:
            return self.primal[replicate].copy(), self.dual[replicate].copy()
        generator = self.streams(replicate).generator(Role.INIT)
        return draw_particles(generator, self.width, self.paired), draw_particles(
            generator, self.width, self.paired
        )


def draw_particles(generator: np.random.Generator, width: int, paired: bool = True) -> Array:
    """Return one network's particles (3, N): b, w, c drawn in this order, then mirrored in b if paired."""
    count = width // 2 if paired else width
    b, w, c = (deviation * generator.standard_normal(count) for deviation in (1.0, SPREAD, 1.0))
    if not paired:
        return np.stack([b, w, c])
    return np.stack([np.concatenate([b, -b]), np.concatenate([w, w]), np.concatenate([c, c])])


def forward(particles: Array, inputs: Array) -> Forward:
    """Return the hidden values at inputs (n,)."""
    _, w, c = particles
    return Forward(inputs, np.tanh(np.multiply.outer(inputs, w) + c))


def output(particles: Array, at: Forward, scale: float) -> Array:
    """Return f at the inputs, (n,): alpha times the mean over particles."""
    return scale / particles.shape[1] * (at.values @ particles[0])


def output_at(particles: Array, inputs: Array, scale: float) -> Array:
    """Return f at inputs (n,)."""
    return output(particles, forward(particles, inputs), scale)


def push(particles: Array, at: Forward, weights: Array) -> Array:
    """Return sum_n weights_n grad phi(x_n; theta_i) for every particle, (3, N): along b, w and c."""
    slopes = 1.0 - at.values**2
    b = particles[0]
    return np.stack([weights @ at.values, b * ((weights * at.inputs) @ slopes), b * (weights @ slopes)])


def tangent_kernel(particles: Array, inputs: Array) -> Array:
    """Return K(x, x') = (1/N) sum_i grad phi(x; theta_i) . grad phi(x'; theta_i) at inputs, (n, n).

    >>> cloud = draw_particles(np.random.default_rng(0), 40000)
    >>> from giantstep.gaussian.tanh_kernel import tanh_kernel
    >>> x = np.array([-1.0, 0.5])
    >>> bool(np.allclose(tangent_kernel(cloud, x), tanh_kernel(x, x), atol=0.03))
    True
    """
    values = forward(particles, inputs).values
    slopes = particles[0] * (1.0 - values**2)
    found = values @ values.T + (1.0 + np.multiply.outer(inputs, inputs)) * (slopes @ slopes.T)
    return found / particles.shape[1]


def _cloud(name: str, values: Any) -> Array:
    try:
        if np.iscomplexobj(values):
            raise TypeError
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise SpecError(f"{name}: found {type(values).__name__}, expected an array of numbers.") from None
    found = found[None] if found.ndim == 2 else found
    if found.ndim != 3 or found.shape[1] != 3 or 0 in found.shape:
        raise SpecError(f"{name}: found shape {found.shape}, expected (3, N) or (replicates, 3, N): b, w, c.")
    bad = np.argwhere(~np.isfinite(found))
    if len(bad):
        replicate, row, particle = (int(place) for place in bad[0])
        word = "NaN" if math.isnan(found[replicate, row, particle]) else "infinity"
        raise SpecError(
            f"{name}: found {word} at particle {particle}, row {'bwc'[row]}, expected finite numbers."
        )
    return found
