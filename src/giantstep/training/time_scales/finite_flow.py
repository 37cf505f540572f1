"""The population gradient flow of m neurons in d dimensions, in closed form of their cosines.

    eps a_i' = V(s_i) - (1/m) sum_j a_j U(r_ij),  V(s) = sum_k sigma_k phi_k s^k,  U(r) = sum_k sigma_k^2 r^k
    u_i' = a_i (I - u_i u_i^T) [V'(s_i) u* - (1/m) sum_j a_j U'(r_ij) u_j]       (theory note 50, S6.1)

The rows enter through s and r alone, so d costs nothing: m + m + m^2 numbers, O(m^3) a rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Relative accuracy of the risk is about this; the comparisons are at 1e-2.
_RTOL, _ATOL = 1e-6, 1e-8


@dataclass(frozen=True, slots=True)
class FiniteFlow:
    """The flow of one instance at eps = ``ratio`` with coefficients sigma and phi (K + 1,)."""

    sigma: Array
    phi: Array
    ratio: float

    def risk(self, readout: Array, overlaps: Array, gram: Array) -> float:
        """Return R = |phi|^2/2 - (1/m) sum a_i V(s_i) + (1/2m^2) sum a_i a_j U(r_ij)."""
        m = len(readout)
        signal, kernel = self._values(overlaps, gram)
        return float(
            0.5 * self.phi @ self.phi - readout @ signal / m + 0.5 * readout @ kernel @ readout / m**2
        )

    def rate(self, readout: Array, overlaps: Array, gram: Array) -> tuple[Array, Array, Array]:
        """Return the time derivatives of a, s and r."""
        m = len(readout)
        signal, kernel = self._values(overlaps, gram)
        orders = np.arange(1.0, len(self.sigma))
        pull = _polynomial(orders * (self.sigma * self.phi)[1:], overlaps)
        spread = _polynomial(orders * (self.sigma**2)[1:], gram) * readout / m
        # The bracket's products with u* and with every row; then the part along u_i is taken out.
        along_target = pull - spread @ overlaps
        along_rows = np.multiply.outer(pull, np.ones(m)) * overlaps - spread @ gram
        own = along_rows.diagonal()
        moves = readout[:, None] * (along_rows - own[:, None] * gram)
        return (
            (signal - kernel @ readout / m) / self.ratio,
            readout * (along_target - own * overlaps),
            moves + moves.T,
        )

    def _values(self, overlaps: Array, gram: Array) -> tuple[Array, Array]:
        return _polynomial(self.sigma * self.phi, overlaps), _polynomial(self.sigma**2, gram)


def _polynomial(coefficients: Array, x: Array) -> Array:
    """Return sum_k coefficients_k x^k by Horner."""
    result = np.full_like(x, coefficients[-1]) if len(coefficients) else np.zeros_like(x)
    for coefficient in coefficients[-2::-1]:
        result = result * x + coefficient
    return result


@dataclass(frozen=True)
class FlowPath:
    """Risks (T,), readouts and overlaps (T, m) at the wanted times; NaN from where the flow diverged."""

    risk: Array
    readout: Array
    overlaps: Array
    finite: bool


def integrate_finite(
    flow: FiniteFlow, readout: Array, overlaps: Array, gram: Array, times: Array
) -> FlowPath:
    """Return the flow at ascending times > 0, by an explicit Runge-Kutta method of order 5."""
    from scipy.integrate import solve_ivp

    m = len(readout)
    upper = np.triu_indices(m, 1)

    def unpack(state: Array) -> tuple[Array, Array, Array]:
        matrix = np.eye(m)
        matrix[upper] = state[2 * m :]
        return state[:m], state[m : 2 * m], matrix + np.triu(matrix, 1).T

    def rate(_: float, state: Array) -> Array:
        a, s, r = flow.rate(*unpack(state))
        return np.concatenate([a, s, r[upper]])

    start = np.concatenate([readout, overlaps, gram[upper]])
    with np.errstate(over="ignore", invalid="ignore"):
        solved: Any = solve_ivp(
            rate, (0.0, float(times[-1])), start, method="RK45", t_eval=times, rtol=_RTOL, atol=_ATOL
        )
    states = [unpack(state) for state in solved.y.T]
    missing = len(times) - len(states)
    risk = np.array([flow.risk(*state) for state in states] + [np.nan] * missing)
    blank = np.full((missing, m), np.nan)
    a = np.concatenate([np.reshape([state[0] for state in states], (-1, m)), blank])
    s = np.concatenate([np.reshape([state[1] for state in states], (-1, m)), blank])
    return FlowPath(risk, a, s, missing == 0 and bool(np.isfinite(risk).all()))
