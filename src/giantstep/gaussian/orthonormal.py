"""Hermite polynomials of norm one, and operators that are diagonal in them (theory note 50 only).

Elsewhere in giantstep He_k is unnormalised; every name here says orthonormal.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.gaussian.hermite import hermite_norms, hermite_values
from giantstep.gaussian.quadrature import Rule

Array = NDArray[np.float64]


def orthonormal_values(x: Any, order: int) -> Array:
    """Return h_0(x), ..., h_order(x), h_k = He_k / sqrt(k!), with E h_j(G) h_k(G) = delta_jk.

    >>> orthonormal_values(np.array(2.0), 2).round(4).tolist()
    [1.0, 2.0, 2.1213]
    """
    values = hermite_values(x, order)
    return values / hermite_norms(order).reshape(-1, *[1] * (values.ndim - 1))


def orthonormal_operator(rule: Rule, eigenvalues: Any) -> Array:
    """Return the matrix, on values at the nodes, of the operator with h_k -> eigenvalues[k] h_k.

    With as many eigenvalues as nodes nothing is cut off: n values carry n Hermite coefficients.

    Parameters
    ----------
    rule : Rule
        A Gauss-Hermite rule of n nodes.
    eigenvalues : array, shape (n,)

    Returns
    -------
    array, shape (n, n)

    Examples
    --------
    >>> from giantstep.gaussian.quadrature import hermite_rule
    >>> rule = hermite_rule(4)
    >>> mean = orthonormal_operator(rule, 0.5 ** np.arange(4))  # E[f(X) | Z] at correlation 0.5
    >>> bool(np.allclose(mean @ rule.nodes, 0.5 * rule.nodes))
    True
    """
    spectrum = np.asarray(eigenvalues, dtype=np.float64)
    basis = orthonormal_values(rule.nodes, len(spectrum) - 1)
    return basis.T @ (spectrum[:, None] * basis * rule.weights)
