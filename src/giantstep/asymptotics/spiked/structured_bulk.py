"""The bulk that a real step leaves: correlated with spike and teacher (theory note 30, section 6a).

Given the first batch (X, yt) the rows of the bulk are Gaussian with covariance C / d,
C = (1 + a S1)^2 + k3 S2, S1 = X^T diag(yt) X / n0, S2 = X^T diag(yt^2) X / n0.  All that enters is tau(e) =
tr C (1 + e C)^-1 / d and the forms of (1 + e C)^-1 on the plane of spike and teacher, both from a fixed point
for one symmetric 2 x 2 matrix R - the linearised square.  The derivatives in e come from a complex step: the
whole iteration, every quantity after it included, runs at e (1 + i h).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.spiked.bulk import Array, Averages, Forms
from giantstep.asymptotics.spiked.functionals import link_function, link_kinks
from giantstep.asymptotics.spiked.row_variance import RowVariance
from giantstep.asymptotics.spiked.step_map import ActivationMoments, StepMap
from giantstep.gaussian.line import pieces
from giantstep.gaussian.quadrature import hermite_rule
from giantstep.targets import Target

Complex = NDArray[Any]

COMPLEX_STEP = 1e-30
_SMALLEST = 1e-5
"""Where e times the bulk scale is smaller, tau and the forms follow their tangent: 1 - R11 loses digits."""

_REACH = 9.0
_PLAIN_STEPS, _NEWTON_STEPS, _MOST_STEPS = 6, 30, 500
_CONVERGED = 1e-12
_MOST_ENTRIES = 400_000
_MOST_SCALAR_STEPS = 60
_SCALAR_CONVERGED = 1e-11
_LARGEST_STEP = 4.0


@dataclass(frozen=True, slots=True)
class PlaneForms:
    """tau(e) and the forms q = (1 - (1 + e C)^-1)/e on (spike, zeta), with derivatives; one entry an e.

    Attributes
    ----------
    trace, trace_rate : array, shape (P,)
    plane, plane_rate : array, shape (P, 2, 2)
    """

    trace: Array
    trace_rate: Array
    plane: Array
    plane_rate: Array


@dataclass(frozen=True, slots=True)
class StructuredBulk:
    """The bulk after a step of finite first_batch_ratio; build it with `StructuredBulk.after`.

    Attributes
    ----------
    scale, width_ratio, first_batch_ratio : float
        c, p / d, n0 / d.
    bend, wide : float
        a = eta E sigma'' and k3 = eta^2 (E sigma'^2 - (E sigma')^2 - (E sigma'')^2) d / n0.
    gamma, rho, norm : float
        Alignment of the spike with the teacher, its complement, and the length of the mean gradient.
    u, label, weights : array, shape (N,)
        Nodes of the teacher's projection and of the residual label, noise included.
    rows : RowVariance or None
        Row-variance overlap (section 6b), if it is to be taken along.
    """

    patience: ClassVar[int] = 100

    scale: float
    width_ratio: float
    first_batch_ratio: float
    bend: float
    wide: float
    gamma: float
    rho: float
    norm: float
    u: Array
    label: Array
    weights: Array
    rows: RowVariance | None = None

    @classmethod
    def after(
        cls,
        step: StepMap,
        activation: ActivationMoments,
        target: Target,
        *,
        learning_rate_ratio: float,
        first_batch_ratio: float,
        width_ratio: float,
        rows: RowVariance | None = None,
        nodes: int = 60,
        noise_nodes: int = 40,
    ) -> StructuredBulk:
        """Return the bulk after a step of uniform readout 1/sqrt(p).

        Parameters
        ----------
        step, activation, target
            As for `step_map`.
        nodes, noise_nodes : int
            Of the quadrature over the teacher's projection, on each piece, and over the label noise.
        """
        u, w = pieces([0.0, *link_kinks(target)], nodes, _REACH)
        label = link_function(target)(u) - activation.mean
        if target.noise > 0:
            rule = hermite_rule(noise_nodes)
            label = (label[:, None] + math.sqrt(target.noise) * rule.nodes).ravel()
            u, w = np.repeat(u, noise_nodes), np.outer(w, rule.weights).ravel()
        rest = max(activation.slope_square - activation.slope**2 - activation.bend**2, 0.0)
        return cls(
            scale=step.bulk_scale,
            width_ratio=width_ratio,
            first_batch_ratio=first_batch_ratio,
            bend=learning_rate_ratio * activation.bend,
            wide=learning_rate_ratio**2 * rest / first_batch_ratio,
            gamma=step.spike_alignment,
            rho=step.misalignment,
            norm=step.gradient_norm,
            u=u,
            label=label,
            weights=w,
            rows=rows,
        )

    def averages(self, level: Array, slope: Array) -> Averages:
        """Return the spectral averages; V2 solves V2 = 1/(level + slope tau(beta slope V2))."""
        single = np.ndim(level) == 0
        level, slope = np.atleast_1d(level), np.atleast_1d(slope)
        found = self._averages(level, slope)
        if single:
            return Averages(found.v1[0], found.v2[0], found.two[0], found.one[0], found.zero[0])
        return found

    def _averages(self, level: Array, slope: Array) -> Averages:
        v2, plane = self._second(level, slope)
        beta, tau, rate = self.width_ratio, plane.trace, plane.trace_rate
        bottom = 1 + beta * (slope * v2) ** 2 * rate
        by_level = -v2 * v2 / bottom
        by_slope = -v2 * v2 * (tau + beta * slope * v2 * rate) / bottom
        e_slope = beta * (v2 + slope * by_slope)
        return Averages(
            v1=v2 * tau,
            v2=v2,
            two=-(by_slope * tau + v2 * rate * e_slope),
            one=-by_slope,
            zero=-by_level,
        )

    def _second(self, level: Array, slope: Array) -> tuple[Array, PlaneForms]:
        """Return V2 and the forms at its e: Newton in log V2, where the map's slope lies between 0 and 1."""
        beta = self.width_ratio
        v2 = 1.0 / (level + slope * self.scale)
        for _ in range(_MOST_SCALAR_STEPS):
            e = beta * slope * v2
            forms = self.plane_forms(e)
            bottom = level + slope * forms.trace
            steepness = -slope * forms.trace_rate * e / bottom
            move = np.clip(-np.log(bottom * v2) / (1.0 - steepness), -_LARGEST_STEP, _LARGEST_STEP)
            v2 = v2 * np.exp(move)
            if not np.any(abs(move) > _SCALAR_CONVERGED):
                break
        return v2, self.plane_forms(beta * slope * v2)

    def forms(self, level: Array, slope: Array, found: Averages) -> Forms:
        """Return the forms K, K1, K2 with K = beta V2 Q(e), Q = (C^-1 + e Pi)^-1 on the plane."""
        beta, v2 = self.width_ratio, found.v2
        e = beta * slope * v2
        plane = self.plane_forms(e)
        q, rate = plane.plane, plane.plane_rate
        column, column_rate = q[:, :, :1], rate[:, :, :1]
        bottom = (1 - e * q[:, 0, 0])[:, None, None]
        ee = e[:, None, None]
        outer = column @ column.transpose(0, 2, 1)
        outer_rate = column_rate @ column.transpose(0, 2, 1)
        outer_rate = outer_rate + outer_rate.transpose(0, 2, 1)
        bottom_rate = -(q[:, 0, 0] + e * rate[:, 0, 0])[:, None, None]
        big = q + ee * outer / bottom
        big_rate = rate + (outer + ee * outer_rate) / bottom - ee * outer * bottom_rate / bottom**2
        v2_slope, v2_level = -found.one, -found.zero
        e_slope, e_level = beta * (v2 + slope * v2_slope), beta * slope * v2_level
        forms = Forms(*np.zeros((3, len(e), 3, 3)))
        forms.value[:, :2, :2] = beta * v2[:, None, None] * big
        for form, v2_rate, e_rate in ((forms.first, v2_slope, e_slope), (forms.second, v2_level, e_level)):
            change = v2_rate[:, None, None] * big + (v2 * e_rate)[:, None, None] * big_rate
            form[:, :2, :2] = -beta * change
        if self.rows is not None:
            for form, average in zip(
                (forms.value, forms.first, forms.second), (found.v2, found.one, found.zero), strict=True
            ):
                self.rows.add(form, average)
        return forms

    def plane_forms(self, e: Array) -> PlaneForms:
        """Return tau(e), the plane's forms and their derivatives, in chunks that fit in memory."""
        least = _SMALLEST / max(self.scale, 1e-300)
        safe = np.maximum(e, least)
        size = max(1, _MOST_ENTRIES // len(self.u))
        parts = [self._at(safe[i : i + size]) for i in range(0, len(safe), size)]
        tau, plane = (np.concatenate(list(values)) for values in zip(*parts, strict=True))
        step = COMPLEX_STEP * safe
        tau_rate, plane_rate = tau.imag / step, plane.imag / step[:, None, None]
        behind = e - safe
        return PlaneForms(
            tau.real + behind * tau_rate,
            tau_rate,
            plane.real + behind[:, None, None] * plane_rate,
            plane_rate,
        )

    def _at(self, e: Array) -> tuple[Complex, Complex]:
        point = e * (1 + 1j * COMPLEX_STEP)
        root = np.sqrt(point)
        zero = np.zeros((len(e), len(self.u)), complex)
        load = np.empty((len(e), 3, len(self.u)), complex)
        load[:, 0] = (point * self.wide)[:, None] * self.label**2
        load[:, 1] = (root * self.bend)[:, None] * self.label
        load[:, 2] = zero
        bare = np.empty((len(e), 2, 2), complex)
        bare[:, 0, 0], bare[:, 1, 1], bare[:, 0, 1], bare[:, 1, 0] = 1, -1, root, root
        r, loaded, x = self._matrix(bare, load)
        return self._read(point, bare, r, loaded, x)

    def _matrix(self, bare: Complex, load: Complex) -> tuple[Complex, Complex, Complex]:
        """Return R, L X, X with R = (L0 + E[L X])^-1, X = (1 + R L / alpha0)^-1; NaN where it has no answer.

        Plain steps, then Newton; where Newton has not arrived, plain steps to the end, which always did.
        """
        start = np.zeros((len(bare), 2, 2), complex)
        start[:, 0, 0], start[:, 1, 1] = 1.0, -1.0
        r, far = start, np.full(len(bare), np.inf)
        for step in range(_MOST_STEPS):
            if step == _NEWTON_STEPS:
                r = np.where((far > _CONVERGED)[:, None, None], start, r)
            x = self._damping(r, load)
            loaded = _times_load(load, x)
            new = np.linalg.inv(bare + _mean(loaded, self.weights))
            gap = new - r
            far = _size(gap) / (1.0 + _size(r))
            newton = _PLAIN_STEPS <= step < _NEWTON_STEPS
            r = r + self._newton(gap, new, loaded) if newton else new
            if step >= _PLAIN_STEPS and not np.any(far > _CONVERGED):
                break
        r = np.where((far <= _CONVERGED)[:, None, None], r, np.nan)
        # X anew at the complex R: frozen at the one before, second derivatives would be off by percents.
        x = self._damping(r, load)
        return r, _times_load(load, x), x

    def _newton(self, gap: Complex, new: Complex, loaded: Complex) -> Complex:
        """Return the step that solves dR - new E[L X dR L X] new / alpha0 = gap; the gap where singular."""
        count = len(gap)
        flat = loaded.reshape(count, 4, -1)
        products = ((flat * self.weights) @ flat.transpose(0, 2, 1)).reshape(count, 2, 2, 2, 2)
        # products[i, a, b, j] multiplies dR[a, b] in entry (i, j).
        inner = products.transpose(0, 1, 4, 2, 3).reshape(count, 4, 4)
        outer = np.einsum("pia,pbj->pijab", new, new).reshape(count, 4, 4)
        system = np.eye(4) - outer @ inner / self.first_batch_ratio
        try:
            return np.linalg.solve(system, gap.reshape(count, 4, 1)).reshape(count, 2, 2)
        except np.linalg.LinAlgError:
            return gap

    def _damping(self, r: Complex, load: Complex) -> Complex:
        """Return X = (1 + R L / alpha0)^-1, shape (P, 2, 2, N)."""
        share = r[..., None] / self.first_batch_ratio
        l11, l12 = load[:, 0], load[:, 1]
        a11 = 1 + share[:, 0, 0] * l11 + share[:, 0, 1] * l12
        a12 = share[:, 0, 0] * l12
        a21 = share[:, 1, 0] * l11 + share[:, 1, 1] * l12
        a22 = 1 + share[:, 1, 0] * l12
        det = a11 * a22 - a12 * a21
        x = np.empty((len(r), 2, 2, l11.shape[1]), complex)
        x[:, 0, 0], x[:, 0, 1], x[:, 1, 0], x[:, 1, 1] = a22 / det, -a12 / det, -a21 / det, a11 / det
        return x

    def _read(
        self, e: Complex, bare: Complex, r: Complex, loaded: Complex, x: Complex
    ) -> tuple[Complex, Complex]:
        """Return tau and the forms on (v, zeta) from the fixed point."""
        w, u, y = self.weights, self.u, self.label
        teacher = np.linalg.inv(bare + _mean(loaded, w * u * u))
        link = _mean(x, w * y * u)
        crossed = teacher @ link.transpose(0, 2, 1)
        tt, tg = teacher[:, 0, 0], crossed[:, 0, 0]
        gg = (_mean(x, w * y * y) @ r)[:, 0, 0] / self.first_batch_ratio + (link @ crossed)[:, 0, 0]
        gamma, rho = self.gamma, self.rho
        vv, vt = gg / self.norm**2, tg / self.norm
        vz = (vt - gamma * vv) / rho
        zz = (tt - 2 * gamma * vt + gamma * gamma * vv) / (rho * rho)
        plane = np.empty((len(e), 2, 2), complex)
        plane[:, 0, 0], plane[:, 1, 1] = (1 - vv) / e, (1 - zz) / e
        plane[:, 0, 1] = plane[:, 1, 0] = -vz / e
        return (1 - r[:, 0, 0]) / e, plane


def _times_load(load: Complex, x: Complex) -> Complex:
    """Return L X for L = [[l11, l12], [l12, 0]]."""
    product = np.empty_like(x)
    product[:, 0] = load[:, :1] * x[:, 0] + load[:, 1:2] * x[:, 1]
    product[:, 1] = load[:, 1:2] * x[:, 0]
    return product


def _size(values: Complex) -> Array:
    """Return the largest entry, the imaginary part counted in units of the complex step."""
    return np.maximum(np.abs(values.real), np.abs(values.imag) / COMPLEX_STEP).max((1, 2))


def _mean(values: Complex, weights: Array) -> Complex:
    """Return the mean over the nodes, the last axis."""
    return values @ weights
