"""The population error of a network in closed form: polynomial targets, activations with a Gaussian kernel.

E (g - C_0 - C_1 . x - f)^2 needs three things. E f^2 comes from the arc-cosine (relu) or arcsine (erf)
kernel; E g^2 from the target's Hermite coefficients; and E g f by Stein's lemma, neuron by neuron:
E[He_alpha(z) sigma(h)] = M^alpha E[sigma^(|alpha|)(h)] for h ~ N(0, q) with E[z h] = M (theory note 10,
section 0; theory note 20, "After training").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.errors import CapabilityError
from giantstep.gaussian.hermite import hermite_values
from giantstep.gaussian.kernels import erf_kernel, relu_kernel
from giantstep.networks import Network
from giantstep.networks.order_parameters import OrderParameters
from giantstep.targets import Target
from giantstep.training.experiment import Array64

_ROWS = 512
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)
# A sum whose terms exceed it by more than this has lost the digits that a sampled error would have.
_CANCELLATION = 1e9


@dataclass(frozen=True, slots=True)
class QuadraticError:
    """The error without label noise as a quadratic function of the readout: constant - 2 b.a + a.K a.

    Attributes
    ----------
    constant : float
        E (g - C_0 - C_1 . x)^2.
    correlation : array, shape (width,)
        E[(g - C_0 - C_1 . x) sigma(h_i)] / sqrt(width).
    kernel : array, shape (width, width)
        E[sigma(h_i) sigma(h_j)] / width.
    """

    constant: float
    correlation: Array64
    kernel: Array64

    def at(self, readouts: Array64) -> Array64 | None:
        """Return the error of each readout, shape (count, width) to (count,).

        None where the terms cancel so far that rounding would show: then samples know better.
        """
        images = readouts @ self.kernel
        squares = np.einsum("ki,ki->k", images, readouts)
        errors = self.constant - 2.0 * (readouts @ self.correlation) + squares
        terms = self.constant + np.einsum(
            "ki,ki->k", np.abs(readouts) @ np.abs(self.kernel), np.abs(readouts)
        )
        if not np.all(np.isfinite(errors)) or np.any(terms > _CANCELLATION * np.abs(errors)):
            return None
        return np.asarray(errors)


def quadratic_error(target: Target, network: Network, snapshot: OrderParameters) -> QuadraticError | None:
    """Return the error's closed form, or None where there is none.

    There is one for polynomial targets and networks without biases whose activation is relu or erf, or the
    identity.

    Examples
    --------
    >>> import numpy as np
    >>> target, network = Target.parse("2*z1"), Network(1, "identity", symmetric=False)
    >>> known = OrderParameters(np.array([[1.0]]), np.array([[1.0]]))
    >>> float(quadratic_error(target, network, known).at(np.array([[1.5]]))[0])
    0.25
    """
    activation = network.activation
    if network.biased or not activation.portable or activation.name not in ("relu", "erf", "identity"):
        return None
    try:
        polynomial = target.link.polynomial()
    except CapabilityError:
        return None
    if polynomial is None:
        return None
    coefficients = {index: float(value) for index, value in polynomial.hermite().items()}
    overlaps, gram, linear = snapshot.overlaps, snapshot.self_overlaps, snapshot.linear
    variances = np.clip(np.diag(gram), 0.0, None)
    degree = max((sum(index) for index in coefficients), default=0)
    slopes = _mean_derivatives(activation.name, variances, max(degree, 1))
    deviations = np.sqrt(variances)
    cosines = overlaps / np.where(deviations > 0, deviations, 1.0)[:, None]
    constant, correlation = 0.0, np.zeros(network.width)
    for index, value in coefficients.items():
        factorial = math.prod(math.factorial(order) for order in index)
        constant += value * value / factorial
        powers = np.prod(cosines ** np.array(index), axis=1)
        correlation += value / factorial * powers * slopes[sum(index)]
    if linear is not None:
        rank = target.rank
        first = [coefficients.get(tuple(int(i == j) for j in range(rank)), 0.0) for i in range(rank)]
        mean = coefficients.get((0,) * rank, 0.0)
        constant += linear.constant**2 - 2.0 * linear.constant * mean
        constant += linear.energy - 2.0 * float(linear.teacher @ np.array(first))
        along = linear.neurons / np.where(deviations > 0, deviations, 1.0)
        correlation -= linear.constant * slopes[0] + along * slopes[1]
    kernel = _kernel(activation.name, gram, variances)
    return QuadraticError(constant, correlation / math.sqrt(network.width), kernel / network.width)


def _mean_derivatives(name: str, variances: Array64, order: int) -> Array64:
    """Return q^{k/2} E[sigma^(k)(h)], h ~ N(0, q), for k = 0..order, shape (order + 1, width).

    The derivatives are distributions; what is meant is E[sigma(h) He_k(h / sqrt q)].
    """
    deviations = np.sqrt(variances)
    result = np.zeros((order + 1, len(variances)))
    # He_k(0) is, up to sign, the k-th derivative of the normal density at 0.
    at_zero = hermite_values(0.0, order) * _DENSITY_AT_0
    if name == "identity":
        result[1] = deviations
    elif name == "relu":
        result[0], result[1] = _DENSITY_AT_0 * deviations, 0.5 * deviations
        for k in range(2, order + 1):
            result[k] = at_zero[k - 2] * deviations
    else:
        ratio = np.sqrt(variances / (1.0 + variances))
        for k in range(1, order + 1):
            result[k] = 2.0 * at_zero[k - 1] * ratio**k
    return result


def _kernel(name: str, gram: Array64, variances: Array64) -> Array64:
    if name == "identity":
        return gram
    function = relu_kernel if name == "relu" else erf_kernel
    result = np.empty_like(gram)
    # The kernels make several temporaries of the size of what they are given.
    for start in range(0, len(gram), _ROWS):
        rows = slice(start, start + _ROWS)
        result[rows] = function(variances[rows, None], variances[None, :], gram[rows])
    return result
