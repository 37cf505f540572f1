"""The baseline of learning curves: the fixed point of arXiv 2402.04980 iterated as a notebook iterates it.

What it is: the method of the paper's only public code, a notebook, in our own words - all overlaps at once,
damped by one half until they move by less than 1e-4; every Gaussian integral taken anew in every iteration,
inner integrals inside outer ones, nothing tabulated; spectral averages as means over one drawn first layer of
finite size.  The notebook takes the outer integrals, along the spike, by SciPy's adaptive quadrature on the
whole line with its default tolerances, and the inner ones by 19 Gauss-Hermite nodes: `whole_line` outside,
`gauss_hermite` inside.

What it is not: that code.  Its inner rule comes from a library that no longer installs; here it is one NumPy
call on 19 numbers, leaner than any library, so the ratio is a lower bound.  The same method with 19 nodes
outside too is what a careful hand would make of it.  Theory note 30, section 4, timed the notebook itself,
that library replaced: 2.26 s a point.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Outer = Callable[[Callable[[float], float]], float]

DAMPING, TOLERANCE, MOST_STEPS = 0.5, 1e-4, 2000
_X, _W = np.polynomial.hermite_e.hermegauss(19)
_W = _W / _W.sum()


def gauss_hermite(function: Callable[[Array], Array]) -> float:
    """E of a function of one standard normal."""
    return float(_W @ function(_X))


def whole_line(function: Callable[[float], float]) -> float:
    """E of a function of one standard normal, a number to a number, by adaptive quadrature as it comes."""
    from scipy.integrate import quad

    found = quad(lambda z: np.exp(-0.5 * z * z) * function(z), -np.inf, np.inf)
    return float(found[0] / np.sqrt(2 * np.pi))


def few_nodes(function: Callable[[float], float]) -> float:
    """E of a function of one standard normal, a number to a number, by 19 nodes."""
    return gauss_hermite(np.vectorize(function))


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of B Pi B^T of one drawn layer, and its squared overlaps with spike and teacher."""

    d: Array
    f: Array
    h: Array

    @classmethod
    def drawn(cls, scale: float, width: int, dimension: int, seed: int = 58) -> Spectrum:
        layer = np.random.default_rng(seed).standard_normal((width, dimension)) * np.sqrt(scale / dimension)
        values, vectors = np.linalg.eigh(layer[:, 1:] @ layer[:, 1:].T)
        along = (vectors.T @ layer[:, :2]) ** 2 * dimension
        return cls(np.maximum(values, 0.0), along[:, 0], along[:, 1])


@dataclass(frozen=True)
class Problem:
    """Spike r, alignment gamma, bulk variance c; n/d, p/d, ridge; activation and link with their slopes."""

    r: float
    gamma: float
    c: float
    alpha: float
    beta: float
    ridge: float
    sigma: Callable[[Array], Array] = np.tanh
    link: Callable[[Array], Array] = np.sin


def equations(
    problem: Problem, spectrum: Spectrum, outer: Outer
) -> tuple[Callable[[Array], Array], Callable[[Array], float]]:
    """Return the map of (m, theta, psi, V1, V2, q1, q2), and the test error at such a vector."""
    r, c, gamma, rho = problem.r, problem.c, problem.gamma, np.sqrt(1 - problem.gamma**2)
    ratio, root = problem.alpha / problem.beta, np.sqrt(problem.c)
    sigma, link, mean = problem.sigma, problem.link, gauss_hermite

    def mu0(k: float) -> float:
        return mean(lambda z: sigma(r * k + root * z))

    def mu1(k: float) -> float:
        return mean(lambda z: z * sigma(r * k + root * z)) / root

    def rest(k: float) -> float:
        return mean(lambda z: sigma(r * k + root * z) ** 2) - mu0(k) ** 2 - c * mu1(k) ** 2

    def h0(k: float) -> float:
        return mean(lambda w: link(gamma * k + rho * w))

    def h1(k: float) -> float:
        return mean(lambda w: w * link(gamma * k + rho * w))

    def hh(k: float) -> float:
        return mean(lambda w: link(gamma * k + rho * w) ** 2)

    def misfit(k: float, x: Array) -> float:
        f = mu0(k) * x[0] + k * mu1(k) * x[1]
        fixed = hh(k) - 2 * f * h0(k) + f * f - 2 * mu1(k) * x[2] * h1(k)
        return fixed + mu1(k) ** 2 * x[5] + rest(k) * x[6]

    def damp(k: float, x: Array) -> float:
        return 1 / (1 + mu1(k) ** 2 * x[3] + rest(k) * x[4])

    def image(x: Array) -> Array:
        v1h = ratio * outer(lambda k: mu1(k) ** 2 * damp(k, x))
        v2h = ratio * outer(lambda k: rest(k) * damp(k, x))
        q1h = ratio * outer(lambda k: mu1(k) ** 2 * misfit(k, x) * damp(k, x) ** 2)
        q2h = ratio * outer(lambda k: rest(k) * misfit(k, x) * damp(k, x) ** 2)
        th = ratio * outer(lambda k: k * mu1(k) * (h0(k) - mu0(k) * x[0] - k * mu1(k) * x[1]) * damp(k, x))
        ph = ratio * outer(lambda k: mu1(k) * h1(k) * damp(k, x))
        up = outer(lambda k: mu0(k) * (h0(k) - k * mu1(k) * x[1]) * damp(k, x))
        down = outer(lambda k: mu0(k) ** 2 * damp(k, x))
        s = problem.ridge + v2h + v1h * spectrum.d
        source = (
            q1h * spectrum.d + q2h + th**2 * spectrum.f * problem.beta + ph**2 * spectrum.h * problem.beta
        )
        new = [up / down, problem.beta * th * (spectrum.f / s).mean(), problem.beta * ph]
        new[2] *= (spectrum.h / s).mean()
        averages = [spectrum.d / s, 1 / s, spectrum.d * source / s**2, source / s**2]
        return np.array(new + [average.mean() for average in averages])

    return image, lambda x: outer(lambda k: misfit(k, x))


START = np.array([0.1, 0.1, 0.1, 1.0, 1.0, 0.5, 0.5])


def iterated_point(problem: Problem, spectrum: Spectrum, outer: Outer) -> tuple[float, int]:
    """Return the test error and the number of iterations."""
    image, error = equations(problem, spectrum, outer)
    x = START
    for step in range(1, MOST_STEPS + 1):
        new = image(x)
        settled = np.abs(new - x).max() < TOLERANCE
        x = DAMPING * x + (1 - DAMPING) * new
        if settled:
            return error(x), step
    return error(x), MOST_STEPS
