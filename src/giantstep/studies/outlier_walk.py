"""Outliers walked: prediction and simulation of the same giant steps, with paired seeds and z-scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from giantstep.networks import Network
from giantstep.protocol import Protocol
from giantstep.significance import equivalent_z, means_and_errors
from giantstep.targets import Target
from giantstep.training.experiment import ignore_progress

if TYPE_CHECKING:
    import xarray as xr

QUANTITIES = ("singular_value", "left_alignment", "right_alignment", "target_alignment", "strength")


@dataclass(frozen=True, slots=True)
class OutlierWalk:
    """Theory and simulation of the outliers after the last step.

    Attributes
    ----------
    theory : xarray.Dataset
        What `predict.outliers` returns.
    data : xarray.Dataset
        What `simulate_outliers` returns; its ``spike_*`` are matched to the theory's spikes.
    scores : xarray.Dataset
        Over spike: the mean over seeds of each quantity, ``*_se`` and ``*_z`` = (mean - theory) / standard
        error put on the scale of a normal law, NaN for one seed and for spikes that are no outliers.
        ``outlier_count``, ``spike_count`` and ``edge``, with ``edge_se``; ``visible``: the share of seeds in
        which the spike's singular value counts as an outlier. A swollen bulk moves singular values and hides
        spikes; ``strength`` and ``spike_count`` it does not move.
    """

    theory: xr.Dataset
    data: xr.Dataset
    scores: xr.Dataset


def outlier_walk(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    seeds: int = 4,
    seed: int = 0,
    ladder: str = "effective",
    threads: int | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
) -> OutlierWalk:
    """Predict the outliers and take the same steps; arguments as the two verbs'.

    Settings with the same seed share initial layer, readout and batches, so that fresh and reused batches, or
    two ladders, are compared on the same random numbers.

    Examples
    --------
    >>> network = Network(300, "He1+0.2*He2", readout="uniform", symmetric=False)
    >>> protocol = Protocol.of_exponents([0.3, 0.3], [1, 2], batch=600)
    >>> found = outlier_walk(Target.parse("tanh(z1)"), network, protocol, dimension=200, seeds=2)
    >>> found.scores.visible.values.tolist(), int(found.theory.outlier_count)
    ([1.0, 0.0], 1)
    """
    from giantstep.asymptotics import outliers
    from giantstep.training.outlier_simulation import simulate_outliers

    theory = outliers(target, network, protocol, dimension=dimension, ladder=ladder)
    data = simulate_outliers(
        target,
        network,
        protocol,
        dimension=dimension,
        seeds=seeds,
        seed=seed,
        spikes=theory["left_coefficients"].values,
        threads=threads,
        on_progress=on_progress,
    )
    return OutlierWalk(theory, data, score(theory, data))


def score(theory: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Return means, standard errors and z-scores of what was measured against a prediction."""
    import xarray as xr

    variables: dict[str, tuple[str, NDArray[np.float64]]] = {}
    for name in QUANTITIES:
        mean, error = means_and_errors(data[f"spike_{name}"].values)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = equivalent_z((mean - theory[name].values) / error, data.sizes["replicate"] - 1)
        z = np.where(theory["present"].values, z, np.nan)
        variables[f"{name}_z"] = ("spike", z)
        variables[name], variables[f"{name}_se"] = ("spike", mean), ("spike", error)
    last = data.isel(step=-1)
    seen = data["spike_visible"].values * (theory["strength"].values > 0)
    variables["visible"] = ("spike", seen.mean(0))
    edge, edge_se = means_and_errors(last["edge"].values[:, None])
    return xr.Dataset(
        variables,
        {"spike": theory["spike"].values},
        {
            "outlier_count": last["outlier_count"].values.tolist(),
            "spike_count": last["spike_count"].values.tolist(),
            "edge": float(edge[0]),
            "edge_se": float(edge_se[0]),
        },
    )
