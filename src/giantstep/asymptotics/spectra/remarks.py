"""Sentences on what a prediction of feature spikes holds, and where it is outside the theory (note 40, A)."""

from __future__ import annotations

from collections.abc import Sequence

from giantstep.asymptotics.spectra.activation_moments import ORDERS
from giantstep.asymptotics.spectra.feature_outliers import FeatureOutlier
from giantstep.asymptotics.spectra.one_step import OneStep
from giantstep.asymptotics.spectra.outlier_notes import heavy_tails

FAR_REACH = 0.4
"""Shift of a pre-activation from which the Taylor sum over-predicts, unless it is a polynomial."""
LARGE_EXPONENT = 0.35
NEAR = 0.2
HEAVY = 0.1
"""eta^2/N from which the dressing of the bulk (A.6) is no guide."""


def remarks(
    steps: Sequence[OneStep],
    outliers: Sequence[tuple[FeatureOutlier, FeatureOutlier]],
    exponents: Sequence[float] | None,
    orders: Sequence[Sequence[int]],
    batch: int,
) -> list[str]:
    """Return the sentences that apply to any of the points.

    Parameters
    ----------
    steps, outliers : sequence
        One entry a point.
    exponents : sequence of float or None
        The step exponents, where the steps were given so.
    orders : sequence of sequence of int
        Orders of the terms that outgrow the bulk at each exponent.
    batch : int
        n0, samples of the step.
    """
    step = steps[0]
    activation = step.activation
    notes = [_on_variance(step)]
    if step.intercept:
        notes.append(
            "features and labels are centred over the sample: the mean of the second spike is gone, K = 2"
        )
    elif activation.mean:
        notes.append(
            f"features are centred: E sigma = {activation.mean:.6g} is taken off; left in, it acts as an "
            "unpenalised intercept, for which ask with intercept"
        )
    if not step.link.slope:
        notes.append(
            "E[t y] = 0: the step's direction knows nothing of the teacher, so the spikes bring no gain"
        )
    if tails := heavy_tails(step.link.kurtosis, batch):
        notes.append(tails)
    if not activation.coefficient(2):
        notes.append("c_2 = 0: this activation has no spike of order 2")
    if any(second.visible and second.value > first.value for first, second in outliers):
        notes.append(
            "the spike of order 2 ranks above that of order 1 at this width: match spikes by left alignment, "
            "never by rank"
        )
    if any(_near(first, second) for first, second in outliers):
        notes.append(
            "the two spikes have nearly equal singular values: at finite size their left vectors mix and the "
            "alignment of each is below theory"
        )
    if any(len(found) > 2 or (found and found[-1] > 2) for found in orders):
        notes.append(
            "terms of order 3 and above outgrow the bulk: they are counted but not placed, nor in the losses"
        )
    if activation.degree is None and any(max(found, default=0) >= ORDERS - 1 for found in orders):
        notes.append(f"terms of order above {ORDERS} are not counted")
    notes += _on_size(steps, exponents)
    if activation.coefficient(2) and activation.degree is not None:
        notes.append(
            "quadratic activations have one more singular value of the random features, from the fluctuation "
            "of |x|^2; it moves no limit"
        )
    notes.append(
        "losses of the full features deviate by 10 to 20 % from the theory at widths near 1000, those of the "
        "surrogates F0 + spikes do not"
    )
    notes.append("the dressed improvements (order eta^2/N) are heuristic")
    return notes


def _near(first: FeatureOutlier, second: FeatureOutlier) -> bool:
    """Whether the singular values are closer than fluctuations at widths near 1000 keep them apart."""
    return first.visible and second.visible and abs(first.value / second.value - 1) < NEAR


def _on_variance(step: OneStep) -> str:
    if step.variance:
        return (
            f"variance term inside (V = {step.row_variance:.4g}): derived and seen in simulations, not "
            "proven; form='leading' leaves it out"
        )
    return (
        "variance term left out (form='leading'): the spike of order 2, its left vector and the losses with "
        "it are off at the same order; term 1 is not concerned"
    )


def _on_size(steps: Sequence[OneStep], exponents: Sequence[float] | None) -> list[str]:
    notes = []
    if exponents is not None and max(exponents) > LARGE_EXPONENT:
        notes.append(
            f"step exponent above {LARGE_EXPONENT}: samples of large |x.beta| and neurons of large |a| give "
            "spurious singular values beside the spikes"
        )
    if steps[0].activation.degree is None and max(step.reach for step in steps) > FAR_REACH:
        far = min(step.learning_rate for step in steps if step.reach > FAR_REACH)
        notes.append(
            f"learning rate {far:.3g} and above: the step moves pre-activations by more than {FAR_REACH:g}, "
            "where the expansion of an activation that is no polynomial over-predicts spikes and gains"
        )
    if any(step.learning_rate**2 / step.width > HEAVY for step in steps):
        notes.append(
            f"eta^2/N above {HEAVY:g}: the step dresses the bulk beyond what the dressed improvements hold"
        )
    return notes
