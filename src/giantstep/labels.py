"""The one table of dimension names: every Dataset, of theory and of simulation, takes its names here."""

from __future__ import annotations

from typing import Final

DIMENSIONS: Final = {
    "target": "name of the target function",
    "dimension": "input dimension d",
    "replicate": "repetition with its own random numbers; the option is --seeds",
    "step": "gradient steps taken, 0 = initialisation",
    "neuron": "hidden neuron, 0 .. width - 1",
    "neuron_other": "second neuron of a pair (Q = W W^T)",
    "direction": "teacher direction z1 .. zr",
    "direction_other": "second direction of a pair (projectors)",
    "setting": "one scanned step of a study of exponents",
    "rung": "input dimension of a scan, smallest first",
    "steps": "gradient steps before the readout is refitted",
    "samples": "samples of each step and of the readout",
    "batch": "size of a scanned batch, smallest first",
    "ridge": "penalty of the readout regression",
    "penalty": "ridge p / n, the penalty beside the mean of squares (theory note 50)",
    "representation": "frozen first layer that a downstream head is trained on",
    "downstream_samples": "samples of one downstream task",
    "entry": "one setting at one number of samples, in the summary of a study",
    "trial": "one representation at one number of downstream samples, in the summary of a study",
    "size": "one width and law of the rows, in the summary of a study",
    "curve": "one predicted line of a summary",
    "line": "place along a predicted line",
    "sample_ratio": "n / d of the readout batch",
    "learning_rate_ratio": "learning rate / width, for a readout of 1/sqrt(p): eta of theory note 30",
    "group": "neurons that start with the same readout",
    "outlier": "singular value of a first layer, largest first",
    "spike": "spike that theory expects in a first layer, strongest first",
    "ladder_term": "term k of the second step's ladder, from 0",
    "first_exponent": "power of the width in the first learning rate",
    "second_exponent": "power of the width in the second learning rate",
    "singular_value_rank": "place in the whole spectrum, largest first",
    "first_batch_ratio": "n0 / d of the first step's batch",
    "time_scale_ratio": "eps: the readout flows 1/eps faster than the first layer",
    "component": "order k of an orthonormal Hermite component",
    "output_scale": "alpha, which multiplies the output of a mean-field network",
    "node": "quadrature node, a value of the standard normal input",
    "case": "one finite network beside its limit",
    "case_point": "place on its grid of times",
    "game": "one sweep of minimax games",
    "time_point": "place on a grid of times, which the variable time holds",
    "features": "which features: the network's, or the initial ones plus predicted spikes",
    "spike_order": "order k of a rank-one term of the features; a loss at k holds the terms up to k",
    "step_exponent": "alpha of a learning rate C n0^alpha",
    "learning_rate": "learning rate of the step",
}
"""Dimension name -> what it counts."""


def directions(rank: int) -> list[str]:
    """Return the coordinate labels of the teacher directions.

    >>> directions(2)
    ['z1', 'z2']
    """
    return [f"z{index + 1}" for index in range(rank)]
