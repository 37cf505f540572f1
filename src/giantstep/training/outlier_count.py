"""`measure_outliers`: count the outliers of first layers from anywhere, against a bulk edge that adapts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError
from giantstep.threads import one_blas_thread
from giantstep.training.measurement import real_array
from giantstep.training.spectrum import POWERS, SHOWN, TopSpectrum, top_spectrum

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

FEWEST = POWERS
"""Neurons and dimensions below which there is no bulk to speak of."""


def measure_outliers(
    first_layers: Any, readout: Any, teacher: Any = None, *, shown: int = SHOWN
) -> xr.Dataset:
    """Return the outliers of first layers from your own training, counted against the projected edge.

    After a giant step the bulk is wider than at the start, so singular values are not compared with
    1 + sqrt(width / dimension) but with the largest one that is left when the readout's powers a, a^2, a^3,
    a^4, which hold the left vectors of all spikes, are projected out. An outlier exceeds this edge by 1 % (at
    widths below 600 by 6 / width), and more than 0.2 of its left vector lies in the span of the powers, less
    what a vector on the same rows has there by chance: noise on rows of large |a| is no spike. By interlacing
    there are at most four.

    A swollen bulk hides spikes, and moves those it does not hide. So their strengths are estimated as well,
    within the span of the powers and with the rows' noise taken off (`giantstep.training.spike_strengths`):
    these compare with ``strength`` of `giantstep.predict.outliers`, and their count with its
    ``outlier_count``.

    Parameters
    ----------
    first_layers : array, shape (step, width, dimension) or (replicate, step, width, dimension)
        Rows are neurons; a single matrix of shape (width, dimension) will do. Both sizes at least 4.
    readout : array, shape (width,) or (replicate, width)
        The readout the steps were taken with. Its scale does not matter.
    teacher : array, shape (rank, dimension), optional
        The target's directions, orthonormal rows; adds ``target_alignment``.
    shown : int
        How many singular values to return.

    Returns
    -------
    xarray.Dataset
        Over (replicate, step) ``outlier_count``, ``edge``, ``spike_count`` (strengths that would leave an
        initial bulk of rows of norm 1, seen or hidden); over (replicate, step, spike) ``strength``; over
        (replicate, step, outlier), largest first: ``singular_value``, ``present`` (whether it counts),
        ``in_span`` (how much of its left vector lies in the span of a .. a^4: spikes have above 0.5 or so,
        the bulk below 0.2 unless it sits on few rows) and
        ``target_alignment`` (squared norm of its right vector inside the teacher's span).

    Raises
    ------
    SpecError
        For shapes that do not fit, sizes below 4, numbers that are not finite.

    References
    ----------
    Theory note 40, section B.7.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> a = rng.standard_normal(300)
    >>> layer = rng.standard_normal((300, 200)) / 200**0.5
    >>> layer[:, 0] += 0.2 * a  # a spike of strength 0.2 |a| = 3.5
    >>> found = measure_outliers(layer, a, teacher=np.eye(200)[:1])
    >>> found.outlier_count.values.tolist(), bool(found.target_alignment[0, 0, 0] > 0.8)
    ([[1]], True)
    >>> found.strength.values[0, 0].round(1).tolist()
    [3.5, 0.4, 0.3, 0.0]
    """
    layers, a = real_array("first_layers", first_layers), real_array("readout", readout)
    axes = None if teacher is None else real_array("teacher", teacher)
    layers = layers[(None,) * max(0, 4 - layers.ndim)] if layers.ndim > 1 else layers
    replicates, steps, width, dimension = layers.shape if layers.ndim == 4 else (0, 0, 0, 0)
    if not replicates or not steps:
        raise SpecError(
            f"first_layers: found shape {np.shape(first_layers)}, expected ([[replicate,] step,] width, "
            "dimension)."
        )
    check_sizes(width, dimension)
    if a.shape not in ((width,), (replicates, width)):
        raise SpecError(f"readout: found shape {a.shape}, expected ({width},), one number a neuron.")
    if not (np.isfinite(layers).all() and np.isfinite(a).all() and a.any(axis=-1).all()):
        raise SpecError("measure_outliers: found numbers that are not finite, or a readout of zeros.")
    if axes is not None and not _orthonormal(axes, dimension):
        raise SpecError(
            f"teacher: found shape {axes.shape}, expected orthonormal rows of length {dimension}."
        )
    if isinstance(shown, bool) or not isinstance(shown, int) or not 1 <= shown <= 100:
        raise SpecError(f"shown: found {shown!r}, expected a whole number from 1 to 100.")
    readouts = np.broadcast_to(a, (replicates, width))
    with one_blas_thread():
        found = [
            [top_spectrum(layer, one, shown) for layer in run]
            for run, one in zip(layers, readouts, strict=True)
        ]
    strengths = np.array([[one.spikes.values for one in run] for run in found])
    dataset = labelled(found, axes).assign_attrs(engine="measured", dimension=dimension, width=width)
    return dataset.assign(strength=(("replicate", "step", "spike"), strengths))


def among_all(present: Any, count: int) -> NDArray[np.bool_]:
    """Return which of all singular values, largest first, are the outliers that were counted.

    Parameters
    ----------
    present : array, shape (..., shown)
        Of the largest singular values, as `measure_outliers` has them.
    count : int
        How many singular values there are.

    Examples
    --------
    >>> among_all([True, False, True], 5).tolist()
    [True, False, True, False, False]
    """
    known = np.asarray(present).astype(bool)[..., :count]
    every = np.zeros((*known.shape[:-1], count), dtype=bool)
    every[..., : known.shape[-1]] = known
    return every


def check_sizes(width: int, dimension: int) -> None:
    """Raise `SpecError` where width or dimension is too small for a bulk."""
    for name, value in (("width", width), ("dimension", dimension)):
        if value < FEWEST:
            raise SpecError(
                f"{name}: found {value}, expected at least {FEWEST}: a bulk and its outliers need room."
            )


def labelled(found: list[list[TopSpectrum]], teacher: Array | None) -> xr.Dataset:
    """Return top spectra over (replicate, step) as a Dataset."""
    import xarray as xr

    def grid(read: Any) -> NDArray[Any]:
        return np.array([[read(one) for one in run] for run in found])

    dims = ("replicate", "step", "outlier")
    values = grid(lambda one: one.singular_values)
    variables: dict[str, Any] = {
        "outlier_count": (dims[:2], grid(lambda one: one.count)),
        "spike_count": (dims[:2], grid(lambda one: one.spikes.count)),
        "edge": (dims[:2], grid(lambda one: one.edge)),
        "singular_value": (dims, values),
        "present": (dims, grid(lambda one: one.outside)),
        "in_span": (dims, grid(lambda one: one.in_span)),
    }
    if teacher is not None:
        variables["target_alignment"] = (dims, grid(lambda one: ((teacher @ one.right) ** 2).sum(0)))
    coordinates = {name: np.arange(size) for name, size in zip(dims, values.shape, strict=True)}
    return xr.Dataset(variables, coordinates)


def _orthonormal(rows: Array, dimension: int) -> bool:
    fits = rows.ndim == 2 and rows.shape[1] == dimension
    return fits and np.allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-6)
