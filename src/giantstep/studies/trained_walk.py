"""Features after giant steps, walked: plug-in and linearised theory of each trained layer, and regressions.

The plug-in takes covariance and moments from fresh samples of the trained features; the linearised theory
takes the layer's order parameters alone, and fails once the step's spike is long (theory note 50, S5.4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import instance, real_number, whole_number, whole_numbers
from giantstep.networks import Network
from giantstep.networks.ridge import NormalEquations
from giantstep.protocol import Protocol, check_nouns
from giantstep.streams import Role, Streams
from giantstep.studies.paired_scores import paired_score
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread, ordered_map
from giantstep.training.choice import Cost
from giantstep.training.direct import run_direct
from giantstep.training.experiment import COMPLETED, Experiment, chunks
from giantstep.training.generalisation import population_errors
from giantstep.training.local_fields import CHUNK, LocalFields
from giantstep.training.retraining import Retraining, fit_readout

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.asymptotics.deep_features.ridge_theory import RidgeTheory

Array = NDArray[np.float64]

ROWS_A_NEURON = 100
LONG_SPIKE = 5.0
VERY_LONG_SPIKE = 10.0
THEORIES = ("plug_in", "linearised")


@dataclass(frozen=True, slots=True)
class TrainedSetting:
    """A two-layer network, its giant steps, and ridge regressions on its features.

    Attributes
    ----------
    target : Target
    network : Network
        With an odd activation and no bias, for the linearised theory.
    protocol : Protocol
    dimension : int
    samples : tuple of int
    penalty : float
        lam = ridge p / n > 0 of `one_trained` and `trained_walk`.
    """

    target: Target
    network: Network
    protocol: Protocol
    dimension: int
    samples: tuple[int, ...]
    penalty: float = 0.1

    def __post_init__(self) -> None:
        check_nouns(self.target, self.network, self.protocol)
        whole_number("dimension", self.dimension, self.target.rank, 10**9)
        samples = whole_numbers("samples", self.samples, 1, 10**12)
        object.__setattr__(self, "samples", tuple(samples))
        real_number("penalty", self.penalty, "a finite number > 0", lambda number: number > 0)

    def ridges(self) -> list[float]:
        """Return the house ridge of every regression."""
        return [self.penalty * n / self.network.width for n in self.samples]

    def cost(self) -> Cost:
        """Return what one replicate expects: the steps, the plug-in's samples, the regressions."""
        width = self.network.width
        batches = sum(self.protocol.batches(self.dimension, width))
        rows = ROWS_A_NEURON * width + 2 * sum(self.samples) + 2**15
        seconds = 5e-10 * batches * self.dimension * width + 2e-10 * rows * width**2
        return Cost(seconds + 3e-9 * (2 + len(self.samples)) * width**3, 2.0**28 + 100.0 * width**2)


@dataclass(frozen=True, slots=True, eq=False)
class TrainedLayer:
    """A first layer after its giant steps, and what each theory says of ridge on its features.

    Attributes
    ----------
    experiment : Experiment
    fields : LocalFields
        Of the last step.
    spike : float
        Top singular value of the update, read off the layer's Gram matrix.
    theories : dict of str to RidgeTheory
        ``plug_in`` and ``linearised``.
    """

    experiment: Experiment
    fields: LocalFields
    spike: float
    theories: dict[str, RidgeTheory]


def trained_layer(setting: TrainedSetting, streams: Streams, *, threads: int = 1) -> TrainedLayer | None:
    """Return the trained layer of one replicate with both theories, or None where the steps diverged."""
    from giantstep.asymptotics.deep_features.empirical import theory_of_moments
    from giantstep.asymptotics.deep_features.moments import one_layer_theory

    experiment = Experiment(
        setting.target, setting.network, setting.protocol, setting.dimension, streams, threads
    )
    with one_blas_thread():
        trajectory = run_direct(experiment)
        last = trajectory.snapshots[-1]
        fields = LocalFields.of(last, trajectory.biases, len(trajectory.snapshots) - 1)
        if trajectory.status != COMPLETED or fields is None:
            return None
        sums = _moments(experiment, fields)
        rows = sums.samples
        theories = {
            "plug_in": theory_of_moments(sums.gram / rows, sums.moment / rows, sums.energy / rows, rows=rows),
            "linearised": one_layer_theory(
                last.overlaps, last.self_overlaps, setting.network.activation, setting.target
            ),
        }
        spike = spike_length(last.self_overlaps, setting.network.width / setting.dimension)
    return TrainedLayer(experiment, fields, spike, theories)


def measured_errors(layer: TrainedLayer, samples: Sequence[int], ridges: Any) -> tuple[Array, Array] | None:
    """Return test errors with the label noise, and training errors, of regressions on fresh samples.

    Parameters
    ----------
    layer : TrainedLayer
    samples : sequence of int, length n
    ridges : array, shape (k, n)
        House ridges of the regressions at each number of samples, distinct in each column.

    Returns
    -------
    tuple of two arrays of shape (k, n), or None where features overflow
    """
    experiment, penalties = layer.experiment, np.asarray(ridges, dtype=np.float64)
    sizes = {"dimension": experiment.dimension, "width": experiment.network.width}
    train = np.empty(penalties.shape)
    readouts = np.empty((*penalties.shape, sizes["width"]))
    with one_blas_thread():
        for place, n in enumerate(samples):
            retraining = Retraining.parse(penalties[:, place].tolist(), n, **sizes)
            fits = fit_readout(experiment, layer.fields, retraining)
            if fits is None:
                return None
            readouts[:, place], train[:, place] = fits.readouts, fits.training_errors
        flat = readouts.reshape(-1, sizes["width"])
        clean = population_errors(experiment, layer.fields, flat).clean
    return clean.reshape(penalties.shape) + experiment.target.noise, train


