"""`simulate_features`: features after one giant step by the direct engine - spectrum, losses, surrogates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.gaussian.normals import draw_normals
from giantstep.networks import Network
from giantstep.protocol import Protocol, Step, check_nouns
from giantstep.sizes import Size
from giantstep.streams import Role, Streams, fingerprint
from giantstep.targets import Target
from giantstep.threads import check_threads, one_blas_thread
from giantstep.training.choice import Choice, Cost, check_memory
from giantstep.training.direct import direct_layers, linear_trend
from giantstep.training.experiment import (
    COMPLETED,
    NONFINITE,
    Array64,
    Experiment,
    chunks,
    diverged,
    labels,
    noise_stream,
    single,
)
from giantstep.training.feature_moments import ALONG, ONE, SQUARE, FeatureMoments, RidgeLosses, ridge_losses
from giantstep.training.local_fields import NOISE_STEP
from giantstep.training.simulation import check_dimension
from giantstep.training.spectrum import largest_eigenpairs

if TYPE_CHECKING:
    import xarray as xr

CHUNK = 1024
"""Fresh samples with one stream address; part of the stream, never a function of memory or threads."""
SHOWN = 6
SPIKES = (1, 2)
FEATURES = ("network", "spike_1", "spikes_leading", "spikes")
"""The features of the network; the initial ones plus the first spike; plus both without V; plus both."""


@dataclass(frozen=True, slots=True)
class FeatureExpansion:
    """What theory says of the features: F0 + c_1 eta L_1 a^T + c_2 eta^2 L_2 (a o a)^T, handed on as numbers.

    Attributes
    ----------
    feature_mean, label_mean : float
        E sigma and E y, which are taken off.
    slope, bend : float
        c_1 and c_2.
    row_variance : float
        V: L_2 = c_1^2 kappa^2 + V.
    """

    feature_mean: float
    label_mean: float
    slope: float
    bend: float
    row_variance: float

    @classmethod
    def of(cls, theory: xr.Dataset) -> FeatureExpansion:
        """Return the numbers of a prediction of `giantstep.predict.spikes` with the variance term.

        Raises
        ------
        SpecError
            For another Dataset, or the leading form, which has no V.
        """
        if theory.attrs.get("form") != "full" or "row_variance" not in theory:
            raise SpecError("expansion: found another Dataset, expected predict.spikes(..., form='full').")
        said = theory.attrs
        variance = float(np.ravel(theory["row_variance"].values)[0])
        return cls(said["feature_mean"], said["label_mean"], said["slope"], said["bend"], variance)


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
    on_progress: Callable[[int], None] = lambda done: None,
) -> xr.Dataset:
    """Take one step on labels alone, and regress fresh labels on the features before and after it.

    Every replicate draws one first layer, one gradient and one fresh sample; the initial features, those
    after the step and the surrogates of `FEATURES` see the same, so that improvements are paired.

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
    runs = []
    for replicate in range(seeds):
        runs.append(
            feature_replicate(
                target,
                network,
                expansion,
                dimension=dimension,
                samples=samples,
                first_batch=first_batch,
                learning_rate=learning_rate,
                ridge=ridge,
                intercept=intercept,
                test_samples=test_samples,
                streams=Streams(seed, replicate),
                threads=threads,
            )
        )
        on_progress(1)
    return xr.concat(
        runs, dim="replicate", data_vars="minimal", coords="minimal", compat="override", join="exact"
    )


