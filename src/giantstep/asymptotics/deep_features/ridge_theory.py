"""`RidgeTheory`: errors of ridge regression on any features, in closed form but for one number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.deep_features.effective_ridge import effective_ridge
from giantstep.errors import SpecError, real_array, real_number
from giantstep.threads import one_blas_thread

Array = NDArray[np.float64]

NULL: Final = 1e-13
"""Eigenvalues below this fraction of the largest are rounding, not directions."""
RESOLVED: Final = 1e-11
_BLOCK = 2**21


class Status(StrEnum):
    """How a point ended."""

    CONVERGED = "converged"
    MAX_STEPS = "max_steps"
    PEAK = "peak"


REMEDY: Final = {
    Status.CONVERGED: "",
    Status.MAX_STEPS: (
        "the effective penalty was not found to 11 digits. Raise the ridge, or move n off the rank."
    ),
    Status.PEAK: "as many samples as features and no ridge: the test error is infinite. Raise the ridge.",
}


@dataclass(frozen=True, slots=True)
class RidgeErrors:
    """Errors at each point, in the shape of the arguments broadcast together.

    Attributes
    ----------
    test_error : array
        E (y - f)^2, label noise included; infinite at the peak.
    test_error_clean : array
        Without the label noise.
    train_error : array
        Mean of (y - f)^2 over the training samples.
    nu, gamma : array
        Effective penalty, and (1/n) tr[Omega^2 (Omega + nu)^-2] < 1, the share of the variance.
    residual : array
        What is left of the equation of nu, relative.
    status : array of str
    """

    test_error: Array
    test_error_clean: Array
    train_error: Array
    nu: Array
    gamma: Array
    residual: Array
    status: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False)
class RidgeTheory:
    """Features and target in the eigenbasis of the features' covariance Omega = E[phi phi^T].

    Parameters
    ----------
    eigenvalues : array, shape (rank,)
        Positive eigenvalues of Omega.
    signal : array, shape (rank,)
        (b . v_k)^2 / eigenvalue_k with b = E[phi f*]: what the best linear readout gains from each direction.
    misfit : float
        E[f*^2] - b^T Omega^-1 b, the part of the target no readout can fit; it acts as label noise.
    width : int
        Number of features p.
    intercept : bool
        Whether the readout has an intercept, so that Omega, b and E[f*^2] are centred moments.

    References
    ----------
    Theory note 50, S5.2, in the house convention: (Phi^T Phi / p + ridge) a = Phi^T y / sqrt p.

    Examples
    --------
    >>> theory = RidgeTheory.of([2.0, 1.0], moment=[1.0, 0.0], energy=0.75)
    >>> theory.signal.tolist(), theory.misfit, theory.energy
    ([0.5, 0.0], 0.25, 0.75)
    """

    eigenvalues: Array
    signal: Array
    misfit: float
    width: int
    intercept: bool = False

    @classmethod
    def of(cls, covariance: Any, moment: Any, energy: float, *, intercept: bool = False) -> RidgeTheory:
        """Return the theory of features with a covariance, by one eigendecomposition.

        Parameters
        ----------
        covariance : array, shape (p, p)
            Omega = E[phi phi^T], or its diagonal, shape (p,).
        moment : array, shape (p,)
            b = E[phi f*].
        energy : float
            c = E[f*^2], without label noise.
        intercept : bool
            Whether the moments are centred and the readout has an intercept.

        Raises
        ------
        SpecError
            When shapes differ, numbers are not finite, the covariance is not symmetric and positive, or no
            target with this energy can have these moments.

        Examples
        --------
        Isotropic features, n = 2p without ridge: the noise is multiplied by 1 / (1 - p/n).

        >>> theory = RidgeTheory.of(np.eye(3), [1.0, 0.0, 0.0], energy=1.0)
        >>> theory.at(samples=6, ridge=0.0, noise=0.5).test_error.tolist()
        1.0
        """
        omega, b = real_array("covariance", covariance), real_array("moment", moment)
        if b.ndim != 1 or not b.size or omega.shape not in (b.shape, (b.size, b.size)):
            raise SpecError(
                f"covariance, moment: found shapes {omega.shape} and {b.shape}, expected (p, p) or (p,) "
                f"and (p,)."
            )
        c = real_number("energy", energy, "one finite number")
        if omega.ndim == 1:
            values, projections = omega, b
        else:
            scale = float(np.abs(omega).max())
            if float(np.abs(omega - omega.T).max()) > 1e-8 * scale:
                raise SpecError(
                    "covariance: found a matrix that is not symmetric; use (C + C.T) / 2 if it is near."
                )
            with one_blas_thread():
                values, vectors = np.linalg.eigh(0.5 * (omega + omega.T))
                projections = vectors.T @ b
        largest = float(values.max())
        if largest <= 0 or float(values.min()) < -1e-9 * largest:
            raise SpecError(
                f"covariance: found the eigenvalue {float(values.min()):.3g}, expected a positive "
                f"semidefinite "
                f"matrix that is not zero. Give E[phi phi^T], or the features themselves to ridge_curve."
            )
        kept = values > NULL * largest
        signal = projections[kept] ** 2 / values[kept]
        misfit = c - float(signal.sum())
        lost = float(np.abs(projections[~kept]).max(initial=0.0))
        if misfit < -1e-8 * max(c, 0.0) - 1e-14 or lost > 1e-5 * np.sqrt(max(c, 0.0) * largest):
            raise SpecError(
                f"energy: found {c:.6g}, but features with this covariance explain "
                f"{float(signal.sum()):.6g} of a "
                f"target with this moment. Give b = E[phi f*] and c = E[f*^2] of the same features and "
                f"target."
            )
        return cls(values[kept], signal, max(misfit, 0.0), b.size, intercept)

    @property
    def rank(self) -> int:
        """Number of directions the features span."""
        return len(self.eigenvalues)

    @property
    def energy(self) -> float:
        """E[f*^2], centred with an intercept."""
        return self.misfit + float(self.signal.sum())

    def at(self, samples: Any, ridge: Any, noise: Any = 0.0) -> RidgeErrors:
        """Return the errors at (samples, ridge, noise), broadcast together, each in O(rank).

        Parameters
        ----------
        samples : array-like
            Training samples n, > 0 (> 1 with an intercept); need not be whole.
        ridge : array-like
            House penalty >= 0: (Phi^T Phi / p + ridge) a = Phi^T y / sqrt p. See `house_ridge`.
        noise : array-like
            Variance of the label noise, >= 0.

        Raises
        ------
        SpecError
            For numbers out of range.

        Examples
        --------
        >>> theory = RidgeTheory.of(np.arange(1.0, 401.0) ** -0.8, np.zeros(400), energy=0.0)
        >>> found = theory.at([100, 300], 0.1, noise=1.0)
        >>> found.test_error.round(6).tolist(), found.status.tolist()
        ([1.028173, 1.040032], ['converged', 'converged'])
        """
        given = [
            real_array(name, values)
            for name, values in (("samples", samples), ("ridge", ridge), ("noise", noise))
        ]
        try:
            n, lam, variance = np.broadcast_arrays(*given)
        except ValueError:
            shapes = ", ".join(str(values.shape) for values in given)
            raise SpecError(
                f"samples, ridge, noise: found shapes {shapes}, expected ones that broadcast together."
            ) from None
        shape = n.shape
        least = 1.0 if self.intercept else 0.0
        for name, values, bad, allowed in (
            ("samples", n, n <= least, f"more than {least:g}"),
            ("ridge", lam, lam < 0, "a penalty >= 0"),
            ("noise", variance, variance < 0, "a variance >= 0"),
        ):
            if bad.any():
                raise SpecError(f"{name}: found {values[bad].ravel()[0]:g}, expected {allowed}.")
        # With an intercept the centred samples carry n - 1 degrees of freedom, exactly so for Gaussian
        # features.
        n, variance = n.ravel() - least, variance.ravel()
        penalty = lam.ravel() * self.width / n
        with one_blas_thread(), np.errstate(divide="ignore", invalid="ignore"):
            found = effective_ridge(self.eigenvalues, n, penalty)
            bias, share, gamma = self._sums(found.nu, n, penalty)
            test = (variance + self.misfit + bias) / share
            shrunk = np.where(found.nu > 0, penalty / np.where(found.nu > 0, found.nu, 1.0), share)
            train = np.where(share > 0, shrunk**2 * test, 0.0)
        peak = share <= 0
        test = np.where(peak, np.inf, test)
        if self.intercept:
            test, train = test * (1 + 1 / (n + 1)), train * n / (n + 1)
        status = np.where(found.residual <= RESOLVED, Status.CONVERGED.value, Status.MAX_STEPS.value)
        status = np.where(peak, Status.PEAK.value, status)
        columns: tuple[NDArray[Any], ...] = (
            test,
            test - variance,
            train,
            found.nu,
            gamma,
            found.residual,
            status,
        )
        return RidgeErrors(*(column.reshape(shape) for column in columns))

    def _sums(self, nu: Array, n: Array, penalty: Array) -> tuple[Array, Array, Array]:
        """Return the bias, 1 - gamma and gamma; 1 - gamma is a sum of positive terms: no cancellation."""
        bias, share, gamma = (np.empty(len(nu)) for _ in range(3))
        size = max(1, _BLOCK // max(1, self.rank))
        for start in range(0, len(nu), size):
            here = slice(start, start + size)
            x = nu[here, None]
            inverse = 1.0 / (self.eigenvalues + x)
            bias[here] = np.square(x * inverse) @ self.signal
            gamma[here] = np.square(self.eigenvalues * inverse).sum(1) / n[here]
            shrunk = np.where(nu[here] > 0, penalty[here] / np.where(nu[here] > 0, nu[here], 1.0), 0.0)
            share[here] = shrunk + nu[here] * (np.square(inverse) @ self.eigenvalues) / n[here]
        # Without ridge and with n >= rank: nu = 0 and gamma = rank / n.
        none = nu == 0
        share[none] = np.maximum(1.0 - self.rank / n[none], 0.0)
        return bias, share, gamma


def house_ridge(penalty: Any, samples: Any, width: int) -> Array:
    """Return the house ridge of a penalty lam in (1/n) sum of squares + lam |beta|^2: lam n / p.

    >>> float(house_ridge(0.1, samples=300, width=100))
    0.3
    """
    return np.asarray(penalty, float) * np.asarray(samples, float) / width
