"""Cases in which two engines are laid beside each other, and the z-scores of their law."""

from dataclasses import dataclass

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.testing.engines import moment_scores
from giantstep.training.experiment import Experiment


@dataclass(frozen=True)
class Case:
    name: str
    target: Target
    network: Network
    protocol: Protocol
    dimension: int

    def experiment(self, seed, replicate):
        streams = Streams(seed, replicate)
        return Experiment(self.target, self.network, self.protocol, self.dimension, streams)


def z_scores(first, second):
    """z of the difference of means and of variances, for every entry that is random at all."""
    constant, means, variances = moment_scores(first, second)
    assert constant < 1e-9, "constants must agree exactly"
    return means, variances
