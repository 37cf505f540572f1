"""Neurons in groups of unequal initial readout (theory note 30, section 7c; isotropic bulk).

Every group has its own spike and bulk; V1 and q1 become matrices over the groups.  The finite-n correction
keeps what the means' stiffness costs at finite size, which is large where the groups' means are collinear.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array
from giantstep.asymptotics.spiked.functionals import LinkTable, activation_table, link_table
from giantstep.asymptotics.spiked.status import FEWEST_DIGITS, Status
from giantstep.asymptotics.spiked.step_map import StepMap, activation_moments, label_moments, step_map
from giantstep.gaussian.line import trapezoid
from giantstep.networks import Activation
from giantstep.targets import Target

_NODES = (161, 321, 641, 1281)
_ENOUGH = 1e-10
_COMPLEX_STEP = 1e-30
_INNER_STEPS, _PICARD_STEPS, _NEWTON_STEPS = 2000, 40, 60
_INNER_TOLERANCE, _TOLERANCE = 1e-14, 1e-12
_NO_MEAN = 1e-13
_RANK = 1e-13


@dataclass(frozen=True, slots=True)
class GroupReadout:
    """The retrained readout of one point; arrays have one entry a group.

    Attributes
    ----------
    test_error, train_error : float
    m, theta, psi, q2 : array
        Overlaps; ``q2`` sums to |a|^2 / p.
    steps_of_groups : tuple of StepMap
    residual : float
    status : Status
    digits : float
        Estimated number of good digits of the errors; 0 where only one rule was tried.
    """

    test_error: float
    train_error: float
    m: Array
    theta: Array
    psi: Array
    q2: Array
    steps_of_groups: tuple[StepMap, ...]
    residual: float
    status: Status
    digits: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupProblem:
    """Groups of neurons after the step, and the readout regression.

    Attributes
    ----------
    fractions : array, shape (G,)
    scales : array, shape (G,)
        c of each group.
    mean, slope, rest : array, shape (G, K)
        mu0, mu1 and mu2sq of each group along the spike.
    k, weights : array, shape (K,)
    link : LinkTable
    noise, samples_per_neuron, width_ratio, ridge : float
    dimension : float
        For the finite-n correction; infinite for none.
    """

    fractions: Array
    scales: Array
    mean: Array
    slope: Array
    rest: Array
    k: Array
    weights: Array
    link: LinkTable
    noise: float
    samples_per_neuron: float
    width_ratio: float
    ridge: float
    dimension: float = math.inf

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs of groups g <= h, the independent entries of V1."""
        return list(combinations_with_replacement(range(len(self.fractions)), 2))

    @property
    def products(self) -> Array:
        """What V1's entries and V2's multiply in V(k), one row each."""
        rows = [(1.0 if g == h else 2.0) * self.slope[g] * self.slope[h] for g, h in self.pairs]
        return np.concatenate([rows, self.rest])

    def spectral(self, hats: Array) -> Array:
        """Return (V1's entries, V2) at conjugates (V1h's entries, lam + V2h); real or complex."""
        count = len(self.fractions)
        conjugate = np.zeros((count, count), hats.dtype)
        for place, (g, h) in enumerate(self.pairs):
            conjugate[g, h] = conjugate[h, g] = hats[place]
        level = hats[len(self.pairs) :]
        root = np.sqrt(self.scales)
        t = conjugate * np.outer(root, root)
        weight = self.width_ratio * self.fractions
        m = 1.0 / level
        eye = np.eye(count)
        for _ in range(_INNER_STEPS):
            coupled = t @ np.linalg.inv(eye + (weight * m)[:, None] * t)
            new = 1.0 / (level + np.diag(coupled))
            # Averaging damps the alternation of the plain iteration.
            new = 0.5 * (new + m)
            real = abs(new.real - m.real) / abs(new.real)
            imaginary = abs(new.imag - m.imag) / (abs(new.imag) + _COMPLEX_STEP * abs(new.real))
            m = new
            if max(real.max(), imaginary.max()) < _INNER_TOLERANCE:
                break
        spread = weight * m
        coupled = t @ np.linalg.inv(eye + spread[:, None] * t)
        v1 = (np.diag(spread) - spread[:, None] * coupled * spread) * np.outer(root, root) / self.width_ratio
        return np.concatenate([[v1[g, h] for g, h in self.pairs], self.fractions * m])

    def rates(self, hats: Array) -> Array:
        """Return the derivatives of `spectral` by complex step, columns by conjugate."""
        columns = []
        for place in range(len(hats)):
            moved = hats.astype(complex)
            moved[place] += 1j * _COMPLEX_STEP * abs(hats[place] or 1.0)
            columns.append(self.spectral(moved).imag / (_COMPLEX_STEP * abs(hats[place] or 1.0)))
        return np.array(columns).T

    def hats(self, v: Array) -> tuple[Array, Array]:
        """Return the conjugates at V, and their derivatives."""
        products = self.products
        damping = 1.0 / (1.0 + v @ products)
        single = np.concatenate([[self.slope[g] * self.slope[h] for g, h in self.pairs], self.rest])
        weighted = self.samples_per_neuron * self.weights * damping
        values = single @ weighted
        values[len(self.pairs) :] += self.ridge
        return values, -(single * (weighted * damping)) @ products.T


