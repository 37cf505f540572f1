"""What the theory of outliers does not hold for, in sentences (theory note 40, B.1, B.3, B.7, Summary)."""

from __future__ import annotations

import math

import numpy as np

from giantstep.asymptotics.spectra.activation_moments import HermiteActivation
from giantstep.asymptotics.spectra.bbp import threshold
from giantstep.asymptotics.spectra.ladder import Ladder
from giantstep.asymptotics.spectra.ladder_spikes import LadderSpikes
from giantstep.networks import Network

LARGEST_SHIFT = 0.4
"""Above this eta1 / sqrt(N) the Taylor series of a bounded sigma over-predicts (section B.7)."""

HEAVY = 0.05
"""Relative variance of a mean over the batch above which population values are not reached (section B.4)."""

GAUSSIAN = 3.0
"""E x^4 / (E x^2)^2 of a normal law; what has up to twice as much has no heavy tails."""

NEAR = 1.3
"""A strength within this factor of the threshold is near-critical: simulations get there slowly."""


def outside(
    activation: HermiteActivation,
    network: Network,
    rungs: Ladder,
    spikes: LadderSpikes,
    rates: tuple[float, float],
    batches: tuple[int, ...],
    loss: str,
    width_ratio: float,
) -> tuple[list[str], bool]:
    """Return sentences on what the numbers do not hold for, and whether the theory applies at all."""
    notes, applies = [], True
    two = len(batches) > 1
    if loss == "square":
        if two:
            applies = False
            notes.append(
                "loss 'square': the theory is for labels as gradient (loss='correlation'); here the "
                "network's own output dominates the second step, and singular values of 500 were seen where "
                "26 is predicted"
            )
        else:
            notes.append(
                "loss 'square': the position of the outlier takes the network's own output into account; its "
                "alignments are not derived"
            )
            if activation.mean:
                applies = False
                notes.append(
                    f"loss 'square': E sigma = {activation.mean:.4g} is not 0, and the network's output "
                    "then has a part that the formula leaves out"
                )
    if network.readout == "rademacher" and two:
        notes.append(
            "readout 'rademacher': its odd powers are all parallel, and so are its even ones, so there are "
            "at most 2 outliers; gaussian and uniform readouts show the ladder"
        )
    shift = rates[0] / math.sqrt(network.width)
    if two and activation.activation.kinks:
        applies = False
    if two and is_bounded(activation) and shift > LARGEST_SHIFT:
        applies = False
        notes.append(
            f"{activation.activation.name} is bounded and the first step large (learning rate / sqrt(width) "
            f"= {shift:.2g} > {LARGEST_SHIFT}): its Taylor series has not converged, and the ladder "
            "over-predicts"
        )
    if tails := heavy_tails(rungs.kurtosis, min(batches)):
        notes.append(tails)
    ratio = spikes.strengths / threshold(width_ratio)
    if np.any((ratio > 1 / NEAR) & (ratio < NEAR)):
        notes.append(
            "a spike is near the threshold: there the bulk, swollen by the steps, may hide it, and "
            "simulations approach the limit slowly; measure the edge (measure_outliers)"
        )
    return notes, applies


def heavy_tails(kurtosis: float, batch: int) -> str | None:
    """Return what to say where means over a batch do not reach their population values.

    Parameters
    ----------
    kurtosis : float
        E h^4 / (E h^2)^2 of what is averaged.
    batch : int

    Examples
    --------
    >>> heavy_tails(3.0, 1000) is None, "use a bounded link" in heavy_tails(300.0, 1000)
    (True, True)
    """
    if kurtosis <= HEAVY * batch:
        return None
    words = "heavy tails" if kurtosis > 2 * GAUSSIAN else "small batch"
    remedy = "use a bounded link or a larger batch" if kurtosis > 2 * GAUSSIAN else "use a larger batch"
    return (
        f"{words}: the means that make a spike vary by {100 * math.sqrt(kurtosis / batch):.3g} % from batch "
        f"to batch at this size, so their population values are not reached; {remedy}"
    )


def is_bounded(activation: HermiteActivation) -> bool:
    """Whether sigma stays finite far out, by its values at 30 and 60.

    >>> from giantstep.asymptotics.spectra.activation_moments import hermite_activation
    >>> [is_bounded(hermite_activation(name)) for name in ("tanh", "gelu", "He1+He2", "sin")]
    [True, False, False, True]
    """
    if activation.degree is not None:
        return activation.degree == 0
    far = np.asarray(activation.activation.value(np.array([-60.0, -30.0, 30.0, 60.0])), dtype=np.float64)
    near = np.asarray(activation.activation.value(np.linspace(-3.0, 3.0, 61)), dtype=np.float64)
    return bool(np.abs(far).max() <= 3.0 * np.abs(near).max())
