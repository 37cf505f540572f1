"""What an activation can see: the orders its neurons respond to (the activation obstruction).

A neuron answers a block of total order m with a coefficient proportional to c_m = E[s^(m)] at its own
pre-activation variance and bias (theory note 10, section 1).  Where c_m = 0 the block is invisible,
whatever the batch.  With a reused batch, a label power a and a block of j + k indices enter through
E[s'(h0)^(a-1) s^(a+j+k-1)(h)], h0 and h correlated: visible when c_l(s'^(a-1)) and c_{a+j+k-1+l}(s) are
both nonzero for some l.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from giantstep.gaussian.hermite import hermite_expansion
from giantstep.networks import Activation, Network
from giantstep.staircase.transforms import HIGHEST_POWER, Transform

HELD_ORDERS = 20
"""Orders up to which c_m is computed; beyond, the pattern of the last two of each parity continues."""

_GENERIC_VARIANCES = (0.55, 1.45, 2.3)
_GENERIC_SHIFTS = (0.37, -0.83, 1.21)
_PERIOD = 1e-11


@dataclass(frozen=True, slots=True)
class Sight:
    """The blocks an activation can see; `Sight.generic()` sees every one.

    Attributes
    ----------
    name : str or None
        The activation; None for a generic one.
    first, later : tuple of bool
        Whether order m = 0..HELD_ORDERS is visible at step 1 (unit variance) and afterwards (any variance).
    slopes : tuple of tuple of bool
        slopes[a][l]: whether c_l of s'^a is nonzero, for the label powers of a reused batch.
    kind : str
        "generic", "odd" (odd up to a constant), "even", or "linear": the parity law that no protocol escapes.
    """

    name: str | None
    first: tuple[bool, ...]
    later: tuple[bool, ...]
    slopes: tuple[tuple[bool, ...], ...]
    kind: str

    @classmethod
    def generic(cls) -> Sight:
        """Return the sight of a generic activation: all c_m nonzero at all shifts."""
        every = (True,) * (HELD_ORDERS + 1)
        return cls(None, every, every, (every,) * HIGHEST_POWER, "generic")

    @classmethod
    def of(cls, network: Network | None) -> Sight:
        """Return what the neurons of a network see, at their biases.

        Examples
        --------
        >>> [m for m in range(8) if Sight.of(Network(width=2)).sees(m, step=1)]
        [0, 1, 2, 4, 6]
        >>> Sight.of(Network(width=2, activation="tanh")).kind
        'odd'
        """
        if network is None:
            return cls.generic()
        if isinstance(network.bias, tuple):
            shifts = tuple(sorted(set(network.bias)))
        else:
            shifts = _GENERIC_SHIFTS if network.biased else (0.0,)
        sight = _measured(network.activation, shifts)
        offset = abs(float(np.asarray(network.activation.value(np.zeros(1)))[0]))
        if sight.kind == "odd" and offset > _PERIOD and not network.symmetric:
            # A constant in the predictor shifts the label of a reused batch: odd and even powers mix.
            return replace(sight, kind="generic")
        return sight

    @property
    def sees_all(self) -> bool:
        return self.name is None

    def sees(self, order: int, step: int) -> bool:
        """Whether a block of total order ``order`` of y itself is visible at step ``step`` = 1, 2, .."""
        return _continued(self.first if step == 1 else self.later, order)

    def sees_transformed(self, transform: Transform, order: int) -> bool:
        """Whether a reused batch surely shows a block of total order ``order`` of a label transform.

        The rule is that of the correlation loss at the second visit; the square loss and later visits can
        only add to it, within `may_see`.
        """
        if self.sees_all:
            return True
        if transform.power is not None:
            return self._power_visible(transform.power, order)
        powers = [a for a in range(2, HIGHEST_POWER + 1) if transform.parity in (None, a % 2)]
        seen = [self._power_visible(a, order) for a in powers]
        return all(seen) if transform.parity is None else any(seen)

    def _power_visible(self, a: int, order: int) -> bool:
        return any(
            self.slopes[a - 1][lower] and _continued(self.later, a + order - 1 + lower)
            for lower in range(HELD_ORDERS + 1)
        )

    def may_see(self, transform: Transform, order: int) -> bool:
        """Whether no law forbids a reused batch to show this block: parity, or linearity."""
        if self.kind == "odd":
            return transform.parity is None or (transform.parity + order) % 2 == 0
        if self.kind == "even":
            return order % 2 == 0
        if self.kind == "linear":
            return transform.power == 1 and order == 1
        return True

    def words(self) -> str:
        """Return what is visible at later steps, in words."""
        seen = [m for m in range(1, 11) if self.later[m]]
        tail = ", .." if any(self.later[11:]) else ""
        return "{" + ", ".join(map(str, seen)) + tail + "}"


def _continued(held: tuple[bool, ...], order: int) -> bool:
    """Beyond the held orders, an order is as visible as the two highest held ones of its parity."""
    if order <= HELD_ORDERS:
        return held[order]
    last = HELD_ORDERS - (HELD_ORDERS - order) % 2
    return held[last] and held[last - 2]


@lru_cache(maxsize=64)
def _measured(activation: Activation, shifts: tuple[float, ...]) -> Sight:
    def visible(function: Any, variances: tuple[float, ...], kinks: tuple[float, ...]) -> tuple[bool, ...]:
        seen = np.zeros(HELD_ORDERS + 1, dtype=bool)
        for variance in variances:
            for shift in shifts:
                expansion = hermite_expansion(
                    function, HELD_ORDERS, kinks=kinks, variance=variance, shift=shift
                )
                seen |= expansion.nonzero()
        return tuple(bool(x) for x in seen)

    kinks = tuple(activation.kinks)
    first = visible(activation.value, (1.0,), kinks)
    later = visible(activation.value, (1.0, *_GENERIC_VARIANCES), kinks)

    def slope_power(a: int) -> Any:
        return lambda x: np.asarray(activation.derivative(x), dtype=np.float64) ** a

    one = np.ones_like
    slopes = [visible(one, (1.0,), ())]
    slopes += [visible(slope_power(a), _GENERIC_VARIANCES, kinks) for a in range(1, HIGHEST_POWER)]
    return Sight(activation.name, first, later, tuple(slopes), _kind(activation, shifts))


def _kind(activation: Activation, shifts: tuple[float, ...]) -> str:
    points = np.concatenate([np.linspace(0.05, 6.0, 97), [0.3217, 1.618, 2.71828]])
    slope = np.asarray(activation.derivative(points), dtype=np.float64)
    mirrored = np.asarray(activation.derivative(-points), dtype=np.float64)
    size = float(np.max(np.abs(slope)) + np.max(np.abs(mirrored))) or 1.0
    if max(np.ptp(slope), np.ptp(mirrored), abs(slope[0] - mirrored[0])) < _PERIOD * size:
        return "linear"
    if any(shifts):
        return "generic"
    if np.max(np.abs(slope - mirrored)) < _PERIOD * size:
        return "odd"
    if np.max(np.abs(slope + mirrored)) < _PERIOD * size:
        return "even"
    return "generic"
