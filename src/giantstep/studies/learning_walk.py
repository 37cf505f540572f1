"""A learning curve walked: theory and the same protocol simulated, with paired seeds and z-scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.networks import Activation, Network
from giantstep.protocol import Protocol
from giantstep.streams import Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.choice import Cost, choose
from giantstep.training.direct import Arrays, run_direct
from giantstep.training.experiment import COMPLETED, Experiment
from giantstep.training.generalisation import population_errors
from giantstep.training.local_fields import LocalFields
from giantstep.training.retraining import Retraining, fit_readout

if TYPE_CHECKING:
    import xarray as xr

THEORIES = ("isotropic", "structured")
COMPARED = ("test_error", "train_error")


@dataclass(frozen=True, slots=True)
class CurveSetting:
    """One step from the readout 1/sqrt(p), and a ridge regression at several sample ratios.

    Attributes
    ----------
    target : Target
        Of rank 1.
    activation : str or Activation
    learning_rate_ratio, first_batch_ratio, width_ratio, ridge : float
        As for `predict.features`.
    sample_ratios : tuple of float
    """

    target: Target
    activation: str | Activation
    learning_rate_ratio: float
    first_batch_ratio: float
    width_ratio: float
    ridge: float
    sample_ratios: tuple[float, ...]

    def network(self, dimension: int) -> Network:
        """Return the network at a dimension."""
        return Network(
            max(1, round(self.width_ratio * dimension)),
            self.activation,  # type: ignore[arg-type]
            readout="constant",
            readout_scale="1/sqrt(p)",  # type: ignore[arg-type]
            symmetric=False,
        )

    def protocol(self, dimension: int) -> Protocol:
        """Return the protocol at a dimension; none without a step."""
        if self.learning_rate_ratio == 0 or self.first_batch_ratio == 0:
            return Protocol(())
        batch = max(1, round(self.first_batch_ratio * dimension))
        rate = self.learning_rate_ratio * self.network(dimension).width
        return Protocol.repeat(1, batch=batch, learning_rate=rate)

    def samples(self, dimension: int) -> list[int]:
        """Return the samples of each regression."""
        return [max(1, round(ratio * dimension)) for ratio in self.sample_ratios]


@dataclass(frozen=True, slots=True)
class LearningWalk:
    """Theory and simulation of one learning curve.

    Attributes
    ----------
    theories : dict
        Name of the theory -> what `predict.features` returns.
    data : xarray.Dataset
        ``test_error``, ``train_error`` and ``q2`` over (replicate, sample_ratio).
    scores : xarray.Dataset
        ``<error>_z`` over (theory, sample_ratio): (mean over seeds - theory) / standard error; ``<error>``
        and ``<error>_se`` over sample_ratio. NaN for a single seed.
    """

    theories: dict[str, xr.Dataset]
    data: xr.Dataset
    scores: xr.Dataset


def learning_walk(
    setting: CurveSetting,
    *,
    dimension: int,
    seeds: int = 6,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> LearningWalk:
    """Predict a learning curve by both theories and simulate it at a finite dimension.

    All sample ratios of a replicate share its step, its samples (a larger regression holds the smaller one's)
    and its test set, so their differences are sharper than their errors.

    Parameters
    ----------
    setting : CurveSetting
    dimension, seeds, seed : int
    threads : int, optional
    on_progress : callable
        Called with 1 after every replicate.

    Examples
    --------
    >>> setting = CurveSetting(Target.parse("sin(z1)"), "tanh", 2.0, 4.0, 0.5, 0.1, (1.0, 2.0))
    >>> walked = learning_walk(setting, dimension=100, seeds=2)
    >>> walked.data.test_error.dims, sorted(walked.theories)
    (('replicate', 'sample_ratio'), ['isotropic', 'structured'])
    """
    theories = {name: _theory(setting, name) for name in THEORIES}
    data = _simulated(setting, dimension, seeds, seed, check_threads(threads), on_progress)
    return LearningWalk(theories, data, _scores(theories, data))


def cost(setting: CurveSetting, dimension: int, seeds: int, threads: int | None = None) -> Cost:
    """Return what the simulation will take."""
    network, protocol = setting.network(dimension), setting.protocol(dimension)
    workers = check_threads(threads)
    experiment = Experiment(setting.target, network, protocol, dimension, Streams(0, 0), workers)
    step = choose(experiment, "direct").cost
    refits = [
        Retraining.parse(setting.ridge, n, dimension=dimension, width=network.width)
        for n in setting.samples(dimension)
    ]
    seconds = step.seconds + sum(refit.cost(experiment).seconds for refit in refits)
    memory = max([step.memory, *(refit.cost(experiment).memory for refit in refits)])
    return Cost(seeds * seconds / workers, memory)


def _theory(setting: CurveSetting, name: str) -> xr.Dataset:
    from giantstep.asymptotics import features

    return features(
        setting.target,
        Activation.named(setting.activation),
        sample_ratio=setting.sample_ratios,
        learning_rate_ratio=setting.learning_rate_ratio,
        first_batch_ratio=setting.first_batch_ratio,
        ridge=setting.ridge,
        width_ratio=setting.width_ratio,
        theory=name,
    )


def _simulated(
    setting: CurveSetting,
    dimension: int,
    seeds: int,
    seed: int,
    threads: int,
    on_progress: Callable[[int], None],
) -> xr.Dataset:
    import xarray as xr

    network, protocol = setting.network(dimension), setting.protocol(dimension)
    names = (*COMPARED, "q2")
    values = {name: np.full((seeds, len(setting.sample_ratios)), np.nan) for name in names}
    with one_blas_thread():
        for replicate in range(seeds):
            streams = Streams(seed, replicate)
            experiment = Experiment(setting.target, network, protocol, dimension, streams, threads)
            row = _replicate(experiment, setting)
            for name in row:
                values[name][replicate] = row[name]
            on_progress(1)
    data = xr.Dataset(
        {name: (("replicate", "sample_ratio"), value) for name, value in values.items()},
        {"replicate": np.arange(seeds), "sample_ratio": list(setting.sample_ratios)},
    )
    data.attrs |= {
        "engine": "direct",
        "dimension": dimension,
        "seed": str(seed),
        "fingerprint": fingerprint(),
    }
    return data


def _replicate(experiment: Experiment, setting: CurveSetting) -> dict[str, Any]:
    """Return one replicate's errors at every sample ratio; nothing where the step overflowed."""
    trajectory = run_direct(experiment, Arrays.on(None))
    if trajectory.status != COMPLETED:
        return {}
    steps = len(trajectory.snapshots) - 1
    fields = LocalFields.of(trajectory.snapshots[-1], trajectory.biases, steps)
    if fields is None:
        return {}
    width, training, readouts = experiment.network.width, [], []
    for samples in setting.samples(experiment.dimension):
        retraining = Retraining.parse(setting.ridge, samples, dimension=experiment.dimension, width=width)
        fits = fit_readout(experiment, fields, retraining)
        if fits is None:
            return {}
        training.append(float(fits.training_errors[0]))
        readouts.append(fits.readouts[0])
    stacked = np.array(readouts)
    errors = population_errors(experiment, fields, stacked)
    return {
        "test_error": errors.clean + experiment.target.noise,
        "train_error": np.array(training),
        "q2": (stacked**2).mean(1),
    }


def _scores(theories: dict[str, xr.Dataset], data: xr.Dataset) -> xr.Dataset:
    import xarray as xr

    variables: dict[str, Any] = {}
    count = data.sizes["replicate"]
    for name in COMPARED:
        mean = data[name].mean("replicate").values
        error = np.full_like(mean, np.nan)
        if count > 1:
            error = data[name].std("replicate", ddof=1).values / np.sqrt(count)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.array([(mean - theory[name].values) / error for theory in theories.values()])
        variables[name], variables[f"{name}_se"] = ("sample_ratio", mean), ("sample_ratio", error)
        variables[f"{name}_z"] = (("theory", "sample_ratio"), z)
    return xr.Dataset(variables, {"theory": list(theories), "sample_ratio": data["sample_ratio"].values})
