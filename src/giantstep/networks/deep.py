"""Deep random networks (theory note 50, S5.3): phi_l = sigma(W_l phi_{l-1}), rows of W_l Gaussian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, instance, one_of, real_array, shown, whole_number, whole_numbers
from giantstep.networks.activation import Activation
from giantstep.streams import Role, Streams
from giantstep.threads import one_blas_thread

Array = NDArray[np.float64]

ROWS = ("iid", "rainbow")
DECAY = 0.3
MAX_DEPTH = 16
MAX_WIDTH = 20_000


@dataclass(frozen=True, slots=True)
class DeepNetwork:
    """Widths, activation and the law of the rows of every layer.

    Parameters
    ----------
    widths : int or sequence of int
        p_1, .., p_L, input side first.
    activation : str or Activation
    rows : {"iid", "rainbow"}
        ``iid``: W_l has iid N(0, 1/p_{l-1}) entries. ``rainbow``: rows N(0, C_l / p_{l-1}) with C_1 a power
        law k^-0.3 of trace d in a random eigenbasis and C_l = (I + W_{l-1} W_{l-1}^T normalised to trace
        p_{l-1}) / 2, as in trained networks, where a layer's rows know the layer below.

    Raises
    ------
    SpecError
        For unknown names and widths or depths out of range.

    Examples
    --------
    >>> network = DeepNetwork([30, 20], "tanh")
    >>> weights = network.draw(dimension=10, streams=Streams(seed=0))
    >>> weights.features(np.ones((10, 3))).shape
    (20, 3)
    """

    widths: tuple[int, ...]
    activation: Activation = "tanh"  # type: ignore[assignment]
    rows: str = "iid"

    def __post_init__(self) -> None:
        given: Any = self.widths
        widths = whole_numbers("widths", [given] if isinstance(given, Integral) else given, 1, MAX_WIDTH)
        if len(widths) > MAX_DEPTH:
            raise SpecError(f"widths: found {len(widths)} layers, expected 1 to {MAX_DEPTH}.")
        object.__setattr__(self, "widths", tuple(widths))
        object.__setattr__(self, "activation", Activation.named(self.activation))
        one_of("rows", self.rows, ROWS)

    def draw(self, dimension: int, streams: Streams, *, place: int = 0) -> DeepWeights:
        """Return weights; networks drawn at different places of one replicate are independent.

        Raises
        ------
        SpecError
            Unless the dimension is a whole number from 1 to 20000.
        """
        dimension = whole_number("dimension", dimension, 1, MAX_WIDTH)
        instance("streams", streams, Streams)
        layers: list[Array] = []
        with one_blas_thread():
            for depth, width in enumerate(self.widths):
                generator = streams.generator(Role.INIT, step=place, chunk=depth)
                inputs = layers[-1].shape[0] if layers else dimension
                rows = generator.standard_normal((width, inputs))
                if self.rows == "rainbow":
                    rows = _aligned(rows, layers[-1], generator) if layers else _power_law(rows, generator)
                layers.append(rows / math.sqrt(inputs))
        return DeepWeights(self.activation, tuple(layers))


@dataclass(frozen=True, slots=True, eq=False)
class DeepWeights:
    """The weights of one deep network, drawn or trained.

    Parameters
    ----------
    activation : Activation
    layers : tuple of array, shapes (p_1, d), (p_2, p_1), ..

    Raises
    ------
    SpecError
        When shapes do not fit together or entries are not finite.
    """

    activation: Activation
    layers: tuple[Array, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", Activation.named(self.activation))
        given: Any = self.layers
        if not isinstance(given, list | tuple):
            raise SpecError(f"layers: found {shown(given)}, expected a list of matrices.")
        layers = tuple(real_array("layers", layer, "matrices of finite numbers") for layer in given)
        shapes = [layer.shape for layer in layers]
        fits = all(len(shape) == 2 for shape in shapes) and all(
            above[1] == below[0] for below, above in pairwise(shapes)
        )
        if not layers or not fits:
            raise SpecError(f"layers: found shapes {shapes}, expected (p_1, d), (p_2, p_1), ..")
        object.__setattr__(self, "layers", layers)

    @property
    def dimension(self) -> int:
        """Number of inputs d."""
        return int(self.layers[0].shape[1])

    @property
    def width(self) -> int:
        """Number of features, p_L."""
        return int(self.layers[-1].shape[0])

    def features(self, inputs: NDArray[Any]) -> NDArray[Any]:
        """Return the last layer, (p_L, samples), of inputs (d, samples), in their precision."""
        values = inputs
        for layer in self.layers:
            values = np.asarray(self.activation.value(layer.astype(values.dtype, copy=False) @ values))
        return values


def _power_law(rows: Array, generator: np.random.Generator) -> Array:
    """Give isotropic rows the covariance Q diag(k^-0.3) Q^T of trace d; Q need act once only."""
    size = rows.shape[1]
    spectrum = np.arange(1.0, size + 1.0) ** -DECAY
    spectrum *= size / spectrum.sum()
    basis, triangle = np.linalg.qr(generator.standard_normal((size, size)))
    basis *= np.sign(np.diag(triangle))
    turned: Array = (rows * np.sqrt(spectrum)) @ basis.T
    return turned


def _aligned(rows: Array, below: Array, generator: np.random.Generator) -> Array:
    """Give rows the covariance (I + W W^T / mean diagonal) / 2 of the layer below, without a matrix root."""
    more = generator.standard_normal((rows.shape[0], below.shape[1])) @ below.T
    aligned: Array = (rows + more * math.sqrt(below.shape[0] / float((below**2).sum()))) / math.sqrt(2.0)
    return aligned
