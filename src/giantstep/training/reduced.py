"""The reduced engine: exact in law at any dimension, at a cost that does not depend on it (theory note 20).

Only local fields and overlaps of the first layer ever matter, so nothing of the inputs is drawn beyond
their coordinates on the axes that the weights span. After Y. M. Lu, arXiv 2101.07464, specialised to
gradient descent on a two-layer network, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from giantstep.networks.order_parameters import LinearPart, OrderParameters
from giantstep.streams import Role
from giantstep.training.axes import initial_layer
from giantstep.training.experiment import COMPLETED, NONFINITE, Array64, Experiment, Trajectory, diverged
from giantstep.training.fresh import fresh_step
from giantstep.training.reused import reused_steps


def run_reduced(experiment: Experiment) -> Trajectory:
    """Return one replicate's trajectory, exact in law at the experiment's finite dimension.

    Cost per step O(samples * axes * width), with rank + width axes on fresh batches and
    rank + width * (uses + 1) on a reused one; memory O(chunk), or O(samples * width * uses) reused.
    """
    network, rank = experiment.network, experiment.target.rank
    layer = initial_layer(network, rank, experiment.dimension, experiment.streams.generator(Role.INIT))
    readout, biases = experiment.draw_readout(), experiment.draw_biases()
    snapshots = [_snapshot(layer, rank)]
    experiment.on_step(0, snapshots[0])
    for step, (new, constant, linear) in enumerate(_layers(experiment, layer, readout, biases), start=1):
        snapshot = _snapshot(new, rank, constant, linear)
        if not np.isfinite(snapshot.self_overlaps).all():
            return Trajectory(readout, biases, tuple(snapshots), NONFINITE, diverged(step))
        snapshots.append(snapshot)
        experiment.on_step(step, snapshot)
    return Trajectory(readout, biases, tuple(snapshots), COMPLETED)


def _layers(
    experiment: Experiment, layer: Array64, readout: Array64, biases: Array64
) -> Iterator[tuple[Array64, float, Array64 | None]]:
    """Yield (layer, C_0, C_1) after each step; runs of reused steps share one kept batch."""
    steps = experiment.protocol.steps
    number = 1
    while number <= len(steps):
        uses = 1
        while number - 1 + uses < len(steps) and steps[number - 1 + uses].reuse:
            uses += 1
        if uses == 1:
            layer, revealed = fresh_step(experiment, number, layer, readout, biases)
            yield layer, revealed.constant if revealed else 0.0, revealed.linear if revealed else None
        else:
            for shared in reused_steps(experiment, number, uses, layer, readout, biases):
                yield shared
            layer = shared[0]
        number += uses


def _snapshot(
    layer: Array64, rank: int, constant: float = 0.0, linear: Array64 | None = None
) -> OrderParameters:
    with np.errstate(over="ignore", invalid="ignore"):
        gram = layer @ layer.T
    if linear is None:
        return OrderParameters(layer[:, :rank], gram)
    neurons = layer[:, : linear.size] @ linear
    return OrderParameters(
        layer[:, :rank], gram, LinearPart(constant, linear[:rank], neurons, float(linear @ linear))
    )
