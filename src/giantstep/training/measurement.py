"""Order parameters of weights that were trained anywhere, in the same Dataset that simulations give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.alignment import aligned_fraction
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

    layers, axes = (
        real_array(name, value) for name, value in (("first_layers", first_layers), ("teacher", teacher))
    )
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


def real_array(name: str, value: Any) -> NDArray[np.float64]:
    """Return an array of floats.

    Raises
    ------
    SpecError
        When it is ragged or holds anything but real numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise SpecError(f"{name}: found {type(value).__name__}, expected an array of real numbers.")
    return array.astype(np.float64)
