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

SWOLLEN = 0.05
"""Relative variance above which the edge of the bulk itself is visibly off."""

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


def swelling(
    spread: float, rates: tuple[float, float], batch_ratios: tuple[float, ...], width: int, reuse: bool
) -> float:
    """Return what the steps add to the variance of the bulk's rows, relative to it, by rung 0 alone.

    Row i of a step is a_i (c1 beta + delta_i): the delta_i have no direction in common and swell the bulk.

    Parameters
    ----------
    spread : float
        E2 D, so that |delta_i|^2 = E2 D / batch ratio.
    rates, batch_ratios
        Learning rate and batch / dimension of each step; the second rate is 0 where there is one step.
    width : int
    reuse : bool
        Whether the second step repeats the delta_i of the first.

    References
    ----------
    Theory note 40, section B.7; of order width^(2 max(alpha) - 1).

    Examples
    --------
    >>> [swelling(0.2, (10.0, 20.0), (2.0, 2.0), 1000, reuse) for reuse in (False, True)]
    [0.05, 0.09]
    """
    squares = [rate**2 / ratio for rate, ratio in zip(rates, batch_ratios, strict=False)]
    cross = 2.0 * rates[0] * rates[1] / batch_ratios[0] if reuse else 0.0
    return spread * (math.fsum(squares) + cross) / width


def swollen(added: float, spikes: LadderSpikes, width_ratio: float) -> str | None:
    """Return what a swollen bulk does to weak spikes, or None where there are none.

    ``added`` is what `swelling` returns.
    """
    weak = (spikes.strengths > threshold(width_ratio)) & (spikes.rungs > 0)
    if added > 1.0:
        return (
            f"the steps' own noise, {added:.3g} times the variance of the initial rows, outweighs them: the "
            "bulk is another one, and edge and singular values do not hold; lower the learning rates or "
            "raise the batch"
        )
    if not weak.any() and added < SWOLLEN:
        return None
    return (
        f"the steps swell the bulk (the variance of its rows by {100 * added:.2g} % or more, of order "
        "width^(2 max(alpha) - 1)), which is left out of the edge and the singular values: at widths near "
        "1000 those of rungs 1 and above were seen up to 30 % higher, and the weakest may stay hidden. It "
        "does not move strengths: compare those (measure_outliers, --simulate)"
    )


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
