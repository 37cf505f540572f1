"""Plug-in: the theory of features known only through rows of data, and what makes it doubtful."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.deep_features.moments import HEAVY
from giantstep.asymptotics.deep_features.ridge_theory import RidgeTheory
from giantstep.errors import SpecError
from giantstep.threads import one_blas_thread

Array = NDArray[np.float64]

ROWS_A_FEATURE = 100
"""Below this many rows a feature the small eigenvalues of the covariance are biased (note 50, S5.7)."""
LARGEST = 1e50
"""Of an entry; fourth powers of labels and squares of covariances stay in range (so 1e-50 at least)."""
_LARGE_MEAN = 0.05


def read_rows(features: Any, labels: Any) -> tuple[Array, Array]:
    """Return features (rows, p) and labels (rows,) as float64, or raise `SpecError` with what is wrong.

    >>> read_rows([[1.0], [float("nan")], [0.0]], [0.0, 1.0, 2.0])
    Traceback (most recent call last):
    giantstep.errors.SpecError: features: found nan in row 1, column 0 (1 such entry), expected ...
    """
    phi, y = _array("features", features), _array("labels", labels)
    if phi.ndim != 2 or phi.shape[1] == 0:
        raise SpecError(f"features: found shape {phi.shape}, expected (rows, features).")
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise SpecError(f"labels: found shape {y.shape}, expected one number a row.")
    if len(y) != len(phi):
        raise SpecError(f"labels: found {len(y)} for {len(phi)} rows of features, expected one a row.")
    if len(phi) < 3:
        raise SpecError(
            f"features: found {len(phi)} row{'s' * (len(phi) != 1)}, expected at least 3, and "
            f"{ROWS_A_FEATURE} a feature for good digits."
        )
    for name, array in (("features", phi), ("labels", y)):
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            place = ", ".join(
                f"{axis} {k}" for axis, k in zip(("row", "column"), bad[0].tolist(), strict=False)
            )
            entries = "entry" if len(bad) == 1 else "entries"
            raise SpecError(
                f"{name}: found {array[tuple(bad[0])]} in {place} ({len(bad)} such {entries}), expected "
                "finite numbers. Drop or fill these rows."
            )
        size = float(np.abs(array).max())
        if size > LARGEST or 0 < size < 1 / LARGEST:
            raise SpecError(
                f"{name}: found entries up to {size:.3g} in size, expected from {1 / LARGEST:g} to "
                f"{LARGEST:g}. Divide {name} by their size."
            )
    return phi, y


def empirical_theory(features: Any, labels: Any, *, intercept: bool = True) -> RidgeTheory:
    """Return the theory with covariance, moment and energy of the rows themselves as the population's.

    Parameters
    ----------
    features : array, shape (rows, p)
        Any features of held-out inputs: of a trained network, a kernel approximation, or plain data.
    labels : array, shape (rows,)
        Noise that they hold counts as misfit, so `RidgeTheory.at` needs no more.
    intercept : bool
        Whether the readout fits one: moments are then centred. Without, the mean of features that are not
        centred acts as one more, large eigenvalue.

    Raises
    ------
    SpecError
        For NaN, infinities, different lengths, or constant features.

    References
    ----------
    Theory note 50, S5.4; the rows' own overfitting is taken off to first order in p / rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((4000, 5))
    >>> theory = empirical_theory(x, x[:, 0] + 0.1 * rng.standard_normal(4000))
    >>> round(theory.misfit, 2)
    0.01
    """
    phi, y = read_rows(features, labels)
    if intercept:
        phi, y = phi - phi.mean(0), y - y.mean()
    if not phi.any():
        raise SpecError("features: found the same row everywhere, expected features that vary.")
    with one_blas_thread():
        covariance, moment = phi.T @ phi / len(phi), phi.T @ y / len(phi)
    return theory_of_moments(covariance, moment, float(y @ y) / len(phi), rows=len(phi), intercept=intercept)


def theory_of_moments(
    covariance: Array, moment: Array, energy: float, *, rows: int, intercept: bool = False
) -> RidgeTheory:
    """Return the plug-in theory of moments estimated from so many rows; arguments as `RidgeTheory.of`.

    Raises
    ------
    SpecError
        When there are no more rows than directions.
    """
    theory = RidgeTheory.of(covariance, moment, energy, intercept=intercept)
    return _unbiased(theory, rows - int(intercept))


def _unbiased(theory: RidgeTheory, freedom: int) -> RidgeTheory:
    """Take off what a regression on the rows themselves explains of their noise.

    Each (b . v)^2 / eigenvalue is too large by misfit / rows on average, so the misfit is too small by
    rank / rows (the residual variance of regression), and their sum, the energy, is right.
    """
    if theory.rank >= freedom:
        raise SpecError(
            f"features: found {freedom} rows (less the mean) for {theory.rank} directions, which fit any "
            f"labels "
            f"exactly. Take at least {ROWS_A_FEATURE * theory.width} rows ({ROWS_A_FEATURE} a feature)."
        )
    misfit = theory.misfit * freedom / (freedom - theory.rank)
    return replace(theory, signal=theory.signal - misfit / freedom, misfit=misfit)


def doubts(features: Any, labels: Any, *, intercept: bool = True) -> list[str]:
    """Return sentences, each with its remedy, on why the plug-in may be off for these rows.

    >>> rng = np.random.default_rng(0)
    >>> doubts(rng.standard_normal((50, 5)), rng.standard_normal(50))
    ['held-out rows: found 50 for 5 features (10 a feature); small eigenvalues are then biased ...']
    """
    phi, y = read_rows(features, labels)
    rows, width = phi.shape
    found = []
    if rows < ROWS_A_FEATURE * width:
        found.append(
            f"held-out rows: found {rows} for {width} features ({rows / width:.0f} a feature); small "
            f"eigenvalues are "
            f"then biased and the theory is too low near n = p at a small ridge. Take at least "
            f"{ROWS_A_FEATURE * width} rows ({ROWS_A_FEATURE} a feature), or a larger ridge."
        )
    mean, size = float((phi.mean(0) ** 2).sum()), float((phi**2).mean(0).sum())
    if not intercept and mean > _LARGE_MEAN * size:
        found.append(
            f"features: {100 * mean / size:.0f} % of their squared size is their mean, a spike that the "
            f"theory takes "
            "as one more direction. Centre them, or fit an intercept."
        )
    centred = y - y.mean()
    spread = float((centred**2).mean())
    kurtosis = float((centred**4).mean()) / spread**2 if spread > 0 else 0.0
    if kurtosis > HEAVY:
        found.append(
            f"labels: kurtosis {kurtosis:.0f} (3 for a Gaussian); single runs fluctuate widely about the "
            f"theory. "
            "Use many seeds, or bounded labels."
        )
    return found


def _array(name: str, values: Any) -> Array:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise SpecError(
            f"{name}: found a ragged {type(values).__name__}, expected an array of real numbers."
        ) from None
    if np.ma.is_masked(values):
        raise SpecError(f"{name}: found masked entries, expected numbers. Drop or fill these rows.")
    if array.dtype.kind not in "biuf":
        raise SpecError(f"{name}: found an array of {array.dtype.name}, expected real numbers.")
    return array.astype(np.float64)
