"""A learning curve measured on rows of data: train on some, test on the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, flag, instance, real_array, whole_numbers
from giantstep.networks.ridge import NormalEquations
from giantstep.streams import Role, Streams
from giantstep.threads import one_blas_thread
from giantstep.training.deep_features.ridge_runs import RidgeRuns

Array = NDArray[np.float64]

FEWEST_TESTED = 20


def held_out_runs(
    features: Any,
    labels: Any,
    samples: Sequence[int],
    ridges: Array,
    streams: Streams,
    *,
    intercept: bool = True,
) -> RidgeRuns:
    """Shuffle the rows, train on the first n and test on the rest, for each n and ridge.

    Parameters
    ----------
    features : array, shape (rows, p)
    labels : array, shape (rows,)
    samples : sequence of int
        At most rows - 20.
    ridges : array, shape (penalties, samples)
        House ridge > 0.
    streams : Streams
        Whose replicate decides the shuffle.
    intercept : bool

    Raises
    ------
    SpecError
        When too few rows would be left to test on.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((200, 3))
    >>> runs = held_out_runs(x, x[:, 0], [100], np.array([[1e-6]]), Streams(0))
    >>> bool(runs.test_error[0, 0] < 1e-9)
    True
    """
    phi, y = real_array("features", features), real_array("labels", labels).reshape(-1)
    if phi.ndim != 2 or len(y) != len(phi):
        raise SpecError(f"labels: found {len(y)} for features of shape {phi.shape}, expected one a row.")
    rows, width = phi.shape
    sizes = whole_numbers("samples", samples, 1, max(rows, 1))
    penalties = real_array("ridge", ridges, "penalties > 0, one a number of samples")
    instance("streams", streams, Streams)
    flag("intercept", intercept)
    if min(sizes) < 2 or max(sizes) > rows - FEWEST_TESTED:
        raise SpecError(
            f"samples: found {max(sizes) if min(sizes) >= 2 else min(sizes)} of {rows} rows, expected 2 to "
            f"{rows - FEWEST_TESTED}, so that {FEWEST_TESTED} are left to test on."
        )
    if penalties.ndim != 2 or penalties.shape[1] != len(sizes) or not (penalties > 0).all():
        raise SpecError("ridge: found a penalty that is not > 0; a measured curve needs one, such as 1e-8.")
    order = streams.generator(Role.BATCH).permutation(rows)
    test, error, train = (np.empty(penalties.shape) for _ in range(3))
    with one_blas_thread():
        for place, n in enumerate(sizes):
            taken, left = order[:n], order[n:]
            centre, level = (phi[taken].mean(0), y[taken].mean()) if intercept else (0.0, 0.0)
            sums = NormalEquations.empty(width)
            sums.add((phi[taken] - centre).T, y[taken] - level)
            fits = sums.path().fits(penalties[:, place])
            predicted = fits.readouts @ (phi[left] - centre).T / math.sqrt(width)
            squares = (y[left] - level - predicted) ** 2
            test[:, place], train[:, place] = squares.mean(1), fits.training_errors
            error[:, place] = squares.std(1, ddof=1) / math.sqrt(len(left))
    return RidgeRuns(test, error, train)
