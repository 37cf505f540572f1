"""Noun: the two-layer network - activation, initialisation, one chunk's gradient, readout regression."""

from giantstep.networks.activation import Activation, hermite_mixture
from giantstep.networks.network import Network

__all__ = ["Activation", "Network", "hermite_mixture"]
