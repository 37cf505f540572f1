"""Measured overlaps whose right verdict is known."""

import numpy as np
import xarray as xr


def overlaps(
    learnt, *, dimensions=(1000, 10000, 100000, 1000000), seeds=(8, 8, 8, 2), width=8, slopes=None, seed=0
):
    """Return one step's worth of data after an untrained step 0.

    ``learnt`` gives for each direction its overlap squared in the limit, 0 for a direction that stays at its
    isotropic level 1/d; a seed has its own level, the same at every dimension, as with shared readouts.
    """
    generator = np.random.default_rng(seed)
    rank, most = len(learnt), max(seeds)
    shape = (len(dimensions), most, 2, width, rank)
    m = np.full(shape, np.nan)
    # Neurons of one sign in all directions would have learnt one direction only.
    signs = np.where(np.arange(width)[:, None] >> np.arange(rank) & 1, -1.0, 1.0)
    own = np.exp(0.5 * generator.standard_normal((most, rank)))
    for j, (d, count) in enumerate(zip(dimensions, seeds, strict=True)):
        for r in range(count):
            m[j, r, 0] = generator.standard_normal((width, rank)) / np.sqrt(d)
            m[j, r, 1] = generator.standard_normal((width, rank)) / np.sqrt(d)
            for k, size in enumerate(learnt):
                decay = (d / dimensions[0]) ** ((slopes or {}).get(k, 0.0) / 2)
                m[j, r, 1, :, k] += signs[:, k] * np.sqrt(size * own[r, k]) * decay
    gram = np.einsum("...ik,...jk->...ij", m, m) + np.eye(width)
    missing = np.isnan(m[..., 0, 0])
    gram[missing] = np.nan
    return xr.Dataset(
        {
            "overlaps": (("dimension", "replicate", "step", "neuron", "direction"), m),
            "self_overlaps": (("dimension", "replicate", "step", "neuron", "neuron_other"), gram),
            "samples": ("dimension", 2.0 * np.array(dimensions)),
        },
        {"dimension": list(dimensions)},
    )


def theory(*chain):
    """Return the Dataset of a chain of subspaces, each a list of spanning rows (or a number of axes)."""
    rank = next(len(rows[0]) for rows in chain if len(rows))
    projectors = []
    for rows in chain:
        q = np.linalg.qr(np.reshape(np.array(rows, float), (-1, rank)).T)[0]
        projectors.append(q @ q.T)
    return xr.Dataset({"learned_subspace": (("step", "direction", "direction_other"), np.array(projectors))})