def feature_replicate(
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
    streams: Streams,
    threads: int | None = None,
) -> xr.Dataset:
    """Simulate one replicate; `simulate_features` with its random streams given by address."""
    check_dimension(dimension, target.rank)
    protocol = Protocol((Step(Size.parse(first_batch), Size.parse(learning_rate), loss="correlation"),))
    check_nouns(target, network, protocol)
    tested = test_samples or max(2 * samples, 4096)
    check_memory(Choice("direct", "", cost(network.width, dimension, samples, first_batch, tested)))
    centred = target.minus(expansion.label_mean) if expansion.label_mean else target
    experiment = Experiment(centred, network, protocol, int(dimension), streams, check_threads(threads))
    status, message = COMPLETED, ""
    with one_blas_thread():
        start, layer = (found for found, _ in direct_layers(experiment))
        direction = linear_trend(experiment, 1)[1]
        measured = _blank()
        drawn = [
            _moments(experiment, (start, layer), direction, expansion.feature_mean, role, size)
            for role, size in ((Role.READOUT, samples), (Role.TEST, tested))
        ]
        if all(np.isfinite(sums.gram).all() for pair in drawn for sums in pair):
            lam = ridge * network.width / samples
            a = experiment.draw_readout() / math.sqrt(network.width)
            measured = _measure(drawn, a, expansion, learning_rate, lam, intercept, target.noise)
        else:
            status, message = NONFINITE, diverged(1)
    return _labelled(measured, status, message, streams).assign_attrs(
        engine="direct",
        fingerprint=fingerprint(),
        dimension=int(dimension),
        width=network.width,
        samples=int(samples),
        first_batch=int(first_batch),
        test_samples=int(tested),
        learning_rate=float(learning_rate),
        seed=str(streams.seed),
    )


def cost(width: int, dimension: int, samples: int, first_batch: int, tested: int) -> Cost:
    """Return what one replicate will take: fields of two layers, Gram matrices, regressions, spectra."""
    fresh = samples + tested
    products = 2.5e-11 * width * dimension * (2 * first_batch + 2 * fresh)
    grams = 3e-11 * fresh * width**2
    seconds = products + grams + 4e-9 * dimension * (2 * first_batch + fresh) + 5e-10 * width**3
    return Cost(seconds + 2e-8 * fresh * width, 8.0 * (16 * width**2 + 4 * width * dimension) + 2.0**28)


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


def _blank() -> dict[str, Any]:
    one, each = math.nan, np.full(len(FEATURES), math.nan)
    spikes = np.full((len(FEATURES), len(SPIKES)), math.nan)
    found: dict[str, Any] = dict.fromkeys(("initial_train_loss", "initial_test_error", "initial_edge"), one)
    found |= dict.fromkeys(("train_loss", "test_error"), each)
    found |= dict.fromkeys(_MATCHED, spikes)
    return found | {"top_singular_value": np.full((len(FEATURES), SHOWN), math.nan)}


_MATCHED = ("singular_value", "left_alignment", "left_alignment_leading", "right_alignment", "rank")


def _measure(
    drawn: list[tuple[FeatureMoments, FeatureMoments]],
    readout: Array64,
    expansion: FeatureExpansion,
    rate: float,
    lam: float,
    intercept: bool,
    noise: float,
) -> dict[str, Any]:
    """Return everything that is measured in one replicate."""
    found = _blank()
    (before, after), (before_tested, after_tested) = drawn

    def regressed(train: FeatureMoments, test: FeatureMoments) -> tuple[FeatureMoments, RidgeLosses]:
        if intercept:
            train, test = train.centred(train), test.centred(train)
        return train, ridge_losses(train, test, lam)

    start, initial = regressed(before, before_tested)
    found["initial_train_loss"], found["initial_test_error"] = initial.train, initial.test + noise
    found["initial_edge"] = float(_top(start.gram, 1)[0][0]) / math.sqrt(before.samples)
    terms = [None, *(_terms(readout, expansion, rate, kind) for kind in FEATURES[1:])]
    losses, spikes, tops = [], [], []
    for term in terms:
        pair = (after, after_tested)
        if term is not None:
            pair = (before.with_terms(term), before_tested.with_terms(term))
        sums, loss = regressed(*pair)
        losses.append(loss)
        values, vectors = _top(sums.gram, SHOWN)
        root = math.sqrt(sums.samples)
        tops.append(np.pad(values / root, (0, SHOWN - len(values)), constant_values=math.nan))
        # With an intercept the mean of L_2 is gone, and V with it.
        ratio = 0.0 if intercept else expansion.row_variance / expansion.slope**2
        spikes.append(_matched(values, vectors, sums, readout, ratio))
    found["train_loss"] = np.array([loss.train for loss in losses])
    found["test_error"] = np.array([loss.test + noise for loss in losses])
    found["top_singular_value"] = np.array(tops)
    for place, name in enumerate(_MATCHED):
        found[name] = np.array([spike[place] for spike in spikes])
    return found


