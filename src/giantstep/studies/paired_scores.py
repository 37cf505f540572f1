"""Replicates against their own theory: means, standard errors, and z-scores that know how few they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.significance import equivalent_z

if TYPE_CHECKING:
    from giantstep.studies.store import Stored

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedScore:
    """What a set of replicates says, elementwise over all axes but the first.

    Attributes
    ----------
    mean, error : array
        Mean of the measurements and its standard error; NaN for one replicate.
    theory : array
        Mean over replicates of the theory.
    z : array
        Mean of (measurement - theory) over its standard error, Student's t put on the scale of a normal z.
    """

    mean: Array
    error: Array
    theory: Array
    z: Array


def paired_score(measured: Any, theory: Any) -> PairedScore:
    """Compare replicates, shape (replicates, ...), each with its own theory of the same shape or one for all.

    >>> found = paired_score([[1.0], [2.0], [4.0]], [[1.0], [1.0], [1.0]])
    >>> found.mean.round(4).tolist(), found.error.round(4).tolist(), found.z.round(2).tolist()
    ([2.3333], [0.8819], [1.1])
    """
    values = np.asarray(measured, dtype=np.float64)
    expected = np.broadcast_to(np.asarray(theory, dtype=np.float64), values.shape)
    count, off = len(values), values - expected
    if count < 2:
        blank = np.full(values.shape[1:], math.nan)
        return PairedScore(values.mean(0), blank, expected.mean(0), blank)
    root = math.sqrt(count)
    with np.errstate(invalid="ignore", divide="ignore"):
        t = off.mean(0) / (off.std(0, ddof=1) / root)
    return PairedScore(
        values.mean(0), values.std(0, ddof=1) / root, expected.mean(0), equivalent_z(t, count - 1)
    )


def stacked(runs: Sequence[Stored], name: str) -> Array:
    """Return one variable of all replicates, shape (replicates, ...)."""
    return np.array([np.asarray(run.variables[name][1], dtype=np.float64) for run in runs])
