"""Cross-covariance between the features of a learner and of a target network, linearised.

Layers whose rows come in pairs - equal, correlated - carry the diagonal kx that the joint law of the two
pre-activations leaves beside the linear part; layers drawn independently carry none (theory note 50, S5.3).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.deep_features.covariance import LinearLayer
from giantstep.errors import SpecError
from giantstep.gaussian.quadrature import split_rule
from giantstep.networks import Activation

Array = NDArray[np.float64]

_NODES = 24
_BLOCK = 256


def cross_covariance(
    learner: Sequence[LinearLayer],
    target: Sequence[LinearLayer],
    activations: tuple[Activation, Activation],
    *,
    paired: int = 0,
    per_row: bool = True,
    input_covariance: Array | None = None,
) -> Array:
    """Return Phi = E[phi phi*^T] between the last layers of two networks that see the same inputs.

    Parameters
    ----------
    learner, target : sequence of LinearLayer
        From `linear_layers`.
    activations : (Activation, Activation)
        Of learner and target.
    paired : int
        How many first layers have paired rows: row i of W_l correlated with row i of W*_l (or equal to it,
        for shared layers). The layers after them are independent.
    per_row : bool
        Each pair's own covariance, or their mean; as in `linear_layers`.
    input_covariance : array, shape (d, d), optional
        Omega_0; the identity by default.

    Returns
    -------
    array, shape (p_L, p*_K)

    Raises
    ------
    SpecError
        When the networks see different numbers of inputs, or paired layers differ in width.

    References
    ----------
    Theory note 50, S5.3: paired rows (third bullet), shared layers (second),
    independent weights (first).
    """
    if learner[0].weights.shape[1] != target[0].weights.shape[1]:
        raise SpecError(
            f"target: sees {target[0].weights.shape[1]} inputs, the learner {learner[0].weights.shape[1]}; "
            "expected the same inputs."
        )
    widths = [(len(a.slopes), len(b.slopes)) for a, b in zip(learner[:paired], target[:paired], strict=False)]
    if len(widths) < paired or any(a != b for a, b in widths):
        raise SpecError(
            f"paired: found {paired} layers of widths {widths}, expected equal widths in both networks."
        )
    phi: Array | None = input_covariance
    for mine, theirs in zip(learner[:paired], target[:paired], strict=True):
        seen = theirs.weights.T if phi is None else phi @ theirs.weights.T
        inner = mine.weights @ seen
        shared = np.diag(inner).copy()
        if not per_row:
            shared[:] = shared.mean()
        phi = mine.slopes[:, None] * inner * theirs.slopes
        phi = phi + np.diag(_rest(activations, mine, theirs, shared))
    for layer in learner[paired:]:
        phi = layer.map if phi is None else layer.map @ phi
    if phi is None:
        phi = np.eye(target[0].weights.shape[1])
    for layer in target[paired:]:
        phi = phi @ layer.map.T
    return phi


def _rest(
    activations: tuple[Activation, Activation], mine: LinearLayer, theirs: LinearLayer, shared: Array
) -> Array:
    """Return kx_i = E[sigma(N_i) sigma*(N*_i)] - slope_i slope*_i cov(N_i, N*_i) of each pair of rows."""
    rule = split_rule((), _NODES)
    roots = np.sqrt(mine.variances), np.sqrt(theirs.variances)
    correlation = np.clip(shared / np.maximum(roots[0] * roots[1], 1e-300), -1.0, 1.0)[:, None, None]
    found = np.empty(len(shared))
    u, v = rule.nodes[:, None], rule.nodes[None, :]
    for start in range(0, len(shared), _BLOCK):
        here = slice(start, start + _BLOCK)
        rho = correlation[here]
        left = activations[0].value(roots[0][here, None] * rule.nodes)
        right = activations[1].value(roots[1][here, None, None] * (rho * u + np.sqrt(1 - rho**2) * v))
        found[here] = np.einsum("ku,u,kuv,v->k", left, rule.weights, right, rule.weights, optimize=True)
    return found - mine.slopes * theirs.slopes * shared
