"""The two-layer network f(x) = p^{-1/2} a^T sigma(W x + b) and how it starts (theory note 00)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError, nearest, whole_number
from giantstep.networks.activation import Activation
from giantstep.sizes import Size

READOUTS = ("rademacher", "gaussian", "uniform", "constant")
ROWS = ("unit", "gaussian", "orthonormal")
MAX_WIDTH = 10**6


@dataclass(frozen=True, slots=True)
class Network:
    """A two-layer network at initialisation: f(x) = width^{-1/2} sum_i a_i sigma(w_i . x + b_i).

    Parameters
    ----------
    width : int
        Number of hidden neurons p.
    activation : str or Activation
        See `Activation.named`.
    readout : str or sequence of float
        Law of the readout a: ``rademacher`` (+-1), ``gaussian`` N(0, 1), ``uniform`` on [-sqrt 3, sqrt 3],
        ``constant`` 1; or the p numbers themselves. a_i is O(1): the factor width^{-1/2} stands in f.
    readout_scale : float or str
        Multiplies the readout; a size such as ``"1/sqrt(p)"``.
    bias : float or sequence of float
        Standard deviation of Gaussian biases (0: none), or the p biases themselves.
    symmetric : bool or None
        Pair neuron i with i + p/2: same row and bias, opposite readout, so f = 0 at the start. None: yes
        where the width is even and neither readout nor biases are given as numbers.
    rows : str
        ``unit``: uniform on the unit sphere; ``gaussian``: iid N(0, 1/d); ``orthonormal``: orthonormal rows,
        orthogonal to the teacher.

    Raises
    ------
    SpecError
        For an odd width with a symmetric start, unknown names, wrong lengths, numbers out of range.

    Examples
    --------
    >>> Network(width=8, activation="relu").symmetric
    True
    >>> Network(width=2, readout=[1.0, -1.0]).readout
    (1.0, -1.0)
    """

    width: int
    activation: Activation = "relu"  # type: ignore[assignment]
    readout: str | tuple[float, ...] = "rademacher"
    readout_scale: Size = 1.0  # type: ignore[assignment]
    bias: float | tuple[float, ...] = 0.0
    symmetric: bool = None  # type: ignore[assignment]
    rows: str = "unit"

    def __post_init__(self) -> None:
        def put(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        put("width", whole_number("width", self.width, 1, MAX_WIDTH))
        put("activation", Activation.named(self.activation))
        put("readout", _readout(self.readout, self.width))
        put("readout_scale", Size.parse(self.readout_scale, name="readout_scale"))
        put("bias", _bias(self.bias, self.width))
        if self.rows not in ROWS:
            raise SpecError(
                f"rows: found {self.rows!r}, expected {', '.join(ROWS)}{nearest(self.rows, ROWS)}."
            )
        explicit = not isinstance(self.readout, str) or isinstance(self.bias, tuple)
        if self.symmetric is None:
            put("symmetric", self.width % 2 == 0 and not explicit)
        if self.symmetric:
            self._check_symmetric()

    def _check_symmetric(self) -> None:
        half, odd = divmod(self.width, 2)
        if odd:
            raise SpecError(
                f"width: found {self.width} with a symmetric start, expected an even number "
                f"(neurons come in pairs). Use an even width or symmetric=False (--no-symmetric)."
            )
        if isinstance(self.readout, tuple) and any(
            self.readout[i] != -self.readout[i + half] for i in range(half)
        ):
            raise SpecError(
                "readout: with a symmetric start, entry i + width/2 must be minus entry i. "
                "Give such numbers or symmetric=False."
            )
        if isinstance(self.bias, tuple) and self.bias[:half] != self.bias[half:]:
            raise SpecError(
                "bias: with a symmetric start, entry i + width/2 must equal entry i. "
                "Give such numbers or symmetric=False."
            )

    @property
    def biased(self) -> bool:
        """Whether any neuron has a bias."""
        return any(self.bias) if isinstance(self.bias, tuple) else self.bias > 0

    @property
    def bias_is_random(self) -> bool:
        """Whether biases are drawn anew for every replicate."""
        return not isinstance(self.bias, tuple) and self.bias > 0

    @property
    def free_neurons(self) -> int:
        """Number of rows drawn independently: half the width with a symmetric start."""
        return self.width // 2 if self.symmetric else self.width

    def scale(self, dimension: int) -> float:
        """Return the number that multiplies the readout at an input dimension."""
        return self.readout_scale.at(dimension=dimension, width=self.width)

    def draw_readout(self, generator: np.random.Generator, dimension: int) -> NDArray[np.float64]:
        """Return the initial readout a, shape (width,), scale included."""
        if isinstance(self.readout, tuple):
            return self.scale(dimension) * np.array(self.readout)
        count = self.free_neurons
        half: NDArray[np.float64]
        if self.readout == "rademacher":
            half = 2.0 * generator.integers(0, 2, count).astype(np.float64) - 1.0
        elif self.readout == "gaussian":
            half = generator.standard_normal(count)
        elif self.readout == "uniform":
            half = math.sqrt(3.0) * generator.uniform(-1.0, 1.0, count)
        else:
            half = np.ones(count)
        return self.scale(dimension) * (np.concatenate([half, -half]) if self.symmetric else half)

    def draw_biases(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Return the biases b, shape (width,)."""
        if isinstance(self.bias, tuple):
            return np.array(self.bias)
        half: NDArray[np.float64] = np.zeros(self.free_neurons)
        if self.bias:
            half = self.bias * generator.standard_normal(self.free_neurons)
        return np.concatenate([half, half]) if self.symmetric else half

    def spec(self) -> dict[str, Any]:
        """Return the canonical description: the width and every field that differs from its default.

        Raises
        ------
        CapabilityError
            When the activation is a Python function of the user's own.
        """
        spec: dict[str, Any] = {"width": self.width, "activation": self.activation.spec()}
        plain = Network(self.width)
        for name in ("readout", "bias", "rows"):
            value = getattr(self, name)
            if value != getattr(plain, name):
                spec[name] = list(value) if isinstance(value, tuple) else value
        if self.readout_scale != plain.readout_scale:
            spec["readout_scale"] = str(self.readout_scale)
        explicit = isinstance(self.readout, tuple) or isinstance(self.bias, tuple)
        if self.symmetric != (self.width % 2 == 0 and not explicit):
            spec["symmetric"] = self.symmetric
        return spec

    def check_dimension(self, dimension: int, rank: int) -> None:
        """Raise where this start does not exist at an input dimension.

        Raises
        ------
        CapabilityError
            For orthonormal rows when there are not width + rank dimensions.
        """
        if self.rows == "orthonormal" and dimension < self.free_neurons + rank:
            raise CapabilityError(
                f"rows 'orthonormal': {self.free_neurons} rows orthogonal to {rank} teacher directions need "
                f"dimension >= {self.free_neurons + rank}, found {dimension}. Use rows='unit'."
            )


def _numbers(values: Sequence[float] | NDArray, name: str, width: int) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise SpecError(f"{name}: found {values!r}, expected {width} numbers.") from None
    if len(numbers) != width:
        raise SpecError(f"{name}: found {len(numbers)} numbers, expected {width}, one for each neuron.")
    if not all(map(math.isfinite, numbers)):
        raise SpecError(f"{name}: found a number that is not finite, expected {width} finite numbers.")
    return numbers


def _readout(readout: Any, width: int) -> str | tuple[float, ...]:
    if isinstance(readout, str):
        if readout not in READOUTS:
            raise SpecError(
                f"readout: found {readout!r}, expected {', '.join(READOUTS)} or {width} numbers"
                f"{nearest(readout, READOUTS)}."
            )
        return readout
    return _numbers(readout, "readout", width)


def _bias(bias: Any, width: int) -> float | tuple[float, ...]:
    if isinstance(bias, int | float | np.number) and not isinstance(bias, bool):
        if not (math.isfinite(bias) and bias >= 0):
            raise SpecError(f"bias: found {bias}, expected a standard deviation >= 0 or {width} biases.")
        return float(bias)
    return _numbers(bias, "bias", width)