def _terms(readout: Array64, expansion: FeatureExpansion, rate: float, kind: str) -> Array64:
    """Return R of the rank-one terms P R^T (theory note 40, A.1); ``readout`` is the note's a."""
    terms = np.zeros((len(readout), 4))
    terms[:, ALONG] = expansion.slope**2 * rate * readout
    if kind != "spike_1":
        second = expansion.bend * rate**2 * readout**2
        terms[:, SQUARE] = expansion.slope**2 * second
        terms[:, ONE] = expansion.row_variance * second * (kind == "spikes")
    return terms


def _top(gram: Array64, count: int) -> tuple[Array64, Array64]:
    """Return the largest singular values of F and their right vectors from F^T F."""
    count = min(count, len(gram))
    squares, vectors = largest_eigenpairs(lambda x: gram @ x, gram, len(gram), count)
    return np.sqrt(np.maximum(squares, 0.0)), vectors


def _matched(
    values: Array64, vectors: Array64, sums: FeatureMoments, readout: Array64, ratio: float
) -> list[Array64]:
    """Return the rows of `_MATCHED` over the spikes, each with the singular vector that points at it most."""
    from scipy.optimize import linear_sum_assignment

    wanted, leading = np.zeros((4, 2)), np.zeros((4, 2))
    wanted[ALONG, 0] = leading[ALONG, 0] = wanted[SQUARE, 1] = leading[SQUARE, 1] = 1.0
    wanted[ONE, 1] = ratio

    def cosines(probes: Array64) -> Array64:
        # left vector u = F v / s, so u . P c = v . (F^T P) c / s
        lengths = np.einsum("ik,ij,jk->k", probes, sums.probes, probes)
        products = (vectors.T @ sums.cross @ probes) / np.where(values > 0, values, 1.0)[:, None]
        squared: Array64 = products**2 / lengths
        return squared

    full, plain = cosines(wanted), cosines(leading)
    places, spikes = linear_sum_assignment(-full)
    powers = np.stack([readout, readout**2], axis=1)
    right = (vectors.T @ (powers / np.linalg.norm(powers, axis=0))) ** 2
    rows = np.full((len(_MATCHED), len(SPIKES)), math.nan)
    at = (places, spikes)
    rows[:, spikes] = [values[places] / math.sqrt(sums.samples), full[at], plain[at], right[at], places + 1.0]
    return list(rows)


def _labelled(found: dict[str, Any], status: str, message: str, streams: Streams) -> xr.Dataset:
    import xarray as xr

    both = ("replicate", "features", "spike_order")
    variables: dict[str, Any] = {name: (both, found[name][None]) for name in _MATCHED}
    variables["top_singular_value"] = (
        ("replicate", "features", "singular_value_rank"),
        found["top_singular_value"][None],
    )
    for name in ("initial_train_loss", "initial_test_error", "initial_edge"):
        variables[name] = ("replicate", np.array([found[name]]))
    for name, gain in (("train_loss", "train_improvement"), ("test_error", "test_improvement")):
        variables[name] = (("replicate", "features"), found[name][None])
        variables[gain] = (("replicate", "features"), (found[f"initial_{name}"] - found[name])[None])
    variables |= {
        "status": ("replicate", np.array([status])),
        "message": ("replicate", np.array([message])),
    }
    coordinates = {"features": list(FEATURES), "spike_order": list(SPIKES), "replicate": [streams.replicate]}
    return xr.Dataset(variables, coordinates)
