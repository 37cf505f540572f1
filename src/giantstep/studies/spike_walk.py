"""Feature spikes walked: theory with and without the variance term, and the same step simulated beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.spectra.reading import bounded
from giantstep.networks import Activation, Network
from giantstep.significance import equivalent_z
from giantstep.streams import Streams
from giantstep.targets import Target
from giantstep.threads import check_threads
from giantstep.training.choice import Cost
from giantstep.training.feature_experiment import FeatureExpansion, FeatureExperiment
from giantstep.training.feature_spectrum import feature_replicate

if TYPE_CHECKING:
    import xarray as xr

FORMS = ("full", "leading")
SPIKES = ("singular_value", "left_alignment", "right_alignment")
"""Measured of each spike, over (features, spike_order)."""
GAINS = ("train_improvement", "test_improvement")
"""Measured of each kind of features."""
PREDICTED = {
    "network": ("full", 2),
    "spike_1": ("full", 1),
    "spikes_leading": ("leading", 2),
    "spikes": ("full", 2),
}
"""Features -> form of the theory and highest order inside it."""


@dataclass(frozen=True, slots=True)
class SpikeSetting:
    """One experiment: one step, and a ridge regression on the features.

    Attributes
    ----------
    target : Target
    activation : str or Activation
    readout : str
    dimension : int
    sample_ratio, first_batch_ratio, width_ratio, ridge : float
        As for `predict.spikes`.
    step_exponent, learning_rate : float or None
        One of them.
    step_constant : float
    intercept : bool
    """

    target: Target
    activation: str | Activation
    dimension: int
    sample_ratio: float
    width_ratio: float
    ridge: float
    first_batch_ratio: float | None = None
    step_exponent: float | None = None
    step_constant: float = 1.0
    learning_rate: float | None = None
    readout: str = "gaussian"
    intercept: bool = False

    @property
    def network(self) -> Network:
        width = max(1, round(bounded("width_ratio", self.width_ratio) * self.dimension))
        return Network(width, self.activation, readout=self.readout, symmetric=False)  # type: ignore[arg-type]

    @property
    def samples(self) -> int:
        """n of the regression."""
        return max(1, round(self.sample_ratio * self.dimension))

    @property
    def first_batch(self) -> int:
        """n0 of the step."""
        ratio = self.sample_ratio if self.first_batch_ratio is None else self.first_batch_ratio
        return max(1, round(ratio * self.dimension))

    def predicted(self, form: str = "full", *, exponents: Any = None, rates: Any = None) -> xr.Dataset:
        """Return the theory; along exponents or learning rates of one's own where they are given."""
        from giantstep.asymptotics import spikes

        own = exponents is None and rates is None
        return spikes(
            self.target,
            self.network,
            dimension=self.dimension,
            sample_ratio=self.sample_ratio,
            first_batch_ratio=self.first_batch_ratio,
            step_exponent=self.step_exponent if own else exponents,
            step_constant=self.step_constant,
            learning_rate=self.learning_rate if own else rates,
            ridge=self.ridge,
            form=form,
            intercept=self.intercept,
        )

    def experiment(self, expansion: FeatureExpansion, learning_rate: float) -> FeatureExperiment:
        """Return what is simulated, at a learning rate."""
        return FeatureExperiment(
            self.target,
            self.network,
            expansion,
            self.dimension,
            self.samples,
            self.first_batch,
            learning_rate,
            self.ridge,
            self.intercept,
        )

    def cost(self, seeds: int = 1) -> Cost:
        """Return what the simulation will take; its size does not depend on the step's."""
        one = self.experiment(FeatureExpansion(0.0, 0.0, 1.0, 0.0, 0.0), 1.0).cost
        return Cost(seeds * one.seconds, one.memory)


def simulated_replicate(setting: SpikeSetting, streams: Streams, threads: int | None = None) -> xr.Dataset:
    """Return one replicate of `giantstep.training.feature_spectrum.simulate_features` at a setting."""
    theory, rate = setting.predicted(), setting.learning_rate
    experiment = setting.experiment(
        FeatureExpansion.of(theory), float(theory.learning_rate) if rate is None else rate
    )
    return feature_replicate(experiment, streams, threads)


def spike_walk(
    setting: SpikeSetting,
    *,
    seeds: int = 4,
    seed: int = 0,
    threads: int | None = None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> tuple[xr.Dataset, xr.Dataset]:
    """Simulate a setting and lay both forms of the theory beside it.

    Returns
    -------
    tuple of xarray.Dataset
        The replicates, and what `spike_scores` makes of them.

    Examples
    --------
    >>> setting = SpikeSetting(Target.parse("z1"), "He1+0.5*He2", 60, 2.0, 1.4, 0.7, step_exponent=0.3)
    >>> _, scores = spike_walk(setting, seeds=2)
    >>> scores.singular_value_z.dims, scores.test_improvement_z.dims
    (('features', 'spike_order'), ('features',))
    """
    import xarray as xr

    workers, runs = check_threads(threads), []
    for replicate in range(seeds):
        runs.append(simulated_replicate(setting, Streams(seed, replicate), workers))
        on_progress(1)
    data = xr.concat(
        runs, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )
    return data, spike_scores(data, {form: setting.predicted(form) for form in FORMS})


def spike_scores(data: xr.Dataset, theories: dict[str, xr.Dataset]) -> xr.Dataset:
    """Return means over replicates, standard errors, predictions and z-scores, as normal as few seeds allow.

    Each kind of features has the theory of `PREDICTED`: the surrogate without the variance term that without
    it. A spike that theory leaves in the bulk has no z-score.

    Returns
    -------
    xarray.Dataset
        ``<name>``, ``<name>_se``, ``<name>_predicted``, ``<name>_z`` for `SPIKES` over (features,
        spike_order) and `GAINS` over features; also for ``initial_train_loss`` and ``initial_test_error``.
        The attribute ``messages`` says what went wrong in any replicate.
    """
    import xarray as xr

    variables: dict[str, Any] = {}

    def put(name: str, dims: tuple[str, ...], expected: Any) -> None:
        # Replicates that left the finite numbers are NaN and not counted.
        count = data[name].count("replicate").values
        mean = data[name].mean("replicate").values
        error = np.full_like(mean, np.nan)
        if count.max() > 1:
            error = data[name].std("replicate", ddof=1).values / np.sqrt(np.maximum(count, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            z = equivalent_z((mean - expected) / error, count - 1)
        variables[name], variables[f"{name}_se"] = (dims, mean), (dims, error)
        variables[f"{name}_predicted"], variables[f"{name}_z"] = (dims, expected), (dims, z)

    kinds = [str(kind) for kind in data["features"].values]
    for name in SPIKES:
        rows = []
        for kind in kinds:
            form, highest = PREDICTED[kind]
            theory = theories[form]
            seen = (theory["spike_status"] == "outlier") & (theory["spike_order"] <= highest)
            rows.append(theory[name].where(seen).values)
        put(name, ("features", "spike_order"), np.array(rows))
    for name in GAINS:
        expected = [
            float(theories[form][name].sel(spike_order=highest))
            for form, highest in (PREDICTED[kind] for kind in kinds)
        ]
        put(name, ("features",), np.array(expected))
    for name in ("initial_train_loss", "initial_test_error"):
        put(name, (), np.float64(theories["full"][name]))
    said = sorted({str(message) for message in data["message"].values} - {""})
    return xr.Dataset(
        variables, {"features": kinds, "spike_order": data["spike_order"].values}, {"messages": said}
    )