def group_problem(
    target: Target,
    activation: Activation,
    readouts: Array,
    fractions: Array,
    *,
    learning_rate_ratio: float,
    first_batch_ratio: float,
    width_ratio: float,
    sample_ratio: float,
    ridge: float,
    dimension: float = math.inf,
    nodes: int = _NODES[0],
) -> tuple[GroupProblem, tuple[StepMap, ...]]:
    """Return the problem of groups with readouts s_g / sqrt(p) in given fractions, and their steps."""
    sigma = activation_moments(activation)
    labels = label_moments(target, sigma.mean * float(readouts @ fractions))
    steps = tuple(step_map(sigma, labels, learning_rate_ratio, first_batch_ratio, float(s)) for s in readouts)
    k, w = trapezoid(nodes)
    tables = [activation_table(activation, k, step.spike_strength, step.bulk_scale) for step in steps]
    return GroupProblem(
        fractions=fractions,
        scales=np.array([step.bulk_scale for step in steps]),
        mean=np.array([table.mean for table in tables]),
        slope=np.array([table.slope for table in tables]),
        rest=np.array([table.rest for table in tables]),
        k=k,
        weights=w,
        link=link_table(target, k, steps[0].spike_alignment, steps[0].misalignment),
        noise=target.noise,
        samples_per_neuron=sample_ratio / width_ratio,
        width_ratio=width_ratio,
        ridge=ridge,
        dimension=dimension,
    ), steps


def refined_groups(problem: Callable[[int], tuple[GroupProblem, tuple[StepMap, ...]]]) -> GroupReadout:
    """Solve one point with twice the nodes until its errors stay; they are as good as their last change."""
    found, error = retrain_groups(*problem(_NODES[0])), math.inf
    for nodes in _NODES[1:]:
        if found.status is not Status.CONVERGED:
            return found
        last, found = found, retrain_groups(*problem(nodes))
        pairs = ((last.test_error, found.test_error), (last.train_error, found.train_error))
        error = max(abs(one - other) / abs(other or 1.0) for one, other in pairs)
        if error <= _ENOUGH:
            break
    if found.status is not Status.CONVERGED:
        return found
    digits = float(np.clip(-np.log10(max(error, found.residual, 1e-14)), 0.0, None))
    status = Status.CONVERGED if digits >= FEWEST_DIGITS else Status.IMPRECISE
    return replace(found, digits=digits, status=status)


def retrain_groups(problem: GroupProblem, steps: tuple[StepMap, ...]) -> GroupReadout:
    """Solve one point: plain iteration to be near, Newton to the end, then the linear part."""
    with np.errstate(all="ignore"):
        v, residual, status = _solve(problem)
        return _linear_part(problem, v, residual, status, steps)


