"""Moments of the house readouts, and the networks that theory note 40 speaks of."""

from __future__ import annotations

import math
from typing import Final

from giantstep.errors import CapabilityError, nearest
from giantstep.networks import Network

READOUTS: Final = ("gaussian", "uniform", "rademacher")
"""Laws of mean 0 whose moments the note's constants are made of."""


def even_moment(readout: str, power: int) -> float:
    """Return m_2k = E a^(2k) of a house readout at scale 1; ``power`` is k. Odd moments are 0.

    Parameters
    ----------
    readout : str
        ``gaussian`` ((2k - 1)!!), ``uniform`` on [-sqrt 3, sqrt 3] (3^k / (2k + 1)), ``rademacher`` (1).
    power : int
        k >= 0.

    Raises
    ------
    CapabilityError
        For another readout.

    Examples
    --------
    >>> [even_moment(name, 2) for name in READOUTS]
    [3.0, 1.8, 1.0]
    """
    match readout:
        case "gaussian":
            return float(math.prod(range(1, 2 * power, 2)))
        case "uniform":
            return 3.0**power / (2 * power + 1)
        case "rademacher":
            return 1.0
    raise CapabilityError(
        f"readout: found {readout!r}, expected {', '.join(READOUTS)}: the theory needs a law of mean 0"
        f"{nearest(str(readout), READOUTS)}."
    )


def check_network(network: Network) -> None:
    """Raise unless the theory of spikes and outliers is derived for this network (theory note 40, 0).

    Raises
    ------
    CapabilityError
        For paired neurons, biases, other rows than on the sphere, another scale or another readout.

    Examples
    --------
    >>> check_network(Network(width=8, readout="gaussian"))
    Traceback (most recent call last):
    giantstep.errors.CapabilityError: network: found symmetric=True; with paired neurons the readout is ...
    """
    if network.symmetric:
        raise CapabilityError(
            "network: found symmetric=True; with paired neurons the readout is orthogonal to the first layer "
            "and the outliers of the theory do not exist. Use symmetric=False (--no-symmetric)."
        )
    found = None
    if network.biased:
        found = "biases"
    elif network.rows != "unit":
        found = f"rows={network.rows!r}"
    elif abs(network.scale(network.width) - 1.0) > 1e-9:
        found = f"readout_scale={network.readout_scale}"
    if found:
        raise CapabilityError(
            f"network: found {found}; spikes and outliers are derived for unit rows, no bias and a readout "
            "gaussian, uniform or rademacher of scale 1. Give an activation, or such a network."
        )
    even_moment(network.readout if isinstance(network.readout, str) else "given as numbers", 1)
