"""The readout trained with a convex loss on labels sign(z1) (theory note 30, section 7a; isotropic bulk).

Seven numbers (V1, V2, q1, q2, m, theta, psi) obey X = T(X).  Damped iteration brings them near, Newton with
differences for the Jacobian to the end.  Integrals over the readout's fluctuation xi are Gauss-Legendre on
pieces that end where the loss has kinks, so the hinge keeps its digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, Bulk
from giantstep.asymptotics.spiked.losses import LOSSES, Loss
from giantstep.asymptotics.spiked.ridge_readout import Tables
from giantstep.asymptotics.spiked.status import Status
from giantstep.gaussian.line import density, legendre

START = (0.0, 0.0, math.log(0.5), math.log(0.5), 0.5, 0.0, 0.1)
"""log V1, log V2, log q1, log q2, m, theta, psi of a cold start."""

_REACH = 9.0
_NODES = 60
_DAMPED_STEPS, _CALM, _NEWTON_STEPS = 400, 3e-3, 25
_TOLERANCE = 1e-11
_LARGEST_MOVE = 0.7
_DIFFERENCE = 1e-6


@dataclass(frozen=True, slots=True)
class ConvexPoint:
    """One point of a learning curve.

    Attributes
    ----------
    x : array, shape (7,)
        Solution, laid out as `START`.
    test_error, train_error : float
        Mean squared error on fresh and on training samples.
    test_loss, train_loss, classification_error : float
    residual : float
    steps : int
    status : Status
    """

    x: Array
    test_error: float
    train_error: float
    test_loss: float
    train_loss: float
    classification_error: float
    residual: float
    steps: int
    status: Status


@dataclass(frozen=True, slots=True)
class ConvexProblem:
    """What the seven equations are made of; the labels are sign(gamma k + rho w).

    Attributes
    ----------
    tables : Tables
    bulk : Bulk
    loss : Loss
    gamma, rho : float
        Alignment of the spike with the teacher, and its complement.
    samples_per_neuron, ridge : float
    nodes : int
        Of each piece of the xi integrals.
    """

    tables: Tables
    bulk: Bulk
    loss: Loss
    gamma: float
    rho: float
    samples_per_neuron: float
    ridge: float
    nodes: int = _NODES

    def image(self, x: Array) -> Array:
        """Return T(X)."""
        sigma, k, w = self.tables.activation, self.tables.k, self.tables.weights
        m, ratio = x[4], self.samples_per_neuron
        v, mean, spread, b = self._fields(x)
        pulled = np.zeros((4, len(k)))
        for label in (1.0, -1.0):
            xi, weight = self._pieces(label, v, mean, spread)
            chance, edge = self._label(label, b, xi)
            pull, steep = self.loss.pull(label * (mean[:, None] + spread[:, None] * xi), v[:, None])
            pull = label * pull
            terms = (chance * pull, chance * pull * pull, chance * steep, label * edge * pull)
            pulled += [(weight * term).sum(1) for term in terms]
        first, second, steep, turned = pulled
        hats = ratio * (steep @ self.tables.places.once)
        found = self.bulk.averages(np.array([self.ridge + hats[1]]), np.array([hats[0]]))
        forms = self.bulk.forms(np.array([self.ridge + hats[1]]), np.array([hats[0]]), found)
        q_hats = ratio * (second @ self.tables.places.once)
        sources = ratio * np.array([w @ (k * sigma.slope * first), w @ (sigma.slope * turned), 0.0])
        theta, psi, _ = forms.value[0] @ sources
        q1 = found.two[0] * q_hats[0] + found.one[0] * q_hats[1] + sources @ forms.first[0] @ sources
        q2 = found.one[0] * q_hats[0] + found.zero[0] * q_hats[1] + sources @ forms.second[0] @ sources
        free = w @ (sigma.mean**2 * steep)
        if w @ sigma.mean**2 > 1e-26 * (w @ (sigma.slope**2 + sigma.rest)):
            m = m + (w @ (sigma.mean * first)) / free
        else:
            m = 0.0
        return np.array([np.log(found.v1[0]), np.log(found.v2[0]), np.log(q1), np.log(q2), m, theta, psi])

    def errors(self, x: Array) -> dict[str, float]:
        """Return the errors at a solution."""
        sigma, link, w = self.tables.activation, self.tables.link, self.tables.weights
        v, mean, spread, b = self._fields(x)
        test = train = train_square = np.zeros_like(v)
        for label in (1.0, -1.0):
            xi, weight = self._pieces(label, v, mean, spread)
            chance, _ = self._label(label, b, xi)
            margin = label * (mean[:, None] + spread[:, None] * xi)
            pull, _ = self.loss.pull(margin, v[:, None])
            fitted = margin + v[:, None] * pull
            test = test + (weight * chance * self.loss.value(margin)).sum(1)
            train = train + (weight * chance * self.loss.value(fitted)).sum(1)
            train_square = train_square + (weight * chance * (1.0 - fitted) ** 2).sum(1)
        square = link.square - 2 * mean * link.mean + mean * mean + spread * spread
        square = square - 2 * sigma.slope * x[6] * link.along
        return {
            "test_error": float(w @ square),
            "train_error": float(w @ train_square),
            "test_loss": float(w @ test),
            "train_loss": float(w @ train),
            "classification_error": self._classification_error(mean, spread, b),
        }

    def _fields(self, x: Array) -> tuple[Array, Array, Array, Array]:
        """Return V, mean and spread of the output, and its correlation with the teacher's rest, along k."""
        sigma, k = self.tables.activation, self.tables.k
        v1, v2, q1, q2 = np.exp(x[:4])
        squares = self.tables.places.squares
        v = np.maximum(v1 * squares[0] + v2 * squares[1], 1e-150)
        spread = np.sqrt(np.maximum(q1 * squares[0] + q2 * squares[1], 1e-150))
        mean = sigma.mean * x[4] + k * sigma.slope * x[5]
        b = np.clip(sigma.slope * x[6] / spread, -0.9999999, 0.9999999)
        return v, mean, spread, b

    def _label(self, label: float, b: Array, xi: Array) -> tuple[Array, Array]:
        """Return P(y = label | k, xi), and the density at its edge over sqrt(1 - b^2)."""
        from scipy.special import ndtr

        rest = np.sqrt(1.0 - b * b)[:, None]
        place = (self.gamma * self.tables.k[:, None] + self.rho * b[:, None] * xi) / (self.rho * rest)
        return ndtr(label * place), density(place) / rest

    def _pieces(self, label: float, v: Array, mean: Array, spread: Array) -> tuple[Array, Array]:
        """Return nodes and weights for xi ~ N(0, 1) at every k, split where the loss has kinks."""
        places = [(label * margin - mean) / spread for margin in self.loss.kinks(v)]
        return _split(places, len(v), self.nodes)

    def _classification_error(self, mean: Array, spread: Array, b: Array) -> float:
        xi, weight = _split([-mean / spread], len(mean), self.nodes)
        wrong = np.where(mean[:, None] + spread[:, None] * xi > 0, -1.0, 1.0)
        chance, _ = self._label(1.0, b, xi)
        # Above the threshold the wrong label is -1, below it +1.
        miss = np.where(wrong > 0, chance, 1.0 - chance)
        return float(self.tables.weights @ (weight * miss).sum(1))


