"""Order parameters of weights that were trained anywhere, in the same Dataset that simulations give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError
from giantstep.labels import directions

if TYPE_CHECKING:
    import xarray as xr


def measure(first_layers: Any, teacher: Any) -> xr.Dataset:
    """Return the overlaps of first layers from your own training, so that `compare` can judge them.

    Parameters
    ----------
    first_layers : array, shape (step, width, dimension) or (replicate, step, width, dimension)
        Rows are neurons, in the convention f(x) = width^{-1/2} a^T sigma(W x): norm about 1 at the start.
    teacher : array, shape (rank, dimension)
        The target's directions; orthonormal rows.

    Returns
    -------
    xarray.Dataset
        ``overlaps``, ``self_overlaps`` and ``alignment`` as `simulate` labels them.

    Raises
    ------
    SpecError
        For shapes that do not fit, numbers that are not finite, a teacher that is not orthonormal.

    Examples
    --------
    >>> import numpy as np
    >>> data = measure(np.eye(4)[None, :2], teacher=np.eye(4)[:1])
    >>> data.alignment.values.tolist()
    [[0.5]]
    """
    import xarray as xr

    layers, axes = np.asarray(first_layers, dtype=float), np.asarray(teacher, dtype=float)
    if layers.ndim == 3:
        layers = layers[None]
    if layers.ndim != 4 or axes.ndim != 2 or layers.shape[-1] != axes.shape[-1]:
        raise SpecError(
            f"measure: found first layers of shape {np.shape(first_layers)} and a teacher of shape "
            f"{axes.shape}, expected ([replicate,] step, width, dimension) and (rank, dimension)."
        )
    if not (np.isfinite(layers).all() and np.isfinite(axes).all()):
        raise SpecError("measure: found numbers that are not finite. Cut the run before it diverged.")
    if not np.allclose(axes @ axes.T, np.eye(len(axes)), atol=1e-6):
        raise SpecError("teacher: rows are not orthonormal. Orthonormalise them, for instance by a QR.")
    neurons = np.arange(layers.shape[2])
    dataset = xr.Dataset(
        {
            "overlaps": (("replicate", "step", "neuron", "direction"), layers @ axes.T),
            "self_overlaps": (
                ("replicate", "step", "neuron", "neuron_other"),
                layers @ np.swapaxes(layers, -1, -2),
            ),
        },
        {
            "replicate": np.arange(layers.shape[0]),
            "step": np.arange(layers.shape[1]),
            "neuron": neurons,
            "neuron_other": neurons,
            "direction": directions(len(axes)),
        },
        {"engine": "measured", "dimension": int(axes.shape[1])},
    )
    dataset["alignment"] = aligned_fraction(dataset, [np.eye(len(axes))] * layers.shape[1])
    return dataset


def aligned_fraction(dataset: xr.Dataset, chain: Sequence[NDArray]) -> xr.DataArray:
    """Return the fraction of the neurons' squared norm inside a subspace of the target space at each step.

    Where a step was preprocessed, neurons are first cleared of the linear part C_1, which the predictor
    keeps as its own and which would otherwise pass for something the neurons learnt.

    Parameters
    ----------
    chain : sequence of arrays, shape (dim_t, rank)
        Orthonormal rows, one subspace a step.
    """
    import xarray as xr

    overlaps, energy = cleared(dataset)
    width = max((len(basis) for basis in chain), default=0)
    bases = np.zeros((len(chain), width, overlaps.sizes["direction"]))
    for number, basis in enumerate(chain):
        bases[number, : len(basis)] = basis
    inside = np.einsum("...tiq,tkq->...tik", overlaps.values, bases)
    with np.errstate(invalid="ignore", divide="ignore"):
        fraction = (inside**2).sum((-1, -2)) / energy.sum("neuron").values
    return xr.DataArray(fraction, dims=("replicate", "step"))


def cleared(dataset: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Return (overlaps, squared row norms) of the neurons in the complement of the linear part C_1."""
    gram = dataset["self_overlaps"]
    energy = gram.isel(neuron_other=0, drop=True).copy(data=np.einsum("...ii->...i", gram.values).copy())
    overlaps = dataset["overlaps"]
    if "linear_energy" not in dataset:
        return overlaps, energy
    # Steps without preprocessing carry NaN here and keep their neurons whole.
    norm = dataset["linear_energy"].fillna(1.0).clip(1e-300)
    share = dataset["linear_neurons"].fillna(0.0) / norm
    overlaps = overlaps - share * dataset["linear_overlaps"].fillna(0.0)
    energy = energy - share**2 * norm
    return overlaps.transpose(*dataset["overlaps"].dims), energy.clip(0.0)
