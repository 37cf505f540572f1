"""Where the two spikes sit in the spectrum of the features, and what they point at (theory note 40, A.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from giantstep.asymptotics.spectra.one_step import OneStep
from giantstep.asymptotics.spectra.resolvent import FeatureBulk, Traces


@dataclass(frozen=True, slots=True)
class FeatureOutlier:
    """One spike of the features.

    Attributes
    ----------
    order : int
        k of the term c_k eta^k L_k (a^{ok})^T.
    visible : bool
        Whether its singular value leaves the bulk.
    value : float
        Singular value over sqrt n; that of the bulk's edge where it does not leave.
    left, right : float
        cos^2 of its singular vectors with L_k and a^{ok}; 0 where it does not leave.
    leading : float
        Singular value over sqrt n at leading order.
    """

    order: int
    visible: bool
    value: float
    left: float
    right: float
    leading: float


def feature_outliers(bulk: FeatureBulk, step: OneStep) -> tuple[FeatureOutlier, FeatureOutlier]:
    """Return the spikes of orders 1 and 2 by the exact outlier equations of the note.

        k = 1:  1 + delta + A1 m2 = 0,      k = 2:  1 + delta + A2 m1 = 0      at lam = -l,
        cos^2(left, L_k) = m (1 + delta)/D',  cos^2(right, a^{ok}) = 1/(lam D').

    Both vectors of one are orthogonal to those of the other in the limit, so the equations do not mix.
    """
    first, second = step.leading_values
    return (
        _outlier(bulk, 1, step.first_strength, first),
        _outlier(bulk, 2, step.second_strength, second),
    )


def _outlier(bulk: FeatureBulk, order: int, strength: float, leading: float) -> FeatureOutlier:
    def trace(point: Traces) -> tuple[float, float]:
        return (point.m2, point.m2_slope) if order == 1 else (point.m1, point.m1_slope)

    found = bulk.outlier(lambda point: 1.0 + point.delta + strength * trace(point)[0]) if strength else None
    if found is None:
        return FeatureOutlier(order, False, math.sqrt(-bulk.edge().ridge), 0.0, 0.0, leading)
    m, slope = trace(found)
    rate = 1.0 / found.ridge_slope + strength * slope
    left, right = (min(one, 1.0) for one in (m * (1.0 + found.delta) / rate, 1.0 / (found.ridge * rate)))
    return FeatureOutlier(order, True, math.sqrt(-found.ridge), left, right, leading)
