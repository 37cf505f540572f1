"""Which neuron of a simulation is which neuron of a theory.

Readouts are drawn anew for every replicate, so neuron 3 of one replicate may play the part of neuron 5 of
another. Neurons are exchangeable: a permutation that carries the readouts (and biases) of a replicate onto
those of the theory makes the two comparable entry by entry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

_SAME = 1e-12


def matched_replicates(theory: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Return the replicates of ``data`` whose neurons can be the theory's, in the theory's order.

    Datasets without neurons or readouts on both sides come back as they are; a replicate whose readouts are
    other numbers than the theory's (continuous laws, unequal numbers of signs) is left out.
    """
    import xarray as xr

    named = [name for name in ("readout", "biases") if name in theory and name in data]
    if "readout" not in named or "replicate" not in data.readout.dims or "dimension" in data.readout.dims:
        return data
    wanted = np.stack([theory[name].values for name in named])
    kept = []
    for replicate in range(data.sizes["replicate"]):
        one = data.isel(replicate=[replicate])
        found = np.stack([one[name].values[0] for name in named])
        order = _order(wanted, found)
        if order is not None:
            kept.append(_permuted(one, order))
    if not kept:
        return data.isel(replicate=[])
    return xr.concat(
        kept, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )


def _order(wanted: NDArray, found: NDArray) -> NDArray | None:
    """Return the permutation with found[:, order] = wanted, pairs of a symmetric start kept together."""
    width = wanted.shape[1]
    if found.shape != wanted.shape:
        return None
    half = width // 2
    partner = (np.arange(width) + half) % width if width % 2 == 0 else np.arange(width)
    same = np.abs(found - wanted).max(0) <= _SAME
    swapped = np.abs(found[:, partner] - wanted).max(0) <= _SAME
    if (same | swapped).all() and width % 2 == 0 and (same[:half] == same[half:]).all():
        return np.where(same, np.arange(width), partner)
    if width % 2 == 0 and np.array_equal(wanted[0, :half], -wanted[0, half:]):
        # A pair shares its row: it must move as one.
        pairs = _sorted_match(np.abs(wanted[:, :half]), np.abs(found[:, :half]))
        if pairs is None:
            return None
        joint = np.concatenate([pairs, pairs + half])
        flip = np.abs(found[:, joint] - wanted).max(0) > _SAME
        order = np.where(flip, partner[joint], joint)
        return order if np.abs(found[:, order] - wanted).max() <= _SAME else None
    return _sorted_match(wanted, found)


def _sorted_match(wanted: NDArray, found: NDArray) -> NDArray | None:
    left, right = np.lexsort(wanted[::-1]), np.lexsort(found[::-1])
    order = np.empty(len(left), dtype=int)
    order[left] = right
    return order if np.abs(found[:, order] - wanted).max(initial=0.0) <= _SAME else None


def _permuted(one: xr.Dataset, order: NDArray) -> xr.Dataset:
    moved = one.isel(neuron=order)
    if "neuron_other" in moved.dims:
        moved = moved.isel(neuron_other=order)
    labels = {name: one[name].values for name in ("neuron", "neuron_other") if name in one.coords}
    return moved.assign_coords(labels)
