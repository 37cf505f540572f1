"""`linear_ridge` and `best_features`: what the learning curve of one step is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.reading import number, numbers
from giantstep.asymptotics.spiked.baselines import linear_regression
from giantstep.asymptotics.spiked.curve import Setting
from giantstep.asymptotics.spiked.optimum import AT_BOUND, RIDGE_RANGE, STEP_RANGE, Optimum, best
from giantstep.asymptotics.spiked.reading import check_target, read_activation, read_theory
from giantstep.asymptotics.spiked.status import REMEDY, Status
from giantstep.networks import Activation, Network
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr


def linear_ridge(
    target: Target, *, sample_ratio: float | Sequence[float], ridge: float | Sequence[float]
) -> xr.Dataset:
    """Predict the errors of ridge regression on the inputs x / sqrt(d), in high dimension.

    Parameters
    ----------
    target : Target
        Of rank 1.
    sample_ratio, ridge : float or sequence of float
        n / d and the penalty; a sequence of penalties makes an axis.

    Returns
    -------
    xarray.Dataset
        ``test_error``, ``test_error_clean``, ``train_error`` and the overlap ``m``.

    Raises
    ------
    SpecError
        For numbers out of range or a target of another rank.

    References
    ----------
    Theory note 30, section 3.

    Examples
    --------
    >>> found = linear_ridge(Target.parse("tanh(z1)", noise=0.25), sample_ratio=0.5, ridge=0.01)
    >>> round(float(found.test_error[0]), 8)
    0.71802806
    """
    import xarray as xr

    check_target(target)
    axes = {"ridge": numbers("ridge", ridge), "sample_ratio": numbers("sample_ratio", sample_ratio)}
    grids = np.meshgrid(axes["ridge"], axes["sample_ratio"], indexing="ij")
    found = linear_regression(target, grids[1], grids[0])
    names = ("test_error", "test_error_clean", "train_error", "m")
    dataset = xr.Dataset({name: (tuple(axes), getattr(found, name)) for name in names}, axes)
    dataset.attrs |= {"engine": "theory", "equations": "theory note 30, section 3", "target": str(target)}
    return dataset if np.ndim(ridge) else dataset.squeeze("ridge")


def best_features(
    target: Target,
    network: Network | Activation | str = "relu",
    *,
    sample_ratio: float | Sequence[float],
    first_batch_ratio: float,
    learning_rate_ratio: float | None = None,
    ridge: float | None = None,
    width_ratio: float = 1.0,
    theory: str | None = None,
) -> xr.Dataset:
    """Find the ridge and the step of least test error; whichever is given is kept.

    Parameters
    ----------
    target, network, sample_ratio, first_batch_ratio, width_ratio, theory
        As for `features`.
    learning_rate_ratio : float, optional
        Kept when given; 0 is random features. None: the best between 0.01 and 100.
    ridge : float, optional
        Kept when given. None: the best between 1e-6 and 1000.

    Returns
    -------
    xarray.Dataset
        ``ridge``, ``learning_rate_ratio``, ``test_error`` and its derivatives ``by_ridge`` and
        ``by_learning_rate``, ``status`` (at_bound where no minimum lies inside the range) and ``message``,
        over sample_ratio.

    Raises
    ------
    SpecError, CapabilityError
        As `features`.

    References
    ----------
    arXiv 2402.04980; theory note 30, section 4.

    Examples
    --------
    >>> found = best_features(Target.parse("sin(z1)"), "tanh", sample_ratio=2.0, first_batch_ratio=8.0,
    ...                       learning_rate_ratio=3.0, width_ratio=1.3, theory="isotropic")
    >>> round(float(found.ridge[0]), 4), round(float(found.test_error[0]), 4)
    (0.0943, 0.0473)
    """
    import xarray as xr

    activation = read_activation(network)
    check_target(target)
    structured = read_theory(theory) == "structured"
    samples = numbers("sample_ratio", sample_ratio)
    step = 1.0
    if learning_rate_ratio is not None:
        step = number("learning_rate_ratio", learning_rate_ratio, zero=True)
    setting = Setting(
        target,
        activation,
        step,
        number("first_batch_ratio", first_batch_ratio, zero=True),
        number("width_ratio", width_ratio),
        structured,
        structured,
    )
    kept = None if ridge is None else number("ridge", ridge)
    with one_blas_thread(), np.errstate(all="ignore"):
        found = [best(setting, float(n), ridge=kept, best_step=learning_rate_ratio is None) for n in samples]
    fields = ("ridge", "learning_rate_ratio", "test_error", "by_ridge", "by_learning_rate", "status")
    variables: dict[str, Any] = {
        name: ("sample_ratio", np.array([getattr(one, name) for one in found])) for name in fields
    }
    variables["message"] = ("sample_ratio", [_message(one) for one in found])
    dataset = xr.Dataset(variables, {"sample_ratio": samples})
    dataset.attrs |= {"engine": "theory", "theory": read_theory(theory), "target": str(target)}
    return dataset


def _message(found: Optimum) -> str:
    if found.status == AT_BOUND:
        low, high = STEP_RANGE
        return (
            f"no minimum inside ridge {RIDGE_RANGE[0]:g} to {RIDGE_RANGE[1]:g} and step {low:g} to {high:g}; "
            "the nearest edge is shown."
        )
    return REMEDY[Status(found.status)]
