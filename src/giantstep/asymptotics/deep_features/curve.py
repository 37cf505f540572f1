"""`ridge_curve` and `deep_curve`: learning curves of the readout as labelled Datasets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.deep_features.empirical import doubts, empirical_theory
from giantstep.asymptotics.deep_features.moments import multi_index_target, network_target, target_doubts
from giantstep.asymptotics.deep_features.ridge_theory import REMEDY, RidgeTheory, Status, house_ridge
from giantstep.asymptotics.reading import numbers
from giantstep.errors import SpecError, flag, instance, real_number, whole_number
from giantstep.networks.deep import MAX_DEPTH, DeepWeights
from giantstep.targets import Target

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
MOST_POINTS = 1_000_000
VARIABLES = ("test_error", "test_error_clean", "train_error", "nu", "gamma", "residual", "status")

Numbers = float | Sequence[float] | NDArray[Any]


def ridge_curve(
    features: Any,
    labels: Any,
    *,
    samples: Numbers,
    ridge: Numbers | None = None,
    penalty: Numbers | None = None,
    intercept: bool = True,
) -> xr.Dataset:
    """Predict the learning curve of ridge regression on your own features, from held-out rows of them.

    Parameters
    ----------
    features : array, shape (rows, p)
        At least 100 rows a feature for good digits; fewer come with a warning.
    labels : array, shape (rows,)
    samples : float or sequence of float
        Training samples n of each regression.
    ridge, penalty : float or sequence of float
        One of the two: the house ridge in (Phi^T Phi / p + ridge) a = Phi^T y / sqrt p, or the penalty lam of
        (1/n) sum (y - beta . phi)^2 + lam |beta|^2, which is ridge = lam n / p.
    intercept : bool
        Whether the readout fits an intercept (recommended: features need not be centred then).

    Returns
    -------
    xarray.Dataset
        ``test_error`` (label noise included), ``train_error``, ``nu``, ``gamma``, ``residual``, ``status``
        and ``message`` with the remedy, over (ridge or penalty, samples). The attribute ``warnings`` says
        why the numbers may be off, each with its remedy.

    Raises
    ------
    SpecError
        For NaN, different lengths, numbers out of range.

    References
    ----------
    Theory note 50, S5.2 and S5.4.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((4000, 5))
    >>> found = ridge_curve(x, x[:, 0] + rng.standard_normal(4000), samples=[20, 100], ridge=0.1)
    >>> found.test_error.values.round(2).tolist()
    [1.38, 1.06]
    """
    theory = empirical_theory(features, labels, intercept=flag("intercept", intercept))
    warnings = doubts(features, labels, intercept=intercept)
    dataset = labelled(theory, samples=samples, ridge=ridge, penalty=penalty)
    rows = len(np.asarray(labels))
    return dataset.assign_attrs(source="features and labels", rows=rows, warnings=json.dumps(warnings))


def deep_curve(
    learner: DeepWeights,
    target: DeepWeights | Target,
    *,
    samples: Numbers,
    ridge: Numbers | None = None,
    penalty: Numbers | None = None,
    readout: Any = None,
    noise: float | None = None,
    shared_layers: int = 0,
    per_row: bool = True,
) -> xr.Dataset:
    """Predict the learning curve of ridge regression on a deep network's features, from its weights alone.

    Parameters
    ----------
    learner : DeepWeights
        Of an odd activation; the theory is that of these very weights, not an average over networks.
    target : DeepWeights or Target
        A second network with its ``readout``, or a function g of the first inputs z1, ..
    samples, ridge, penalty
        As in `ridge_curve`; without intercept.
    readout : array, shape (p*,), optional
        theta* of a target network.
    noise : float, optional
        Variance of the label noise; by default the Target's, 0 for a network.
    shared_layers : int
        First layers that learner and target network share.
    per_row : bool
        Each row's own pre-activation variance, or one a layer.

    Returns
    -------
    xarray.Dataset
        As `ridge_curve`.

    Raises
    ------
    SpecError, CapabilityError
        For shapes that do not fit, numbers out of range, activations that are not odd.

    References
    ----------
    arXiv 2402.13999; theory note 50, S5.

    Examples
    --------
    >>> from giantstep.networks.deep import DeepNetwork
    >>> from giantstep.streams import Streams
    >>> weights = DeepNetwork([60, 40], "tanh").draw(50, Streams(0))
    >>> found = deep_curve(weights, Target.parse("tanh(2*z1)"), samples=[20, 80], ridge=0.05)
    >>> found.test_error.dims, float(found.residual.max()) < 1e-11
    (('samples',), True)
    """
    instance("learner", learner, DeepWeights)
    instance("target", target, DeepWeights, Target)
    shared_layers, per_row = (
        whole_number("shared_layers", shared_layers, 0, MAX_DEPTH),
        flag("per_row", per_row),
    )
    if noise is not None:
        noise = real_number("noise", noise, "a variance, a finite number >= 0", lambda number: number >= 0)
    if isinstance(target, Target):
        if readout is not None or shared_layers:
            raise SpecError(
                "readout, shared_layers: belong to a target network; found a Target. Leave them out."
            )
        theory, warnings = multi_index_target(learner, target), target_doubts(target)
        variance = target.noise if noise is None else noise
    else:
        if readout is None:
            raise SpecError(
                "readout: found none for a target network, expected theta*, one number a feature."
            )
        theory = network_target(learner, target, readout, shared_layers=shared_layers, per_row=per_row)
        warnings = []
        variance = 0.0 if noise is None else noise
    dataset = labelled(theory, samples=samples, ridge=ridge, penalty=penalty, noise=variance)
    words = json.dumps(warnings)
    return dataset.assign_attrs(source="weights", activation=learner.activation.name, warnings=words)


def labelled(
    theory: RidgeTheory,
    *,
    samples: Numbers,
    ridge: Numbers | None = None,
    penalty: Numbers | None = None,
    noise: float = 0.0,
) -> xr.Dataset:
    """Return the errors of a `RidgeTheory` on a grid, as `ridge_curve` describes."""
    import xarray as xr

    if (ridge is None) == (penalty is None):
        found = "neither" if ridge is None else "both"
        raise SpecError(
            f"ridge, penalty: found {found}, expected one: ridge (house) or penalty = ridge p / n."
        )
    name = "ridge" if penalty is None else "penalty"
    given: Any = ridge if penalty is None else penalty
    n, lam = numbers("samples", samples), numbers(name, given, zero=True)
    if len(n) * len(lam) > MOST_POINTS:
        raise SpecError(
            f"points: found {len(n) * len(lam)}, expected at most {MOST_POINTS}. Use coarser grids."
        )
    ridges = lam[:, None] if penalty is None else house_ridge(lam[:, None], n, theory.width)
    errors = theory.at(n, ridges, noise)
    dims = (name, "samples")
    variables = {variable: (dims, getattr(errors, variable)) for variable in VARIABLES}
    dataset = xr.Dataset(variables, {name: lam, "samples": n})
    messages = [[REMEDY[Status(status)] for status in row] for row in errors.status]
    dataset["message"] = (dims, np.array(messages, dtype=object).astype(str))
    dataset.attrs |= {
        "engine": "theory",
        "equations": "theory note 50, S5.2",
        "width": theory.width,
        "noise": float(noise),
        "intercept": int(theory.intercept),
        "energy": theory.energy,
        "misfit": theory.misfit,
        "schema": SCHEMA,
    }
    return dataset if np.ndim(given) else dataset.squeeze(name)
