"""What one does without a giant step: linear ridge regression on the inputs (theory note 30, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array
from giantstep.asymptotics.spiked.step_map import label_moments
from giantstep.targets import Target


@dataclass(frozen=True, slots=True)
class LinearRidge:
    """Ridge regression on x / sqrt(d), without intercept; one entry a point.

    Attributes
    ----------
    test_error, test_error_clean, train_error : array
    m : array
        Overlap of the regression vector with the teacher.
    v : array
        Response V of section 3.
    """

    test_error: Array
    test_error_clean: Array
    train_error: Array
    m: Array
    v: Array


def linear_regression(target: Target, sample_ratio: Array, ridge: Array) -> LinearRidge:
    """Return the errors of linear ridge regression in high dimension.

    >>> found = linear_regression(Target.parse("sin(z1)"), np.array([2.0]), np.array([0.1]))
    >>> round(float(found.test_error[0]), 9)
    0.115474811
    """
    labels = label_moments(target, 0.0)
    b = ridge + sample_ratio - 1
    root = np.sqrt(b * b + 4 * ridge) + abs(b)
    # The positive root of ridge V^2 + b V = 1, without cancellation.
    v = np.where(b >= 0, 2 / root, root / (2 * ridge))
    share = v / (1 + v)
    m = sample_ratio * share * labels.linear
    test = (labels.square - 2 * labels.linear * m + m * m) / (1 - sample_ratio * share * share)
    return LinearRidge(test, test - target.noise, test / (1 + v) ** 2, m, v)
