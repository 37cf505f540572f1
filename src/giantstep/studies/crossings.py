"""Where curves cross a level, how that place scales, and how sure one can be: a bootstrap over replicates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRAWS = 1000
_ENOUGH = 0.99


@dataclass(frozen=True, slots=True)
class Fit:
    """A power law crossing = C x^exponent, with its interval.

    Attributes
    ----------
    exponent : float
        NaN with fewer than two places.
    standard_error : float
        Over bootstrap draws, corrected for few replicates; NaN with one, or where 1 % of the draws do not
        cross.
    low, high : float
        95 % interval: Student's quantile at replicates - 1 degrees of freedom.
    log_prefactor : float
        log C.
    """

    exponent: float
    standard_error: float
    low: float
    high: float
    log_prefactor: float


def bootstrap_weights(replicates: int, draws: int = DRAWS, seed: int = 0) -> Array:
    """Return weights of replicates, one row a draw, the first row equal ones: the estimate itself.

    The Bayesian bootstrap (Rubin 1981): exponential weights never leave a replicate out, so that places with
    few of them stay defined. One draw serves all places at once: replicates share random numbers over the
    dimensions of a study, and what they share must not count as noise.

    >>> bootstrap_weights(3, draws=2).shape, bootstrap_weights(3)[0].tolist()
    ((3, 3), [1.0, 1.0, 1.0])
    """
    weights = np.random.default_rng(seed).exponential(size=(draws, replicates))
    return np.vstack([np.ones(replicates), weights])


def weighted_means(curves: Array, weights: Array) -> Array:
    """Return the mean curve of every draw, (draws, points); replicates with NaN are left out."""
    usable = np.isfinite(curves).all(1)
    if not usable.any():
        return np.full((len(weights), curves.shape[1]), np.nan)
    own = weights[:, : len(curves)][:, usable]
    means: Array = own @ curves[usable] / own.sum(1, keepdims=True)
    return means


def crossings(x: Array, curves: Array, level: float) -> Array:
    """Return log x where each curve first rises through a level, by interpolation; NaN where none.

    Parameters
    ----------
    x : array, shape (points,)
        Growing, positive.
    curves : array, shape (draws, points)

    Examples
    --------
    >>> x = np.array([1.0, 10.0, 100.0])
    >>> np.exp(crossings(x, np.array([[0.0, 0.2, 0.8], [0.0, 0.1, 0.2]]), 0.5)).round(2).tolist()
    [31.62, nan]
    """
    log_x = np.log(x)
    above = curves >= level
    right = np.argmax(above, axis=1)
    found = above.any(1) & (right > 0)
    rows = np.flatnonzero(found)
    high = right[rows]
    low_value, high_value = curves[rows, high - 1], curves[rows, high]
    share = (level - low_value) / (high_value - low_value)
    places = np.full(len(curves), np.nan)
    places[rows] = log_x[high - 1] + share * (log_x[high] - log_x[high - 1])
    return places


def fit_power(x: Array, log_places: Array, replicates: int) -> Fit:
    """Fit log place = log C + exponent log x by least squares, in every draw.

    Parameters
    ----------
    x : array, shape (places,)
    log_places : array, shape (draws, places)
        The first draw is the estimate. Places it does not have are left out.
    replicates : int
        Of the place that has fewest.

    Examples
    --------
    >>> x = np.array([10.0, 100.0, 1000.0])
    >>> fit = fit_power(x, np.log(3 * x**2)[None], replicates=1)
    >>> round(fit.exponent, 12), fit.low
    (2.0, nan)
    """
    kept = np.isfinite(log_places[0])
    log_x, places = np.log(x[kept]), log_places[:, kept]
    if kept.sum() < 2:
        return Fit(math.nan, math.nan, math.nan, math.nan, math.nan)
    centred = log_x - log_x.mean()
    slopes = places @ centred / (centred @ centred)
    exponent = float(slopes[0])
    prefactor = float(places[0].mean() - exponent * log_x.mean())
    drawn = slopes[1:][np.isfinite(slopes[1:])]
    if replicates < 2 or len(drawn) < 2 or len(drawn) < _ENOUGH * (len(slopes) - 1):
        # Draws that miss the level are left out on one side only: no interval rather than a wrong one.
        return Fit(exponent, math.nan, math.nan, math.nan, prefactor)
    from scipy import special

    # The spread of a Bayesian bootstrap is short of a sample's standard error by this factor.
    error = float(drawn.std(ddof=1)) * math.sqrt((replicates + 1) / (replicates - 1))
    half = float(special.stdtrit(replicates - 1, 0.975)) * error
    return Fit(exponent, error, exponent - half, exponent + half, prefactor)