def _split(places: list[Array], count: int, nodes: int) -> tuple[Array, Array]:
    ends = np.full((count, 1), _REACH)
    inner = np.sort(np.array(places).T, axis=1) if places else np.zeros((count, 1))
    edges = np.concatenate([-ends, np.clip(inner, -_REACH, _REACH), ends], axis=1)
    x0, w0 = legendre(nodes)
    length = np.diff(edges, axis=1)[:, :, None]
    xi = (edges[:, :-1, None] + length * x0).reshape(count, -1)
    return xi, (length * w0).reshape(count, -1) * density(xi)


def train(problem: ConvexProblem, start: Array | None = None, damping: float = 0.7) -> ConvexPoint:
    """Solve the seven equations of one point.

    Parameters
    ----------
    problem : ConvexProblem
    start : array, shape (7,), optional
        Solution of a neighbour; the hinge needs one, and `train_from_logistic` finds it.
    damping : float
        Share of the image in a damped step.
    """
    with np.errstate(all="ignore"):
        x = np.array(START if start is None else start, float)
        steps, status = 0, Status.MAX_STEPS
        gap = problem.image(x) - x
        for _ in range(_DAMPED_STEPS):
            if not np.isfinite(gap).all() or _size(gap, x) < _CALM:
                break
            x = x + damping * gap
            gap = problem.image(x) - x
            steps += 1
        for _ in range(_NEWTON_STEPS):
            if not np.isfinite(gap).all():
                status = Status.NONFINITE
                break
            if _size(gap, x) < _TOLERANCE:
                status = Status.CONVERGED
                break
            x = x + _newton(problem, x, gap)
            gap = problem.image(x) - x
            steps += len(x) + 1
        errors = problem.errors(x)
        return ConvexPoint(x=x, **errors, residual=_size(gap, x), steps=steps, status=status)


def train_from_logistic(problem: ConvexProblem) -> ConvexPoint:
    """Solve with the logistic loss first: a cold start of the hinge diverges."""
    near = train(replace(problem, loss=LOSSES["logistic"]))
    return train(problem, near.x, damping=0.2)


def _newton(problem: ConvexProblem, x: Array, gap: Array) -> Array:
    jacobian = np.empty((len(x), len(x)))
    for place in range(len(x)):
        shift = np.zeros(len(x))
        shift[place] = _DIFFERENCE * max(1.0, abs(x[place]))
        moved = problem.image(x + shift) - (x + shift)
        jacobian[:, place] = (moved - gap) / shift[place]
    try:
        move = -np.linalg.solve(jacobian, gap)
    except np.linalg.LinAlgError:
        move = 0.2 * gap
    limit = _LARGEST_MOVE * np.maximum(1.0, np.abs(x))
    return move * min(1.0, float((limit / np.maximum(np.abs(move), 1e-300)).min()))


def _size(gap: Array, x: Array) -> float:
    return float((np.abs(gap) / np.maximum(1.0, np.abs(x))).max())
