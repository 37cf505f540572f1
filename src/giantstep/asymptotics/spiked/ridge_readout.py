"""The readout retrained by ridge regression: overlaps and errors (theory note 30, equations 4 to 6).

Once V1 and V2 are known everything left is linear: a 4 x 4 system for the mean prediction and a 2 x 2 one for
its fluctuations, for every point.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.spiked.bulk import Array, Bulk
from giantstep.asymptotics.spiked.functionals import ActivationTable, LinkTable
from giantstep.asymptotics.spiked.resolvents import Places, Points, Resolvents, solve

_NO_MEAN = 1e-13
"""Below this ratio of rms mu0 to rms sigma the mean direction does not exist (odd activations, no spike)."""

_EYE = np.eye(4)


@dataclass(frozen=True, slots=True)
class Readout:
    """The retrained readout; one entry a point.

    Attributes
    ----------
    test_error, test_error_clean, train_error : array
        E (y - f)^2 on fresh samples with and without label noise, and on the training samples.
    m, theta, psi, chi, q1, q2 : array
        Overlaps of section 3 (chi: section 6b, else 0); ``q2`` is |a|^2 / p.
    penalty : array
        ridge |a|^2 / n, so that train_error + penalty is the minimum of the training objective.
    solution : Resolvents
    change : array
        Relative change, to first order, when the outer rule keeps every other node only.
    """

    test_error: Array
    test_error_clean: Array
    train_error: Array
    m: Array
    theta: Array
    psi: Array
    chi: Array
    q1: Array
    q2: Array
    penalty: Array
    solution: Resolvents
    change: Array


@dataclass(frozen=True, slots=True)
class Tables:
    """Outer rule and the functionals of activation and link on it."""

    k: Array
    weights: Array
    activation: ActivationTable
    link: LinkTable

    @property
    def places(self) -> Places:
        """What the two nonlinear equations need."""
        return Places.of(self.weights, self.activation.slope, self.activation.rest)

    def thinned(self) -> Tables:
        """Return every other node: the rule of twice the spacing."""
        a, g = self.activation, self.link
        every = slice(None, None, 2)
        return Tables(
            self.k[every],
            2 * self.weights[every],
            ActivationTable(a.mean[every], a.slope[every], a.rest[every], a.bend[every], a.error),
            LinkTable(g.mean[every], g.along[every], g.square[every], g.error),
        )


def retrain(tables: Tables, points: Points, bulk: Bulk, noise: float, start: Array | None = None) -> Readout:
    """Solve the ridge fixed point at every point.

    Parameters
    ----------
    tables : Tables
    points : Points
        Samples per neuron n / p and ridge, one entry a point.
    bulk : Bulk
        Isotropic or structured, with or without row variances.
    noise : float
        Variance of the label noise.
    start : array, shape (P, 2), optional
        V1 and V2 to start from.
    """
    places = tables.places
    solution = solve(places, points, bulk, start)
    with np.errstate(all="ignore"):
        return _linear_part(tables, places, points, bulk, noise, solution)


def _linear_part(
    tables: Tables, places: Places, points: Points, bulk: Bulk, noise: float, solution: Resolvents
) -> Readout:
    sigma, link, k, w = tables.activation, tables.link, tables.k, tables.weights
    ratio, ridge, mean = points.samples_per_neuron, points.ridge, solution.averages
    damping = 1.0 / (1.0 + solution.v @ places.squares)
    forms = bulk.forms(ridge + solution.conjugate[:, 1], solution.conjugate[:, 0], mean)

    # Mean prediction f = m mu0 + theta k mu1 + chi mu_c; mu0 is scaled to rms one, for m may be huge.
    size = math.sqrt(float(w @ (sigma.mean * sigma.mean)))
    has_mean = size > _NO_MEAN * (size + math.sqrt(float(places.once.sum())))
    scale = 1.0 / size if has_mean else 0.0
    basis = np.zeros((4, len(k)))
    basis[0], basis[1], basis[3] = scale * sigma.mean, k * sigma.slope, sigma.bend
    weighted = w * basis
    cross = sigma.slope * link.along
    products = np.empty((20, len(k)))
    products[:16] = (weighted[:, None] * basis).reshape(16, -1)
    products[16:] = weighted * link.mean
    products[18] = w * cross
    sums = ratio[:, None] * (damping @ products.T)
    overlaps, hats = _mean_overlaps(sums[:, :16].reshape(-1, 4, 4), sums[:, 16:], forms.value, has_mean)
    m, theta, psi, chi = overlaps.T

    f = overlaps @ basis
    misfit = link.square + noise + f * (f - 2 * link.mean) - 2 * psi[:, None] * cross
    damped = damping * damping
    fixed = ratio[:, None] * ((damped * misfit) @ places.once)
    rates = ratio[:, None] * (damped @ places.twice)
    moving = np.array([[rates[:, 0], rates[:, 1]], [rates[:, 1], rates[:, 2]]]).transpose(2, 0, 1)
    spectral = np.array([[mean.two, mean.one], [mean.one, mean.zero]]).transpose(2, 0, 1)
    row = hats[:, None, :]
    source = [(row @ form @ hats[:, :, None])[:, 0, 0] for form in (forms.first, forms.second)]
    right = (spectral @ fixed[:, :, None])[:, :, 0] + np.array(source).T
    q = _solve(_EYE[:2, :2] - spectral @ moving, right)
    misfit += q @ places.squares

    # The rule and its every other node: the errors, and how far both are apart.
    both = np.zeros((2, len(w)))
    both[0], both[1, ::2] = w, 2 * w[::2]
    test, train = (misfit @ both.T).T, ((damped * misfit) @ both.T).T
    coarse = ratio[:, None] * (damping @ (both[1] * places.squares).T)
    far = abs(coarse - solution.conjugate)
    far[:, 0] /= solution.conjugate[:, 0]
    far[:, 1] /= solution.conjugate[:, 1] + ridge
    errors = np.maximum(abs(test[1] / test[0] - 1), abs(train[1] / train[0] - 1))
    return Readout(
        test_error=test[0],
        test_error_clean=test[0] - noise,
        train_error=train[0],
        m=m * scale,
        theta=theta,
        psi=psi,
        chi=chi,
        q1=q[:, 0],
        q2=q[:, 1],
        penalty=ridge * q[:, 1] / ratio,
        solution=solution,
        change=np.maximum(errors, solution.amplification * far.max(1)),
    )


def _mean_overlaps(gram: Array, target: Array, form: Array, has_mean: bool) -> tuple[Array, Array]:
    """Solve for (m, theta, psi, chi) (P, 4) and the conjugates (theta, psi, chi) (P, 3).

    The conjugate of m vanishes, for m is a free direction; the others obey x = K hat, hat = target - gram x.
    """
    system = np.empty_like(gram)
    right = np.empty_like(target)
    rows, known = gram[:, 1:], target[:, 1:, None]
    system[:, 1:] = form @ rows + _EYE[1:]
    right[:, 1:] = (form @ known)[:, :, 0]
    if has_mean:
        system[:, 0], right[:, 0] = gram[:, 0], target[:, 0]
    else:
        system[:, 0], right[:, 0] = _EYE[0], 0.0
    overlaps = _solve(system, right)
    return overlaps, (known - rows @ overlaps[:, :, None])[:, :, 0]


def _solve(system: Array, right: Array) -> Array:
    """Solve a stack of small systems; NaN for those that are singular."""
    try:
        return np.linalg.solve(system, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        if len(system) == 1:
            return np.full_like(right, np.nan)
        return np.concatenate([_solve(system[i : i + 1], right[i : i + 1]) for i in range(len(system))])
