"""What is measured of the features after one step and of their surrogates: losses, spectra, spikes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.streams import Streams
from giantstep.training.experiment import Array64
from giantstep.training.feature_experiment import FeatureExpansion, FeatureExperiment
from giantstep.training.feature_moments import ALONG, ONE, SQUARE, FeatureMoments, RidgeLosses, ridge_losses
from giantstep.training.spectrum import largest_eigenpairs

if TYPE_CHECKING:
    import xarray as xr

SHOWN = 6
SPIKES = (1, 2)
FEATURES = ("network", "spike_1", "spikes_leading", "spikes")
"""The features of the network; the initial ones plus the first spike; plus both without V; plus both."""
_MATCHED = ("singular_value", "left_alignment", "left_alignment_leading", "right_alignment", "rank")


def nothing_measured() -> dict[str, Any]:
    """Return what is said of a replicate that left the finite numbers."""
    one, each = math.nan, np.full(len(FEATURES), math.nan)
    spikes = np.full((len(FEATURES), len(SPIKES)), math.nan)
    found: dict[str, Any] = dict.fromkeys(("initial_train_loss", "initial_test_error", "initial_edge"), one)
    found |= dict.fromkeys(("train_loss", "test_error"), each)
    found |= dict.fromkeys(_MATCHED, spikes)
    return found | {"top_singular_value": np.full((len(FEATURES), SHOWN), math.nan)}


def measure_features(
    experiment: FeatureExperiment, drawn: list[tuple[FeatureMoments, FeatureMoments]], readout: Array64
) -> dict[str, Any]:
    """Return everything that is measured in one replicate.

    Parameters
    ----------
    experiment : FeatureExperiment
    drawn : list of pairs of FeatureMoments
        Before and after the step: over the regression's samples, over those of the test error.
    readout : array, shape (width,)
        The note's a, of scale 1/sqrt(width).
    """
    expansion, noise = experiment.expansion, experiment.target.noise
    found = nothing_measured()
    (before, after), (before_tested, after_tested) = drawn

    def regressed(train: FeatureMoments, test: FeatureMoments) -> tuple[FeatureMoments, RidgeLosses]:
        if experiment.intercept:
            train, test = train.centred(train), test.centred(train)
        return train, ridge_losses(train, test, experiment.lam)

    start, initial = regressed(before, before_tested)
    found["initial_train_loss"], found["initial_test_error"] = initial.train, initial.test + noise
    found["initial_edge"] = float(_top(start.gram, 1)[0][0]) / math.sqrt(before.samples)
    terms = [None, *(_terms(readout, expansion, experiment.learning_rate, kind) for kind in FEATURES[1:])]
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
        ratio = 0.0 if experiment.intercept else expansion.row_variance / expansion.slope**2
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


def labelled(found: dict[str, Any], status: str, message: str, streams: Streams) -> xr.Dataset:
    """Return one replicate as a Dataset."""
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
