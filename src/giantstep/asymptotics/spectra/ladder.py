"""The ladder of the second step: what each rung points at (theory note 40, sections B.1 and B.4).

After a first step of size eta1 the second gradient is a sum over k of a^(k+1) q_k^T, q_k = (1/n) X^T h_k: the
Taylor expansion of sigma' in the shift of the rows. h_k is a polynomial in the label y and the field
kt = cs1 t + w of the first step's direction, so that its Gaussian means over w and noise are exact sums.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.asymptotics.spectra.activation_moments import HermiteActivation
from giantstep.asymptotics.spectra.link_moments import CentredLink
from giantstep.gaussian.line import Array, gaussian_means
from giantstep.gaussian.quadrature import hermite_rule

FORMS = ("effective", "naive")

SMOOTH_TOP = 2
"""Highest rung of an activation that is no polynomial; the Taylor terms beyond are not taken."""

HIGHEST = 7
"""Highest rung of any activation."""

ZERO = 1e-9
"""A mean below this fraction of the root mean square of what is averaged counts as zero."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs 0..K of a second step, in the limit of proportional sizes.

    Vectors are written on beta*, on the part of beta1 orthogonal to it, and on what is orthogonal to both.

    Attributes
    ----------
    slope : float
        c1 of the activation.
    along : array, shape (K + 2,)
        <r_m, beta*> of r = (beta1, q_0, .., q_K).
    gram : array, shape (K + 2, K + 2)
        <r_m, r_l>; singular where a batch is reused (q_0 = c1 beta1) or a rung is missing.
    informative : array of bool, shape (K + 1,)
        Whether E[t h_k] differs from zero: whether the rung sees the teacher.
    missing : array of bool, shape (K + 1,)
        Whether h_k vanishes, because the activation's constants do.
    kurtosis : float
        Largest E h_k^4 / (E h_k^2)^2 over the rungs: means over n samples are themselves when it is below n.
    error : float
        Estimated relative error of the means.
    """

    slope: float
    along: Array
    gram: Array
    informative: Array
    missing: Array
    kurtosis: float
    error: float

    @property
    def top(self) -> int:
        """K, the highest rung."""
        return len(self.missing) - 1

    @property
    def sees(self) -> bool:
        """Whether any rung that is there sees the teacher."""
        return bool((self.informative & ~self.missing).any())

    @property
    def alignments(self) -> Array:
        """cos^2(q_k, beta*), shape (K + 1,); 0 for a missing rung."""
        norms = np.diag(self.gram)[1:]
        return np.where(self.missing, 0.0, self.along[1:] ** 2 / np.where(norms > 0, norms, 1.0))


def top_rung(activation: HermiteActivation) -> int:
    """Return K: degree - 1 of a polynomial, 0 of a kinked activation, else `SMOOTH_TOP`.

    >>> from giantstep.asymptotics.spectra.activation_moments import hermite_activation
    >>> [top_rung(hermite_activation(name)) for name in ("He1+0.1*He3", "tanh", "relu")]
    [2, 2, 0]
    """
    if activation.degree is not None:
        return min(max(activation.degree - 1, 0), HIGHEST)
    return 0 if activation.activation.kinks else SMOOTH_TOP


def rung_polynomials(
    activation: HermiteActivation, top: int, *, phi: float, shift: float, reuse: bool, form: str = "effective"
) -> list[Array]:
    """Return h_0..h_K as coefficients: entry [i, j] of the k-th array multiplies y^(1 + i) kt^j.

    Parameters
    ----------
    phi : float
        dimension / batch of the reused batch: a sample meets itself in beta1 with this weight.
    shift : float
        V = phi1 E2 D, the variance of delta_i . x.
    form : {"effective", "naive"}
        ``naive`` replaces the mean over neurons of sigma^(k+1) times the k-th power of the shift by the
        product of means: the same scalings, other constants.

    References
    ----------
    Theory note 40, section B.1.
    """
    c1, arrays = activation.slope, []
    own = phi if reuse else 0.0
    for k in range(top + 1):
        table = np.zeros((k + 1, k + 1))
        for i in range(k + 1) if own else range(1):
            if form == "naive":
                weight = math.comb(k, i) * (k + 1) * activation.coefficient(k + 1) * c1**k
                table[i, k - i] = weight * own**i
                continue
            # (1/k!) E[sigma^(k+1) (own y sigma' + c1 kt + zeta)^k] by the multinomial theorem, E zeta^2 = V.
            weight = activation.slope_moment(k + 1, i) * own**i / math.factorial(i)
            for m in range((k - i) // 2 + 1):
                j = k - i - 2 * m
                spread = shift**m / (2.0**m * math.factorial(m))
                table[i, j] += weight * spread * c1**j / math.factorial(j)
        size = max(abs(activation.coefficient(k + 1)) * math.factorial(k + 1), abs(c1), 1e-300)
        table[np.abs(table) < 1e-13 * size] = 0.0
        arrays.append(table)
    return arrays


def ladder(
    activation: HermiteActivation,
    link: CentredLink,
    *,
    first_batch_ratio: float,
    second_batch_ratio: float,
    reuse: bool,
    form: str = "effective",
    top: int | None = None,
) -> Ladder:
    """Return the ladder of a second step, on the first step's batch or on a fresh one.

    Parameters
    ----------
    activation, link
        Their moments.
    first_batch_ratio, second_batch_ratio : float
        n1 / d and n2 / d; equal where the batch is reused.
    reuse : bool
    form : {"effective", "naive"}
    top : int, optional
        Highest rung, by default `top_rung`.

    Examples
    --------
    >>> from giantstep.asymptotics.spectra.activation_moments import hermite_activation
    >>> from giantstep.asymptotics.spectra.link_moments import centred_link
    >>> from giantstep.targets import Target
    >>> sigma = hermite_activation("He1+0.2*He2+0.1*He3")
    >>> tanh = centred_link(Target.parse("tanh(z1)", noise=0.04))
    >>> ratios = {"first_batch_ratio": 2.5, "second_batch_ratio": 2.5}
    >>> ladder(sigma, tanh, reuse=False, **ratios).alignments.round(4).tolist()
    [0.6787, 0.0, 0.532]
    """
    K = top_rung(activation) if top is None else top
    phi1, phi2 = 1.0 / first_batch_ratio, 1.0 / second_batch_ratio
    energy, cs1 = link.energy, link.slope
    shift = phi1 * energy * activation.slope_rest
    tables = rung_polynomials(activation, K, phi=phi1, shift=shift, reuse=reuse, form=form)
    # Exact for the fourth powers of h_K in w and in the noise.
    rule = hermite_rule(2 * K + 3)
    spread = math.sqrt(phi1 * energy)
    w, eps = spread * rule.nodes[:, None], math.sqrt(link.noise) * rule.nodes
    weights = np.multiply.outer(rule.weights, rule.weights)
    pairs = [(k, j) for k in range(K + 1) for j in range(k + 1)]

    def integrands(t: Array) -> Array:
        y = link.values(t)[:, None, None] + eps
        kt = cs1 * t[:, None, None] + w
        h = [y * _polynomial(y, kt, table) for table in tables]

        def mean(values: Array) -> Array:
            return np.einsum("tij,ij->t", values, weights)

        rows = [t * mean(one) for one in h] + [mean(w * one) for one in h] + [mean(y * one) for one in h]
        return np.array(rows + [mean(h[k] * h[j]) for k, j in pairs] + [mean(one**4) for one in h])

    means, error = gaussian_means(integrands, link.kinks)
    along, beside, own, products, fourth = np.split(means, np.cumsum([K + 1, K + 1, K + 1, len(pairs)]))
    squares = np.zeros((K + 1, K + 1))
    for (k, j), value in zip(pairs, products, strict=True):
        squares[k, j] = squares[j, k] = value
    size = np.sqrt(np.diag(squares))
    along = np.where(np.abs(along) > ZERO * size, along, 0.0)
    # <q_k, beta1_perp> / |beta1_perp|^2, and the part of q_k orthogonal to beta* and beta1.
    mu = beside / (phi1 * energy)
    rest = phi2 * squares
    if reuse:
        mu = mu + own / energy
        rest = phi2 * (squares - np.outer(own, own) / energy)
    tau, m = np.append(cs1, along), np.append(1.0, mu)
    gram = np.outer(tau, tau) + phi1 * energy * np.outer(m, m)
    gram[1:, 1:] += rest
    missing = np.array([not table.any() for table in tables])
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = np.where(missing, 0.0, fourth / size**4)
    return Ladder(activation.slope, tau, gram, along != 0.0, missing, float(kurtosis.max()), error)


def _polynomial(y: Array, kt: Array, table: Array) -> Array:
    """Return the sum of table[i, j] y^i kt^j on the product of both grids."""
    total = np.zeros(np.broadcast_shapes(y.shape, kt.shape))
    for i, row in enumerate(table):
        inner = np.polynomial.polynomial.polyval(kt, row) if row.any() else None
        if inner is not None:
            total += y**i * inner
    return total
