"""What the theory of spiked features can be asked for, and errors that say what it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import CapabilityError, SpecError, nearest
from giantstep.networks import Activation, Network
from giantstep.targets import Target

THEORIES = ("structured", "isotropic")


def read_activation(network: Network | Activation | str) -> Activation:
    """Return the activation of a network that the theory is derived for.

    Raises
    ------
    CapabilityError
        For biases, other readouts than 1/sqrt(p), paired neurons or Gaussian rows.
    """
    if not isinstance(network, Network):
        return Activation.named(network)
    width = network.width
    found = None
    if network.biased:
        found = "biases"
    elif network.symmetric:
        found = "a symmetric start"
    elif network.rows == "gaussian":
        found = "Gaussian rows"
    elif network.readout != "constant" or abs(network.scale(width) ** 2 * width - 1) > 1e-9:
        found = "another readout"
    if found:
        raise CapabilityError(
            f"network: found {found}; the theory of spiked features is derived for readout='constant', "
            "readout_scale='1/sqrt(p)', symmetric=False, unit rows and no bias. Give an activation, or "
            "such a network."
        )
    return network.activation


def check_target(target: Target) -> None:
    """Raise `SpecError` unless the target has rank 1."""
    if not isinstance(target, Target):
        raise SpecError(f"target: found {type(target).__name__}, expected a Target.")
    if target.rank != 1:
        raise SpecError(
            f"target: found rank {target.rank} ({target}), expected rank 1: spiked features are derived for "
            "a function of z1 alone. Use overlaps or simulate for more directions."
        )


def numbers(name: str, value: Any, *, zero: bool = False) -> NDArray[np.float64]:
    """Return a value as a one-dimensional array of finite numbers above zero, or from zero on.

    >>> numbers("ridge", 0.1)
    array([0.1])
    """
    bound = f"finite numbers {'>=' if zero else '>'} 0"
    try:
        values = np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError):
        raise SpecError(f"{name}: found {value!r}, expected {bound}.") from None
    if values.ndim > 1 or not values.size:
        raise SpecError(f"{name}: found {value!r}, expected {bound}.")
    bad = ~np.isfinite(values) | (values < 0) | ((values == 0) & (not zero))
    if np.any(bad):
        raise SpecError(f"{name}: found {values[bad][0]:g}, expected {bound}.")
    return values


def number(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a single such number.

    >>> number("width_ratio", [2.0])
    2.0
    """
    values = numbers(name, value, zero=zero)
    if len(values) != 1:
        raise SpecError(f"{name}: found {len(values)} numbers, expected one. Call once for each.")
    return float(values[0])


def read_theory(theory: str | None) -> str:
    """Return the theory asked for; the better one by default."""
    if theory is None:
        return "structured"
    if theory not in THEORIES:
        raise SpecError(
            f"theory: found {theory!r}, expected {' or '.join(THEORIES)}{nearest(str(theory), THEORIES)}."
        )
    return theory
