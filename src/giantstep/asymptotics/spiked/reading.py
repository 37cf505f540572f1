"""What the theory of spiked features can be asked for, and errors that say what it cannot."""

from __future__ import annotations

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


def read_theory(theory: str | None) -> str:
    """Return the theory asked for; the better one by default."""
    if theory is None:
        return "structured"
    if theory not in THEORIES:
        raise SpecError(
            f"theory: found {theory!r}, expected {' or '.join(THEORIES)}{nearest(str(theory), THEORIES)}."
        )
    return theory