def one_trained(setting: TrainedSetting, streams: Streams, *, threads: int = 1) -> dict[str, Any]:
    """Return one replicate: measured errors and both theories at every number of samples, and the spike.

    Returns
    -------
    dict
        ``test_error``, ``train_error``, ``plug_in``, ``plug_in_train``, ``linearised``,
        ``linearised_train``, each of shape (samples,); ``spike``, the top singular value of the update read
        off the layer's Gram matrix. NaN where the steps diverged.
    """
    names = ("test_error", "train_error", *(f"{one}{kind}" for one in THEORIES for kind in ("", "_train")))
    found: dict[str, Any] = {name: np.full(len(setting.samples), np.nan) for name in names}
    found["spike"] = math.nan
    layer = trained_layer(setting, streams, threads=threads)
    if layer is None:
        return found
    found["spike"] = layer.spike
    for name, theory in layer.theories.items():
        errors = theory.at(np.array(setting.samples, float), setting.ridges(), setting.target.noise)
        found[name], found[f"{name}_train"] = errors.test_error, errors.train_error
    measured = measured_errors(layer, setting.samples, [setting.ridges()])
    if measured is not None:
        found["test_error"], found["train_error"] = measured[0][0], measured[1][0]
    return found


def trained_walk(
    setting: TrainedSetting,
    *,
    seeds: int = 6,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Train networks, predict ridge on their features by both theories, and measure it.

    Returns
    -------
    xarray.Dataset
        The arrays of `one_trained` over (replicate, samples), ``spike`` over replicate; ``z_plug_in`` and
        ``z_linearised`` over samples: those of `paired_score`. The attribute
        ``warnings`` says when the spike is too long for the linearised theory.

    Examples
    --------
    >>> words = {"readout": "gaussian", "readout_scale": "1/sqrt(p)", "symmetric": False, "rows": "gaussian"}
    >>> network = Network(60, "tanh", **words)
    >>> protocol = Protocol.repeat(1, batch="2d", learning_rate="3*sqrt(p)")
    >>> setting = TrainedSetting(Target.parse("tanh(2*z1)"), network, protocol, 60, (30, 120), 0.1)
    >>> found = trained_walk(setting, seeds=3)
    >>> found.test_error.dims, sorted(found.data_vars)[-2:]
    (('replicate', 'samples'), ['z_linearised', 'z_plug_in'])
    """
    import json

    import xarray as xr

    instance("setting", setting, TrainedSetting)
    seeds = whole_number("seeds", seeds, 1, 10**6)
    rows = list(
        _with_progress(
            ordered_map(
                lambda k: one_trained(setting, Streams(seed, k)), range(seeds), check_threads(threads)
            ),
            on_progress,
        )
    )
    dims = ("replicate", "samples")
    data = xr.Dataset(
        {
            name: (dims[: np.ndim(rows[0][name]) + 1], np.array([row[name] for row in rows]))
            for name in rows[0]
        },
        {"replicate": np.arange(seeds), "samples": list(setting.samples)},
    )
    for name in THEORIES:
        z = paired_score(data["test_error"].values, data[name].values).z
        data[f"z_{name}"] = ("samples", z)
    warnings = json.dumps(spike_doubts(float(data["spike"].mean())))
    return data.assign_attrs(engine="direct", seed=str(seed), warnings=warnings)


def spike_doubts(spike: float) -> list[str]:
    """Return what a spike of this length does to the two theories, each with its remedy.

    >>> spike_doubts(2.0), len(spike_doubts(6.0)), len(spike_doubts(17.0))
    ([], 1, 2)
    """
    if not spike > LONG_SPIKE:
        return []
    found = [f"spike: {spike:.2g}, too long for the linearised theory. Trust the plug-in."]
    if spike > VERY_LONG_SPIKE:
        found.append(
            "plug-in: given their part along so long a spike the features are no longer as if Gaussian; the "
            "theory was 2 % too low at a spike of 17 (measured at d = p = 100, 200). Trust what is measured."
        )
    return found


def spike_length(gram: Array, width_ratio: float) -> float:
    """Return the spike s of W = noise + rank one from the top eigenvalue of W W^T; 0 inside the bulk.

    The top eigenvalue is s^2 + 1 + g + g / s^2 at p/d = g (Baik, Ben Arous and Peche), for an update that is
    independent of the start.

    >>> round(spike_length(np.diag([0.2, 27.04]), 1.0), 3)
    5.0
    """
    top = float(np.linalg.eigvalsh(gram)[-1])
    excess = top - 1.0 - width_ratio
    inner = excess**2 - 4 * width_ratio
    return math.sqrt(0.5 * (excess + math.sqrt(inner))) if excess > 0 and inner > 0 else 0.0


def _moments(experiment: Experiment, fields: LocalFields) -> NormalEquations:
    # The direct engine draws no off-axis part, so this role's addresses are free.
    sums = NormalEquations.empty(fields.width)
    for chunk, size in chunks(ROWS_A_NEURON * fields.width, CHUNK):
        for features, y in fields.blocks(experiment, Role.OFF_AXIS, chunk, size, noisy=False):
            sums.add(features, y)
    return sums


def _with_progress(items: Any, on_progress: Callable[[int], None]) -> Any:
    for item in items:
        yield item
        on_progress(1)


def whole_samples(ratios: Sequence[float], width: int) -> tuple[int, ...]:
    """Return n = ratio * p as whole numbers.

    >>> whole_samples([0.5, 2.0], 30)
    (15, 60)
    """
    return tuple(max(1, round(ratio * width)) for ratio in ratios)
