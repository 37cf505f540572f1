"""`simulate_features`: features after one giant step by the direct engine - spectrum, losses, surrogates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from giantstep.errors import SpecError
from giantstep.gaussian.normals import draw_normals
from giantstep.networks import Network
from giantstep.streams import Role, Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.choice import Choice, check_memory
from giantstep.training.direct import direct_layers, linear_trend
from giantstep.training.experiment import (
    COMPLETED,
    NONFINITE,
    Array64,
    Experiment,
    chunks,
    diverged,
    ignore_progress,
    labels,
    noise_stream,
    single,
)
from giantstep.training.feature_experiment import FeatureExpansion, FeatureExperiment
from giantstep.training.feature_measurement import labelled, measure_features, nothing_measured
from giantstep.training.feature_moments import FeatureMoments
from giantstep.training.local_fields import NOISE_STEP

if TYPE_CHECKING:
    import xarray as xr

CHUNK = 1024
"""Fresh samples with one stream address; part of the stream, never a function of memory or threads."""


def simulate_features(
    target: Target,
    network: Network,
    expansion: FeatureExpansion,
    *,
    dimension: int,
    samples: int,
    first_batch: int,
    learning_rate: float,
    ridge: float,
    intercept: bool = False,
    test_samples: int | None = None,
    seeds: int = 1,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Callable[[int], None] = ignore_progress,
) -> xr.Dataset:
    """Take one step on labels alone, and regress fresh labels on the features before and after it.

    Every replicate draws one first layer, one gradient and one fresh sample; the initial features, those
    after the step and the surrogates see the same, so that improvements are paired.

    Parameters
    ----------
    target : Target
        Of rank 1.
    network : Network
        ``symmetric=False``; readout scale 1 for the theory to apply.
    expansion : FeatureExpansion
        From `giantstep.predict.spikes`.
    dimension, samples, first_batch : int
        d, n of the regression, n0 of the step.
    learning_rate : float
    ridge : float
        House penalty; the note's lam is ridge p / n.
    intercept : bool
        Whether the training means of features and labels are taken off.
    test_samples : int, optional
        Fresh samples of the test error; max(2 n, 4096) by default.
    seeds, seed, threads
        As for `giantstep.simulate`.

    Returns
    -------
    xarray.Dataset
        Over replicate, features and, for the spikes, spike_order: ``singular_value`` (divided by sqrt n),
        ``left_alignment`` (cos^2 with L_k), ``left_alignment_leading`` (with kappa^k), ``right_alignment``
        (with a^{ok}), each spike matched by left alignment and not by rank; ``rank`` it was found at, from 1;
        ``top_singular_value`` over singular_value_rank; ``train_loss``, ``test_error``,
        ``train_improvement``, ``test_improvement``; ``initial_train_loss``, ``initial_test_error``,
        ``initial_edge`` (largest singular value of F0), ``status``, ``message`` over replicate.

    Raises
    ------
    SpecError, CapabilityError
        As `giantstep.simulate`.

    Examples
    --------
    >>> network = Network(70, "He1 + 0.5*He2", readout="gaussian", symmetric=False)
    >>> found = simulate_features(
    ...     Target.parse("z1"), network, FeatureExpansion(0.0, 0.0, 1.0, 0.5, 0.5), dimension=50, samples=100,
    ...     first_batch=100, learning_rate=4.0, ridge=1.0, seeds=2)
    >>> bool((found.singular_value.sel(features="network", spike_order=1) > found.initial_edge).all())
    True
    """
    import xarray as xr

    if isinstance(seeds, bool) or not isinstance(seeds, int | np.integer) or not 1 <= seeds <= 10**6:
        raise SpecError(f"seeds: found {seeds!r}, expected a whole number from 1 to 10^6.")
    one = FeatureExperiment(
        target,
        network,
        expansion,
        dimension,
        samples,
        first_batch,
        learning_rate,
        ridge,
        intercept,
        test_samples,
    )
    runs = []
    for replicate in range(seeds):
        runs.append(feature_replicate(one, Streams(seed, replicate), threads))
        on_progress(1)
    return xr.concat(
        runs, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )


def feature_replicate(one: FeatureExperiment, streams: Streams, threads: int | None = None) -> xr.Dataset:
    """Simulate one replicate; `simulate_features` with its random streams given by address."""
    check_memory(Choice("direct", "", one.cost))
    experiment = Experiment(
        one.centred, one.network, one.protocol, int(one.dimension), streams, check_threads(threads)
    )
    status, message, measured = COMPLETED, "", nothing_measured()
    with one_blas_thread():
        start, layer = (found for found, _ in direct_layers(experiment))
        direction = linear_trend(experiment, 1)[1]
        drawn = [
            _moments(experiment, (start, layer), direction, one.expansion.feature_mean, role, size)
            for role, size in ((Role.READOUT, one.samples), (Role.TEST, one.tested))
        ]
        if all(np.isfinite(sums.gram).all() for pair in drawn for sums in pair):
            readout = experiment.draw_readout() / math.sqrt(one.network.width)
            measured = measure_features(one, drawn, readout)
        else:
            status, message = NONFINITE, diverged(1)
    return labelled(measured, status, message, streams).assign_attrs(
        engine="direct",
        fingerprint=fingerprint(),
        dimension=int(one.dimension),
        width=one.network.width,
        samples=int(one.samples),
        first_batch=int(one.first_batch),
        test_samples=int(one.tested),
        learning_rate=float(one.learning_rate),
        seed=str(streams.seed),
    )


def _moments(
    experiment: Experiment,
    layers: tuple[Array64, Array64],
    direction: Array64,
    mean: float,
    role: Role,
    size: int,
) -> tuple[FeatureMoments, FeatureMoments]:
    """Return the moments of the features before and after the step over the same fresh samples."""
    weights = [single(layer) for layer in layers]
    sums = FeatureMoments.empty(len(weights[0])), FeatureMoments.empty(len(weights[0]))
    along = single(direction)
    for chunk, count in chunks(size, CHUNK):
        generator = experiment.streams.generator(role, 1, chunk)
        inputs = draw_normals(generator, count, experiment.dimension)
        noise = noise_stream(experiment, NOISE_STEP + 1, chunk) if role is Role.READOUT else None
        y = labels(experiment.target, inputs[:, : experiment.target.rank].T, noise)
        kappa = (inputs @ along).astype(np.float64)
        probes = np.stack([y.astype(np.float64), np.ones(count), kappa, kappa * kappa])
        with np.errstate(over="ignore", invalid="ignore"):
            for layer, total in zip(weights, sums, strict=True):
                features = np.asarray(experiment.network.activation.value(layer @ inputs.T))
                total.add(features.astype(np.float64) - mean, probes)
    return sums
