"""Whether two engines have one law: means and variances of every order parameter, over replicates."""

from dataclasses import dataclass

import numpy as np

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.training.experiment import COMPLETED, Experiment


@dataclass(frozen=True)
class Case:
    name: str
    target: Target
    network: Network
    protocol: Protocol
    dimension: int


def order_parameters(run, case, seed, replicates, threads=1):
    """One row a replicate: M, Q and the linear part after every step."""
    rows = []
    for replicate in range(replicates):
        streams = Streams(seed, replicate)
        trajectory = run(
            Experiment(case.target, case.network, case.protocol, case.dimension, streams, threads)
        )
        assert trajectory.status == COMPLETED, trajectory.message
        parts = []
        for snapshot in trajectory.snapshots:
            parts += [snapshot.overlaps, snapshot.self_overlaps]
            if snapshot.linear is not None:
                linear = snapshot.linear
                parts += [[linear.constant, linear.energy], linear.teacher, linear.neurons]
        rows.append(np.concatenate([np.ravel(part) for part in parts]))
    return np.array(rows)


def z_scores(first, second):
    """z of the difference of means and of variances, for every entry that is random at all."""
    free = first.std(0) + second.std(0) > 1e-9
    assert np.abs(first - second)[:, ~free].max(initial=0.0) < 1e-9, "constants must agree exactly"
    first, second = first[:, free], second[:, free]
    scores = []
    for power in (1, 2):
        if power == 2:
            centre = 0.5 * (first.mean(0) + second.mean(0))
            first, second = (first - centre) ** 2, (second - centre) ** 2
        error = np.sqrt(first.var(0, ddof=1) / len(first) + second.var(0, ddof=1) / len(second))
        scores.append((first.mean(0) - second.mean(0)) / error)
    return scores
