"""`simulate_outliers`: the weights after giant steps by the direct engine, and the outliers they show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, whole_number
from giantstep.networks import Network
from giantstep.protocol import Protocol, check_nouns
from giantstep.streams import Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.choice import Cost, check_memory, choose
from giantstep.training.direct import direct_layers
from giantstep.training.experiment import COMPLETED, NONFINITE, Experiment, diverged, ignore_progress
from giantstep.training.measurement import real_array
from giantstep.training.outlier_count import check_sizes, labelled
from giantstep.training.simulation import check_dimension
from giantstep.training.spectrum import TopSpectrum, top_spectrum
from giantstep.training.spike_strengths import SpikeStrengths

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

MATCHED = ("singular_value", "left_alignment", "right_alignment", "target_alignment", "visible", "strength")
"""What is measured of each predicted spike; the Dataset has them with the prefix ``spike_``."""


def simulate_outliers(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    seeds: int = 1,
    seed: int = 0,
    spikes: Any = None,
    spectrum: bool = False,
    threads: int | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
) -> xr.Dataset:
    """Take the steps with whole inputs and measure the outliers of the first layer after each of them.

    Parameters
    ----------
    target, network, protocol, dimension, seeds, seed, threads, on_progress
        As for `giantstep.simulate`; the direct engine is used, for the weights themselves are wanted.
    spikes : array, shape (spike, power), optional
        Left vectors that theory expects after the last step, as combinations of a, a^2, .. (a of scale 1):
        ``left_coefficients`` of `giantstep.predict.outliers`. Each is looked for among the singular vectors:
        matched by alignment, not by rank, for the order at finite width need not be that of the theory.
    spectrum : bool
        Whether to return all singular values after the last step, for a histogram.

    Returns
    -------
    xarray.Dataset
        What `giantstep.measure_outliers` returns, over (replicate, step, outlier), and ``status``,
        ``message`` over replicate. With ``spikes``, over (replicate, spike): ``spike_singular_value``,
        ``spike_left_alignment`` (squared cosine of its left vector with the expected one),
        ``spike_right_alignment`` (of its right vector with what the steps put along that left vector) and
        ``spike_target_alignment``; ``spike_visible``: whether it counts as an outlier; ``spike_strength``,
        which the bulk does not move. With ``spectrum``: ``spectrum`` over (replicate, singular_value_rank).

    Raises
    ------
    SpecError, CapabilityError
        As `giantstep.simulate`; and for width or dimension below 4.

    Examples
    --------
    >>> from giantstep.protocol import Step
    >>> network = Network(150, "tanh", readout="gaussian", symmetric=False)
    >>> protocol = Protocol((Step(400, 8.0, loss="correlation"),))
    >>> found = simulate_outliers(Target.parse("tanh(z1)"), network, protocol, dimension=100)
    >>> found.outlier_count.values.tolist()
    [[0, 1]]
    """
    import xarray as xr

    check_nouns(target, network, protocol)
    seeds = whole_number("seeds", seeds, 1, 10**6)
    runs = [
        outlier_replicate(
            target,
            network,
            protocol,
            dimension=dimension,
            streams=Streams(seed, replicate),
            spikes=spikes,
            spectrum=spectrum,
            threads=threads,
            on_progress=on_progress,
        )
        for replicate in range(seeds)
    ]
    return xr.concat(
        runs, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )


def outlier_replicate(
    target: Target,
    network: Network,
    protocol: Protocol,
    *,
    dimension: int,
    streams: Streams,
    spikes: Any = None,
    spectrum: bool = False,
    threads: int | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
) -> xr.Dataset:
    """Simulate one replicate; `simulate_outliers` with its random streams given by address."""
    check_dimension(dimension, target.rank)
    check_sizes(network.width, dimension)
    experiment = Experiment(
        target, network, protocol, int(dimension), streams, check_threads(threads), on_progress
    )
    check_memory(choose(experiment, "direct"))
    wanted = None if spikes is None else _coefficients(spikes)
    teacher = np.eye(target.rank, dimension)
    with one_blas_thread():
        readout = experiment.draw_readout()
        found, status, message = [], COMPLETED, ""
        start = layer = np.zeros((0, 0))
        for number, (layer, _) in enumerate(direct_layers(experiment)):
            if not np.isfinite(layer).all():
                status, message = NONFINITE, diverged(number)
                break
            start = start if number else layer
            found.append(top_spectrum(layer, readout))
        steps = len(protocol.steps) + 1
        found += [_nothing(found[0])] * (steps - len(found))
        dataset = labelled([found], teacher)
        if wanted is not None:
            lost = status != COMPLETED
            rows = np.full((len(wanted), len(MATCHED)), np.nan)
            if not lost:
                left = spike_vectors(wanted, readout)
                rows = match_spikes(found[-1], left, (layer - start).T @ left, teacher)
            for place, name in enumerate(MATCHED):
                dataset[f"spike_{name}"] = (("replicate", "spike"), rows[None, :, place])
        if spectrum:
            every = np.full(min(layer.shape), np.nan)
            if status == COMPLETED:
                every = np.linalg.svd(layer, compute_uv=False)
            dataset["spectrum"] = (("replicate", "singular_value_rank"), every[None])
    dataset["status"] = ("replicate", np.array([status]))
    dataset["message"] = ("replicate", np.array([message]))
    dataset = dataset.assign_coords(replicate=[streams.replicate])
    return dataset.assign_attrs(
        engine="direct",
        fingerprint=fingerprint(),
        dimension=int(dimension),
        width=network.width,
        seed=str(streams.seed),
    )


def cost(target: Target, network: Network, protocol: Protocol, dimension: int, threads: int = 1) -> Cost:
    """Return what one replicate will take: the steps, and a Gram matrix with Lanczos after each."""
    price = choose(Experiment(target, network, protocol, dimension, threads=threads), "direct").cost
    width, small = network.width, min(network.width, dimension)
    each = width * dimension * small * 4e-11 + small**2 * 4e-7
    spectra = (len(protocol.steps) + 1) * each
    memory = price.memory + 8.0 * (5 * width * dimension + small**2)
    return Cost(price.seconds / threads + spectra, memory)


def spike_vectors(coefficients: Array, readout: Array) -> Array:
    """Return unit left vectors, shape (width, spike), as combinations of the powers of a readout.

    >>> spike_vectors(np.array([[1.0, 0.0]]), np.array([3.0, 4.0])).ravel().tolist()
    [0.6, 0.8]
    """
    powers = np.stack([readout ** (k + 1) for k in range(coefficients.shape[1])], axis=1)
    vectors = powers @ coefficients.T
    lengths = np.linalg.norm(vectors, axis=0)
    unit: Array = vectors / np.where(lengths > 0, lengths, 1.0)
    return unit


def _coefficients(spikes: Any) -> Array:
    """Return the combinations of powers that are asked for, shape (spike, power)."""
    wanted = np.atleast_2d(real_array("spikes", spikes))
    if wanted.ndim > 2 or not np.isfinite(wanted).all():
        raise SpecError(
            f"spikes: found shape {wanted.shape}, expected finite numbers of shape (spike, power), such as "
            "left_coefficients of predict.outliers."
        )
    return wanted


def match_spikes(found: TopSpectrum, left: Array, right: Array, teacher: Array) -> Array:
    """Return the rows of `MATCHED`, shape (spike, quantity), each spike with its own singular value.

    The pairing maximises the sum of the squared cosines of left vectors; a spike is never given a singular
    value by its rank alone.
    """
    from scipy.optimize import linear_sum_assignment

    cosines = (found.left.T @ left) ** 2
    places, spikes = linear_sum_assignment(-cosines)
    lengths = np.linalg.norm(right, axis=0)
    along = (found.right.T @ (right / np.where(lengths > 0, lengths, 1.0))) ** 2
    inside = ((teacher @ found.right) ** 2).sum(0)
    rows = np.full((left.shape[1], len(MATCHED)), np.nan)
    values, outside = found.singular_values[places], found.outside[places]
    columns = [values, cosines[places, spikes], along[places, spikes], inside[places], outside]
    rows[spikes, :-1] = np.stack(columns, axis=1)
    # Strengths have left vectors of their own, free of the bulk.
    places, spikes = linear_sum_assignment(-((found.spikes.left.T @ left) ** 2))
    rows[spikes, -1] = found.spikes.values[places]
    return rows


def _nothing(like: TopSpectrum) -> TopSpectrum:
    """The spectrum of a layer that is not finite."""
    gone = {name: np.full_like(getattr(like, name), np.nan) for name in ("singular_values", "left", "right")}
    span = np.full_like(like.in_span, np.nan)
    spikes = SpikeStrengths(np.full_like(like.spikes.values, np.nan), like.spikes.left, 0)
    return TopSpectrum(
        **gone, in_span=span, edge=float("nan"), outside=np.zeros(span.shape, dtype=bool), spikes=spikes
    )
