"""What a rank-one spike shows in the spectrum of the first layer (theory note 40, section C).

Rows of W0 are uniform on the unit sphere: its singular values fill [|1 - sqrt g|, 1 + sqrt g], g = width /
dimension. A spike of strength theta leaves this bulk when theta > g^(1/4) (Baik, Ben Arous and Peche 2005;
Benaych-Georges and Nadakuditi 2012 for rectangular matrices).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outliers:
    """Where spikes of given strengths stand, one entry a spike.

    Attributes
    ----------
    present : array of bool
        Whether the spike leaves the bulk.
    singular_values : array
        Its singular value; the edge of the bulk where it does not.
    left, right : array
        Squared cosines of its singular vectors with those of the spike; 0 where it does not.
    """

    present: NDArray[np.bool_]
    singular_values: Array
    left: Array
    right: Array


def edge(width_ratio: float) -> float:
    """Return the upper edge of the bulk, 1 + sqrt g.

    >>> edge(0.25)
    1.5
    """
    return float(1.0 + np.sqrt(width_ratio))


def threshold(width_ratio: float) -> float:
    """Return the strength above which a spike leaves the bulk, g^(1/4).

    >>> threshold(16.0)
    2.0
    """
    return float(width_ratio**0.25)


def outliers_of(strengths: Any, width_ratio: float) -> Outliers:
    """Return singular values and alignments of spikes u v^T of given strengths added to the initial layer.

    Parameters
    ----------
    strengths : array
        theta >= 0, the singular values of the spikes; those of several orthogonal spikes act one by one.
    width_ratio : float
        g = width / dimension.

    References
    ----------
    Theory note 40, section C; arXiv 2205.01445.

    Examples
    --------
    >>> found = outliers_of([0.5, 2.0], width_ratio=1.0)
    >>> found.present.tolist(), found.singular_values.tolist(), found.left.tolist()
    ([False, True], [2.0, 2.5], [0.0, 0.75])
    """
    theta, g = np.asarray(strengths, dtype=np.float64), float(width_ratio)
    present = theta > threshold(g)
    # In powers of 1 / theta: strong spikes do not overflow, and absent ones are asked for finite numbers.
    strong = np.where(present, theta, 1.0)
    u = (1.0 / strong) ** 2
    values = strong * np.sqrt((1.0 + u) * (1.0 + g * u))
    left = 1.0 - g * u * (1.0 + u) / (1.0 + g * u)
    right = 1.0 - u * (1.0 + g * u) / (1.0 + u)
    return Outliers(
        present,
        np.where(present, values, edge(g)),
        np.where(present, left, 0.0),
        np.where(present, right, 0.0),
    )
