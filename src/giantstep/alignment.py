"""How much of the neurons lies in a subspace of the target space, preprocessing taken off first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr


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
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        fraction = (inside**2).sum((-1, -2)) / energy.sum("neuron").values
    return xr.DataArray(fraction, dims=[dim for dim in overlaps.dims if dim not in ("neuron", "direction")])


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
