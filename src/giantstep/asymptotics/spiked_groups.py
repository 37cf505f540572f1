"""`grouped_features`: the learning curve when neurons start with unequal readouts."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from giantstep.asymptotics.reading import number, numbers
from giantstep.asymptotics.spiked.reading import check_target, read_activation
from giantstep.asymptotics.spiked.readout_groups import GroupReadout, group_problem, refined_groups
from giantstep.asymptotics.spiked.status import REMEDY
from giantstep.errors import SpecError
from giantstep.networks import Activation
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

MOST_GROUPS = 12


def grouped_features(
    target: Target,
    activation: Activation | str = "relu",
    *,
    readouts: Sequence[float],
    fractions: Sequence[float],
    sample_ratio: float | Sequence[float],
    learning_rate_ratio: float,
    first_batch_ratio: float,
    ridge: float,
    width_ratio: float = 1.0,
    dimension: int | None = None,
) -> xr.Dataset:
    """Predict the errors when the initial readout is s_g / sqrt(p) on a fraction of the neurons each.

    Theory note 30, section 7c, with an isotropic bulk.

    Parameters
    ----------
    target, activation, sample_ratio, learning_rate_ratio, first_batch_ratio, ridge, width_ratio
        As for `features`.
    readouts, fractions : sequence of float
        s_g and the fraction of neurons that has it; the fractions sum to one.
    dimension : int, optional
        Takes the leading finite-size correction along, which is large where the groups' mean activations are
        nearly collinear. None: infinite.

    Returns
    -------
    xarray.Dataset
        ``test_error``, ``train_error``, ``status``, ``message``, ``residual``, ``digits`` over sample_ratio;
        ``m``, ``theta``, ``psi``, ``q2`` over (sample_ratio, group); ``spike_strength`` and ``bulk_scale``
        over group, ``spike_alignment`` of all. The attribute ``corrections`` says what is not derived.

    Raises
    ------
    SpecError
        For numbers out of range or fractions that do not sum to one.

    Examples
    --------
    >>> found = grouped_features(Target.parse("sin(z1)"), "tanh", readouts=[0.5, 2.0], fractions=[0.6, 0.4],
    ...     sample_ratio=1.5, learning_rate_ratio=1.5, first_batch_ratio=8.0, ridge=0.05, width_ratio=0.8)
    >>> round(float(found.test_error[0]), 9)
    0.059725748
    """
    import xarray as xr

    check_target(target)
    sigma = read_activation(activation)
    try:
        strengths = np.asarray(readouts, float)
    except (TypeError, ValueError):
        raise SpecError(f"readouts: found {readouts!r}, expected finite numbers.") from None
    shares = numbers("fractions", fractions)
    if strengths.shape != shares.shape or not 1 <= len(shares) <= MOST_GROUPS:
        raise SpecError(
            f"readouts: found {strengths.size} for {len(shares)} fractions, expected as many of both, "
            f"at most {MOST_GROUPS}."
        )
    if not np.isfinite(strengths).all():
        raise SpecError(f"readouts: found {list(readouts)}, expected finite numbers.")
    if abs(shares.sum() - 1) > 1e-9:
        raise SpecError(f"fractions: found a sum of {shares.sum():g}, expected 1.")
    size = math.inf if dimension is None else number("dimension", dimension)
    samples = numbers("sample_ratio", sample_ratio)
    step = number("learning_rate_ratio", learning_rate_ratio)
    first = number("first_batch_ratio", first_batch_ratio)
    beta, penalty = number("width_ratio", width_ratio), number("ridge", ridge)
    problem = partial(
        group_problem,
        target,
        sigma,
        strengths,
        shares,
        learning_rate_ratio=step,
        first_batch_ratio=first,
        width_ratio=beta,
        ridge=penalty,
        dimension=size,
    )

    def at(ratio: float) -> GroupReadout:
        return refined_groups(lambda nodes: problem(sample_ratio=ratio, nodes=nodes))

    with one_blas_thread(), np.errstate(all="ignore"):
        points = [at(float(ratio)) for ratio in samples]
    steps = points[0].steps_of_groups
    both = ("sample_ratio", "group")
    dataset = xr.Dataset(
        {
            name: (both, np.array([getattr(one, name) for one in points]))
            for name in ("m", "theta", "psi", "q2")
        }
        | {
            name: ("sample_ratio", np.array([getattr(one, name) for one in points]))
            for name in ("test_error", "train_error", "residual", "digits")
        }
        | {
            "status": ("sample_ratio", [str(one.status) for one in points]),
            "message": ("sample_ratio", [REMEDY[one.status] for one in points]),
            "spike_strength": ("group", [step.spike_strength for step in steps]),
            "bulk_scale": ("group", [step.bulk_scale for step in steps]),
            "spike_alignment": ((), steps[0].spike_alignment),
        },
        {"sample_ratio": samples, "group": np.arange(len(shares))},
    )
    dataset["test_error_clean"] = dataset["test_error"] - target.noise
    dataset.attrs |= {
        "engine": "theory",
        "theory": "isotropic",
        "equations": "theory note 30, section 7c" + ("" if dimension is None else ", finite dimension"),
        "target": str(target),
        "activation": sigma.name,
        "corrections": json.dumps(
            [
                "structured bulk: not derived for groups of readouts, left out",
                "row variances: not derived for groups of readouts, left out",
                "finite dimension: left out"
                if dimension is None
                else "finite dimension: leading part inside",
            ]
        ),
    }
    return dataset
