"""Deep features walked: the theory of each drawn network, the same regressions measured, and z-scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import instance, whole_number, whole_numbers
from giantstep.networks.deep import DeepNetwork
from giantstep.networks.deep_problem import DeepInstance, DeepProblem
from giantstep.streams import Streams, fingerprint
from giantstep.studies.paired_scores import paired_score
from giantstep.threads import check_threads, ordered_map

if TYPE_CHECKING:
    import xarray as xr

    from giantstep.training.deep_features.ridge_runs import RidgeRuns

Array = NDArray[np.float64]

MOST_SEEDS, MOST_SAMPLES = 10**6, 10**12
COMPARED = ("test_error", "train_error")


@dataclass(frozen=True, slots=True)
class DeepWalk:
    """Theory and measurement of one learning curve.

    Attributes
    ----------
    theory : xarray.Dataset
        Over (ridge or penalty, samples); for drawn networks the mean over them, with ``<error>_networks`` for
        each (leading axis replicate).
    data : xarray.Dataset
        ``test_error``, ``train_error`` over (replicate, ridge or penalty, samples).
    scores : xarray.Dataset
        ``<error>``, ``<error>_se`` and ``<error>_z``: (measured - theory) / standard error over replicates,
        each network against its own theory. NaN for a single seed.
    """

    theory: xr.Dataset
    data: xr.Dataset
    scores: xr.Dataset


def deep_walk(
    problem: DeepProblem,
    *,
    samples: Sequence[int],
    ridge: Any = None,
    penalty: Any = None,
    seeds: int = 4,
    seed: int = 0,
    threads: int | None = None,
    prefix: tuple[int, ...] = (),
    on_progress: Callable[[int], None] = lambda done: None,
) -> DeepWalk:
    """Draw networks, predict each one's learning curve from its weights, and measure it.

    Parameters
    ----------
    problem : DeepProblem
    samples, ridge, penalty
        As `predict.deep_curve`, with penalties > 0.
    seeds, seed, threads : int
    prefix : tuple of int
        Of the streams; see `Streams`.

    Examples
    --------
    >>> from giantstep.targets import Target
    >>> problem = DeepProblem(DeepNetwork([40]), Target.parse("tanh(2*z1)", noise=0.05), dimension=40)
    >>> walked = deep_walk(problem, samples=[20, 80], ridge=0.1, seeds=3)
    >>> walked.scores.test_error_z.dims, walked.data.sizes["replicate"]
    (('samples',), 3)
    """

    instance("problem", problem, DeepProblem)
    seeds = whole_number("seeds", seeds, 1, MOST_SEEDS)
    samples = whole_numbers("samples", samples, 1, MOST_SAMPLES)

    def one(replicate: int) -> tuple[xr.Dataset, RidgeRuns]:
        return one_network(problem, Streams(seed, replicate, prefix), samples, ridge=ridge, penalty=penalty)

    theories, runs = [], []
    for theory, measured in ordered_map(one, range(seeds), check_threads(threads)):
        theories.append(theory)
        runs.append(measured)
        on_progress(1)
    mean = theories[0].copy(deep=True)
    for name in ("test_error", "test_error_clean", "train_error", "nu", "gamma", "residual"):
        every = np.array([theory[name].values for theory in theories])
        mean[name] = (mean[name].dims, every.mean(0))
        if name in COMPARED:
            mean[f"{name}_networks"] = (("replicate", *mean[name].dims), every)
    data = measurements(mean, runs, seed)
    return DeepWalk(mean, data, scores_of(mean, data))


def one_network(
    problem: DeepProblem, streams: Streams, samples: Sequence[int], *, ridge: Any = None, penalty: Any = None
) -> tuple[xr.Dataset, RidgeRuns]:
    """Return one replicate: the theory of its own weights, and its regressions."""
    from giantstep.training.deep_features.ridge_runs import ridge_runs

    instance = problem.draw(streams)
    theory = _theory(instance, samples, ridge, penalty)
    return theory, ridge_runs(instance, samples, house_ridges(theory))


def deep_theory(
    problem: DeepProblem, *, samples: Sequence[int], ridge: Any = None, penalty: Any = None, seed: int = 0
) -> DeepWalk:
    """Predict the learning curve of the first drawn network alone; nothing is measured."""
    instance = problem.draw(Streams(seed))
    theory = _theory(instance, samples, ridge, penalty)
    data = measurements(theory, [], seed)
    return DeepWalk(theory, data, scores_of(theory, data))


def data_walk(
    features: Any,
    labels: Any,
    *,
    samples: Sequence[int],
    ridge: Any = None,
    penalty: Any = None,
    intercept: bool = True,
    seeds: int = 0,
    seed: int = 0,
    on_progress: Callable[[int], None] = lambda done: None,
) -> DeepWalk:
    """Predict the learning curve of rows of data, and measure it: train on n shuffled rows, test on the rest.

    Shuffles share rows, so the standard errors are those of the shuffling; another sample of rows would move
    theory and measurement together.

    Parameters
    ----------
    features, labels, samples, ridge, penalty, intercept
        As `predict.ridge_curve`.
    seeds : int
        Shuffles; 0 for the theory alone.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((600, 4))
    >>> walked = data_walk(x, np.sign(x[:, 0]), samples=[20, 80], ridge=0.1, seeds=5)
    >>> bool(np.abs(walked.scores.test_error_z).max() < 5)
    True
    """
    from giantstep.asymptotics import ridge_curve
    from giantstep.training.deep_features.held_out import held_out_runs

    seeds = whole_number("seeds", seeds, 0, MOST_SEEDS)
    samples = whole_numbers("samples", samples, 1, MOST_SAMPLES)
    theory = ridge_curve(features, labels, samples=samples, ridge=ridge, penalty=penalty, intercept=intercept)
    ridges = house_ridges(theory)
    runs = []
    for replicate in range(seeds):
        streams = Streams(seed, replicate)
        runs.append(held_out_runs(features, labels, samples, ridges, streams, intercept=intercept))
        on_progress(1)
    data = measurements(theory, runs, seed)
    return DeepWalk(theory, data, scores_of(theory, data))


def house_ridges(theory: xr.Dataset) -> Array:
    """Return the house ridge of every point of a curve, shape (penalties, samples)."""
    samples = theory["samples"].values
    if "penalty" in theory.coords:
        found = np.atleast_1d(theory["penalty"].values)[:, None] * samples / theory.attrs["width"]
    else:
        found = np.atleast_1d(theory["ridge"].values)[:, None] * np.ones(len(samples))
    return np.asarray(found, dtype=np.float64)


def seconds_of(problem: DeepProblem, samples: Sequence[int], seeds: int, threads: int) -> float:
    """Return about how long `deep_walk` takes, from products and eigendecompositions."""
    from giantstep.training.deep_features.ridge_runs import TEST_SAMPLES

    def work(network: DeepNetwork) -> float:
        sizes = [problem.dimension, *network.widths]
        return sum(2.0 * below * above for below, above in zip(sizes, network.widths, strict=False))

    width = problem.learner.widths[-1]
    forward = work(problem.learner)
    cubes = sum(8.0 * w**3 for w in problem.learner.widths) + 4.0 * problem.dimension**3
    if isinstance(problem.target, DeepNetwork):
        forward += work(problem.target)
        cubes += sum(8.0 * w**3 for w in problem.target.widths) + 4.0 * problem.dimension**3
    streamed = (max(samples) + TEST_SAMPLES) * (forward / 4e10 + 3e-8 * width)
    fits = len(samples) * 20.0 * width**3 / 2e10 + 2.0 * max(samples) * width**2 / 2e10
    return seeds / threads * (streamed + fits + cubes / 1e10 + 20.0 * width**3 / 2e10)


def _theory(instance: DeepInstance, samples: Sequence[int], ridge: Any, penalty: Any) -> xr.Dataset:
    from giantstep.asymptotics import deep_curve

    return deep_curve(
        instance.learner,
        instance.target,
        readout=instance.readout,
        samples=list(samples),
        ridge=ridge,
        penalty=penalty,
        noise=instance.problem.noise,
    )


def data_seconds(rows: int, width: int, points: int, seeds: int) -> float:
    """Return about how long `data_walk` takes: moments, eigendecompositions, one regression a point."""
    cube, moments = 4e-9 * width**3, 1e-10 * rows * width**2
    return 0.2 + cube + moments + seeds * points * (cube + moments + 4e-9 * rows * width)


def measurements(theory: xr.Dataset, runs: Sequence[Any], seed: int) -> xr.Dataset:
    """Return measured ``test_error`` and ``train_error`` of runs over replicate, in the theory's shape."""
    import xarray as xr

    dims = theory["test_error"].dims
    shape = theory["test_error"].shape
    variables = {
        name: (("replicate", *dims), np.array([getattr(run, name).reshape(shape) for run in runs]))
        for name in COMPARED
        if runs
    }
    coords = {name: theory[name] for name in dims}
    data = xr.Dataset(variables, coords | {"replicate": np.arange(len(runs))})
    data.attrs |= {"engine": "simulation", "seed": str(seed), "fingerprint": fingerprint()}
    data.attrs["warnings"] = json.dumps([])
    return data


def scores_of(theory: xr.Dataset, data: xr.Dataset) -> xr.Dataset:
    """Return the scores of a `DeepWalk`; ``<error>_networks`` is each replicate's theory."""
    import xarray as xr

    variables: dict[str, Any] = {}
    for name in COMPARED if data.sizes["replicate"] else ():
        own, dims = f"{name}_networks", theory[name].dims
        score = paired_score(data[name].values, theory[own if own in theory else name].values)
        variables[name], variables[f"{name}_se"] = (dims, score.mean), (dims, score.error)
        variables[f"{name}_z"] = (dims, score.z)
    return xr.Dataset(variables, {name: theory[name] for name in theory["test_error"].dims})
