"""One chunk's part of the gradient: from local fields and labels to the errors D (theory note 00).

Arrays are neuron-major: fields have shape (width, samples), so that each neuron's samples are contiguous.
"""

from __future__ import annotations

import math
from typing import Any

from giantstep.networks.activation import Activation

Array = Any
LOSSES = ("square", "correlation")


def predictions(fields: Array, readout: Array, activation: Activation) -> Array:
    """Return f = width^{-1/2} a^T sigma(h), shape (samples,), from the fields h, shape (width, samples)."""
    return (readout / math.sqrt(fields.shape[0])) @ activation.value(fields)


def backpropagated_errors(
    fields: Array, labels: Array, readout: Array, activation: Activation, loss: str
) -> Array:
    """Return e_nu sigma'(h_{i nu}), shape (width, samples).

    The factor a_i / sqrt(width) that completes D is constant along a row; the caller applies it once to the
    accumulated sums instead of to every sample.

    Parameters
    ----------
    fields : array, shape (width, samples)
        Pre-activations w_i . x_nu + b_i.
    labels : array, shape (samples,)
        Labels, with any linear part of the predictor already taken off.
    readout : array, shape (width,)
        a, O(1) entries.
    activation : Activation
    loss : {"square", "correlation"}
        The residual is y - f for the square loss (half the mean squared error), y for the correlation loss.
    """
    residual = labels if loss == "correlation" else labels - predictions(fields, readout, activation)
    return activation.derivative(fields) * residual[None, :]
