"""Train loss and test error of ridge regression on the features, before and after the step (note 40, A).

The train loss is L_tr = (1/n)(|y - F a|^2 + lam n |a|^2), penalty inside; the test error is E (y - a.f)^2,
noise inside (A.4 to A.6).
An improvement is L(F0) - L(F); spike k takes lam T_k off the first and -T_k'/m1^2 off the second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from giantstep.asymptotics.spectra.one_step import OneStep
from giantstep.asymptotics.spectra.resolvent import FeatureBulk, Traces
from giantstep.gaussian.line import Array, gaussian_means


@dataclass(frozen=True, slots=True)
class Losses:
    """Train loss and test error, or improvements of them.

    Improvements with the terms of order 1, and of orders 1 and 2, are two of these.
    """

    train: float
    test: float


def initial_losses(step: OneStep, traces: Traces) -> Losses:
    """Return the losses on random features: lam (cs_1^2 m2 + tau2 m1) and its derivative's GCV form."""
    linear, rest = step.link.slope**2, step.link.rest
    train = traces.ridge * (linear * traces.m2 + rest * traces.m1)
    return Losses(train, -(linear * traces.m2_slope + rest * traces.m1_slope) / traces.m1**2)


def limiting_improvements(step: OneStep, traces: Traces) -> tuple[Losses, Losses]:
    """Return the improvements where the spikes are infinitely strong (A.4): with term 1, and with 1 and 2."""
    first = step.link.slope**2 * step.gradient_alignment
    second = step.capture * float(step.link.coefficients[2]) ** 2 * step.gradient_alignment**2
    second *= bool(step.activation.coefficient(2))
    return _both(
        traces,
        (first * traces.m2, second * traces.m1),
        (first * traces.m2_slope, second * traces.m1_slope),
    )


def improvements(step: OneStep, traces: Traces) -> tuple[Losses, Losses]:
    """Return the improvements at the step's own size (A.5): with term 1, and with 1 and 2.

    T1 = cs_1^2 rho2 A1 m2^2/(1 + delta + A1 m2),
    T2 = A2' (2 cs_2 rho2 c_1^2 b2)^2 m1^2/(1 + delta + A2' S2 m1).
    """
    taken, rates = _taken(step, traces)
    return _both(traces, taken, rates)


def dressed_improvements(step: OneStep, bulk: FeatureBulk, ridge: float) -> tuple[Losses, Losses]:
    """Return the improvements with the bulk dressed by the step at order eta^2/N (A.6, heuristic).

    sigma_perp^2 grows by s2 (D + E[sigma_{>1} (sigma'' - 2 c_2)]) = s2 E[z sigma_{>1} sigma'], by parts, so
    relu has it too; c_1^2 becomes (c_1 + 3 c_3 s2)^2 + c_1^2 eta^2 V/N; s2 = (eta^2/N)(c_1^2 b2 + V).
    """
    sigma, activation = step.activation, step.activation.activation

    def integrand(z: Array) -> Array:
        value = np.asarray(activation.value(z), dtype=np.float64) - sigma.mean - sigma.slope * z
        return np.array([z * value * np.asarray(activation.derivative(z), dtype=np.float64)])

    size = step.learning_rate**2 / step.width
    spread = size * (step.linear_gradient + step.row_variance)
    growth = spread * float(gaussian_means(integrand, activation.kinks)[0][0])
    linear = (sigma.slope + 3 * sigma.coefficient(3) * spread) ** 2
    linear += sigma.slope**2 * size * step.row_variance
    dressed = replace(bulk, linear=linear, rest=max(sigma.rest + growth, 0.0))
    before, after = bulk.at_ridge(ridge), dressed.at_ridge(ridge)
    old, new = initial_losses(step, before), initial_losses(step, after)
    one, two = (
        Losses(old.train - new.train + gain.train, old.test - new.test + gain.test)
        for gain in improvements(step, after)
    )
    return one, two


def _taken(step: OneStep, traces: Traces) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return T1, T2 and their derivatives by lam."""
    link, rho2 = step.link, step.gradient_alignment
    delta_rate = 1.0 / traces.ridge_slope
    parts = (
        (step.first_strength, link.slope**2 * rho2 * step.first_strength, traces.m2, traces.m2_slope),
        (
            step.second_strength,
            step.second_scale * (2 * float(link.coefficients[2]) * rho2 * step.linear_gradient) ** 2,
            traces.m1,
            traces.m1_slope,
        ),
    )
    taken, rates = [], []
    for strength, weight, m, slope in parts:
        below = 1.0 + traces.delta + strength * m
        value = weight * m * m / below
        taken.append(value)
        rates.append(2 * weight * m * slope / below - value * (delta_rate + strength * slope) / below)
    return (taken[0], taken[1]), (rates[0], rates[1])


def _both(traces: Traces, taken: tuple[float, float], rates: tuple[float, float]) -> tuple[Losses, Losses]:
    def losses(value: float, rate: float) -> Losses:
        return Losses(traces.ridge * value, 0.0 - rate / traces.m1**2)  # no gain is 0, not -0

    return losses(taken[0], rates[0]), losses(math.fsum(taken), math.fsum(rates))