def _solve(problem: GroupProblem) -> tuple[Array, float, Status]:
    pairs = len(problem.pairs)
    empty = np.zeros(pairs + len(problem.fractions))
    empty[pairs:] = problem.ridge
    v = problem.spectral(empty)
    residual, status = math.inf, Status.MAX_STEPS
    for step in range(_PICARD_STEPS + _NEWTON_STEPS):
        hats, slopes = problem.hats(v)
        gap = problem.spectral(hats) - v
        residual = float(abs(gap).max() / abs(v).max())
        if not math.isfinite(residual):
            return v, residual, Status.NONFINITE
        if residual < _TOLERANCE:
            return v, residual, Status.CONVERGED
        if step >= _PICARD_STEPS or residual < 1e-3:
            move = np.linalg.solve(np.eye(len(v)) - problem.rates(hats) @ slopes, gap)
            # A step out of the positive numbers is a plain one instead.
            gap = move if (v[pairs:] + move[pairs:] > 0).all() else gap
        v = v + gap
    return v, residual, status


def _linear_part(
    problem: GroupProblem, v: Array, residual: float, status: Status, steps: tuple[StepMap, ...]
) -> GroupReadout:
    groups, pairs = len(problem.fractions), len(problem.pairs)
    ratio, beta, w, k = problem.samples_per_neuron, problem.width_ratio, problem.weights, problem.k
    link, products = problem.link, problem.products
    hats, _ = problem.hats(v)
    rates = problem.rates(hats)
    damping = 1.0 / (1.0 + v @ products)
    v2 = v[pairs:]

    sizes = np.sqrt(problem.mean**2 @ w)
    has_mean = sizes > _NO_MEAN * math.sqrt(float((problem.slope**2 + problem.rest).mean(0) @ w))
    unit = np.where(has_mean, 1.0 / np.where(has_mean, sizes, 1.0), 0.0)
    basis = np.concatenate([unit[:, None] * problem.mean, k * problem.slope])
    system = ratio * (basis * (w * damping)) @ basis.T
    right = ratio * (basis * (w * damping)) @ link.mean
    stiff = 1.0 / (beta * problem.scales * v2)
    # E[mu0g (h - f)/(1 + V)] = m_g / (n pi_g M_g): pi_g M_g is V2_g, and unit scales m.
    samples = ratio * beta * problem.dimension
    system[range(groups), range(groups)] += ratio * unit**2 / (samples * v2)
    system[range(groups, 2 * groups), range(groups, 2 * groups)] += stiff
    solution = _least_norm(system, right)
    m, theta = unit * solution[:groups], solution[groups:]
    f = solution @ basis
    theta_hat = theta * stiff
    psi_hat = ratio * (problem.slope * (w * damping)) @ link.along
    v1 = np.zeros((groups, groups))
    for place, (g, h) in enumerate(problem.pairs):
        v1[g, h] = v1[h, g] = v[place]
    psi = beta * v1 @ psi_hat

    fixed = link.square + problem.noise - 2 * f * link.mean + f * f - 2 * (psi @ problem.slope) * link.along
    single = np.concatenate([[problem.slope[g] * problem.slope[h] for g, h in problem.pairs], problem.rest])
    kernel = ratio * single * (w * damping * damping)
    source = np.concatenate(
        [
            [beta * psi_hat[g] * psi_hat[h] for g, h in problem.pairs],
            beta * problem.scales * theta_hat**2 + (m / v2) ** 2 / (beta * problem.dimension),
        ]
    )
    # q = -rates (kernel . R + source) with R = fixed + q . products.
    q = np.linalg.solve(np.eye(len(v)) + rates @ kernel @ products.T, -rates @ (kernel @ fixed + source))
    misfit = fixed + q @ products
    return GroupReadout(
        test_error=float(w @ misfit),
        train_error=float(w @ (damping * damping * misfit)),
        m=m,
        theta=theta,
        psi=psi,
        q2=q[pairs:],
        steps_of_groups=steps,
        residual=residual,
        status=status if np.isfinite(misfit).all() else Status.NONFINITE,
    )


def _least_norm(system: Array, right: Array) -> Array:
    """Solve a symmetric system by its eigenvectors; equal groups share a mean, which makes it singular."""
    if not np.isfinite(system).all():
        return np.full_like(right, np.nan)
    values, vectors = np.linalg.eigh(system)
    kept = values > _RANK * values[-1]
    return vectors[:, kept] @ ((vectors[:, kept].T @ right) / values[kept])
