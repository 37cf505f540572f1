"""Learning curves of features after giant steps, at any penalties: both theories, regressions, z-scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import flag, instance, whole_number
from giantstep.streams import Streams
from giantstep.studies.deep_walk import COMPARED, DeepWalk, house_ridges, measurements, scores_of
from giantstep.studies.paired_scores import paired_score
from giantstep.studies.trained_walk import (
    THEORIES,
    TrainedSetting,
    measured_errors,
    spike_doubts,
    trained_layer,
)
from giantstep.threads import check_threads, ordered_map

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

DIVERGED = "diverged"
REMEDY = "the giant steps diverged. Take a smaller learning rate."


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """One replicate: Datasets of the two theories, the spike, and measured errors of the theories' shape."""

    plug_in: xr.Dataset
    linearised: xr.Dataset
    spike: float
    test_error: Array
    train_error: Array


def trained_curve(
    setting: TrainedSetting,
    *,
    ridge: Any = None,
    penalty: Any = None,
    seeds: int = 4,
    seed: int = 0,
    threads: int | None = None,
    measure: bool = True,
    on_progress: Callable[[int], None] = lambda done: None,
) -> DeepWalk:
    """Train networks, predict the learning curve of ridge on each one's features, and measure it.

    Parameters
    ----------
    setting : TrainedSetting
        Its penalty is not looked at.
    ridge, penalty
        As `predict.ridge_curve`; > 0 where it is measured.
    seeds, seed, threads : int
    measure : bool
        Whether regressions are run; without, the theory alone.

    Returns
    -------
    DeepWalk
        Of the plug-in theory. ``theory`` also has ``linearised_test_error`` and ``linearised_train_error``,
        and ``spike`` over replicate; ``scores`` also ``linearised_<error>_z``. NaN and status ``diverged``
        where the steps of a replicate diverged.

    Raises
    ------
    SpecError, CapabilityError
        For numbers out of range, and activations that are not odd.

    References
    ----------
    Theory note 50, S5.4; arXiv 2402.13999.

    Examples
    --------
    >>> from giantstep import Network, Protocol, Target
    >>> network = Network(40, "tanh", readout="gaussian", readout_scale="1/sqrt(p)", symmetric=False)
    >>> protocol = Protocol.repeat(1, batch="2d", learning_rate="3*sqrt(p)")
    >>> setting = TrainedSetting(Target.parse("tanh(2*z1)"), network, protocol, 40, (20, 80))
    >>> found = trained_curve(setting, ridge=[0.01, 0.1], seeds=2)
    >>> found.scores.test_error_z.dims, float(found.theory.spike.max()) < 5
    (('ridge', 'samples'), True)
    """
    from giantstep.asymptotics.deep_features.covariance import check_odd
    from giantstep.asymptotics.deep_features.curve import labelled
    from giantstep.asymptotics.deep_features.ridge_theory import RidgeTheory

    instance("setting", setting, TrainedSetting)
    seeds = whole_number("seeds", seeds, 1, 10**6)
    flag("measure", measure)
    check_odd(setting.network.activation)
    width, samples = setting.network.width, setting.samples
    words = {"samples": list(samples), "ridge": ridge, "penalty": penalty, "noise": setting.target.noise}
    blank = labelled(RidgeTheory.of(np.ones(width), np.zeros(width), 0.0), **words)
    unknown = np.full(blank["test_error"].shape, np.nan)
    numbers = [str(name) for name, values in blank.data_vars.items() if values.dtype == np.float64]
    gone = blank.assign({name: blank[name] * np.nan for name in numbers})
    gone["status"], gone["message"] = (
        (blank[name].dims, np.full(unknown.shape, word))
        for name, word in (("status", DIVERGED), ("message", REMEDY))
    )

    def one(replicate: int) -> _Run:
        layer = trained_layer(setting, Streams(seed, replicate))
        if layer is None:
            return _Run(gone, gone, np.nan, unknown, unknown)
        plug_in, linearised = (labelled(layer.theories[name], **words) for name in THEORIES)
        errors = measured_errors(layer, samples, house_ridges(blank)) if measure else None
        test, train = (unknown, unknown) if errors is None else errors
        return _Run(plug_in, linearised, layer.spike, test, train)

    runs: list[_Run] = []
    for run in ordered_map(one, range(seeds), check_threads(threads)):
        runs.append(run)
        on_progress(1)
    theory = _means(runs)
    data = measurements(theory, runs if measure else [], seed)
    scores = scores_of(theory, data)
    for name in COMPARED if measure else ():
        z = paired_score(data[name].values, theory[f"linearised_{name}_networks"].values).z
        scores[f"linearised_{name}_z"] = (theory[name].dims, z)
    return DeepWalk(theory, data, scores)


def _means(runs: Sequence[_Run]) -> xr.Dataset:
    """Return the plug-in theory, mean over replicates, the linearised errors, and each replicate's own."""
    worst = next((run for run in runs if (run.plug_in["status"] == DIVERGED).any()), runs[0])
    theory = worst.plug_in.copy(deep=True)
    dims = theory["test_error"].dims
    for name in ("test_error", "test_error_clean", "train_error", "nu", "gamma", "residual"):
        theory[name] = (dims, np.mean([run.plug_in[name].values for run in runs], axis=0))
    for kind, prefix in zip(THEORIES, ("", "linearised_"), strict=True):
        for name in COMPARED:
            every = np.array([getattr(run, kind)[name].values for run in runs])
            theory[f"{prefix}{name}"] = (dims, every.mean(0))
            theory[f"{prefix}{name}_networks"] = (("replicate", *dims), every)
    theory["spike"] = ("replicate", [run.spike for run in runs])
    doubts = spike_doubts(float(theory["spike"].mean()))
    return theory.assign_attrs(source="trained features", warnings=json.dumps(doubts))
