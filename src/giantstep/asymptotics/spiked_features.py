"""`features`: the exact learning curve of the readout retrained after one giant step."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.reading import number, numbers
from giantstep.asymptotics.spiked.convex_curve import ConvexCurve, convex_curve
from giantstep.asymptotics.spiked.curve import Curve, Setting, curve
from giantstep.asymptotics.spiked.losses import LOSSES
from giantstep.asymptotics.spiked.reading import check_target, read_activation, read_theory
from giantstep.asymptotics.spiked.status import REMEDY
from giantstep.errors import CapabilityError, SpecError, nearest
from giantstep.networks import Activation, Network
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
MOST_POINTS = 1_000_000

OVERLAPS = {
    "m": "readout along the mean of the features",
    "theta": "readout along the bulk's overlap with the spike",
    "psi": "readout along the bulk's overlap with the rest of the teacher",
    "chi": "readout along the row variances",
    "q1": "squared readout seen through the bulk, a^T B B^T a / p",
    "q2": "squared readout, |a|^2 / p",
    "v1": "V1, the response to the features' linear part",
    "v2": "V2, the response to the features' nonlinear part",
}
"""Order parameters of theory note 30, section 3: name in the Dataset -> meaning."""


def features(
    target: Target,
    network: Network | Activation | str = "relu",
    *,
    sample_ratio: float | Sequence[float],
    learning_rate_ratio: float | Sequence[float],
    first_batch_ratio: float | Sequence[float],
    ridge: float | Sequence[float],
    width_ratio: float = 1.0,
    theory: str | None = None,
    row_variance: bool | None = None,
    loss: str = "square",
) -> xr.Dataset:
    """Predict the errors of the readout retrained on the features after one giant step, in high dimension.

    The network starts with unit rows and the readout 1/sqrt(p), takes one step on n0 = first_batch_ratio d
    samples with learning rate p * learning_rate_ratio, and its readout is then trained on n = sample_ratio d
    fresh samples (theory note 30, in the house convention of note 00).

    Parameters
    ----------
    target : Target
        Of rank 1; its noise is that of the labels.
    network : Network, Activation or str
        An activation; or the network of the simulation: ``readout="constant"``,
        ``readout_scale="1/sqrt(p)"``, ``symmetric=False``, no bias.
    sample_ratio, learning_rate_ratio, first_batch_ratio, ridge : float or sequence of float
        Ratios n/d, eta, n0/d and the penalty. Sequences make axes of the result (sample_ratio always does);
        learning_rate_ratio 0 is random features without a step.
    width_ratio : float
        p / d.
    theory : {"structured", "isotropic"}, optional
        ``isotropic`` is the published theory (arXiv 2402.04980); ``structured``, the default, corrects it for
        the bulk's correlations with spike and teacher (section 6a) and, where derived, for fluctuating row
        norms (section 6b); it is closer to the real network, decisively so for relu.
    row_variance : bool, optional
        Whether to take section 6b along; by default with ``structured``, where it is derived.
    loss : {"square", "logistic", "hinge"}
        What the readout minimises; beyond square for the target ``sign(z1)`` and the isotropic theory, with
        the penalty ridge |a|^2 / 2 (so that half the squared error is ridge regression).

    Returns
    -------
    xarray.Dataset
        ``test_error`` (noise included), ``test_error_clean``, ``train_error``, ``penalty`` (ridge |a|^2 / n)
        and the overlaps of `OVERLAPS` over (learning_rate_ratio, first_batch_ratio, ridge, sample_ratio);
        ``status``, ``message`` with the remedy, ``residual``, ``digits`` (estimated good digits of the errors
        within the theory), ``solver_steps``; ``spike_strength``, ``spike_alignment``, ``bulk_scale`` of the
        step. The attribute ``corrections`` says what the theory holds and where it is not accurate. Other
        losses add ``test_loss``, ``train_loss`` and ``classification_error``.

    Raises
    ------
    SpecError
        For numbers out of range or a target of another rank.
    CapabilityError
        For networks the theory is not derived for.

    Examples
    --------
    >>> found = features(Target.parse("sin(z1)"), "tanh", sample_ratio=[0.9, 3.0], learning_rate_ratio=3.0,
    ...                  first_batch_ratio=20.0, ridge=0.1, theory="isotropic")
    >>> found.test_error.values.round(6).tolist()
    [0.042504, 0.032518]
    >>> round(float(found.spike_strength), 6)
    1.134056
    """
    activation = read_activation(network)
    check_target(target)
    if loss not in LOSSES:
        raise SpecError(f"loss: found {loss!r}, expected {', '.join(LOSSES)}{nearest(str(loss), LOSSES)}.")
    if loss != "square" and (theory == "structured" or row_variance):
        raise CapabilityError(
            f"loss {loss!r}: the structured theory is derived for the square loss only. "
            "Use theory='isotropic'."
        )
    theory = read_theory(theory) if loss == "square" else "isotropic"
    taken = theory == "structured" if row_variance is None else bool(row_variance)
    axes = {
        "learning_rate_ratio": numbers("learning_rate_ratio", learning_rate_ratio, zero=True),
        "first_batch_ratio": numbers("first_batch_ratio", first_batch_ratio, zero=True),
        "ridge": numbers("ridge", ridge),
        "sample_ratio": numbers("sample_ratio", sample_ratio),
    }
    beta = number("width_ratio", width_ratio)
    shape = tuple(len(values) for values in axes.values())
    if math.prod(shape) > MOST_POINTS:
        raise SpecError(
            f"points: found {math.prod(shape)}, expected at most {MOST_POINTS}. Use coarser grids."
        )
    grids = np.meshgrid(axes["ridge"], axes["sample_ratio"], indexing="ij")
    ridges, samples = grids[0].ravel(), grids[1].ravel()
    curves: list[Curve | ConvexCurve] = []
    with one_blas_thread(), np.errstate(all="ignore"):
        for rate in axes["learning_rate_ratio"]:
            for first in axes["first_batch_ratio"]:
                setting = Setting(
                    target, activation, float(rate), float(first), beta, theory == "structured", taken
                )
                if loss == "square":
                    curves.append(curve(setting, samples, ridges))
                else:
                    curves.append(convex_curve(setting, loss, samples, ridges))
    if row_variance and not any(found.layer.rows for found in curves):
        raise CapabilityError(
            f"row_variance: theory note 30, section 6b, is derived for a step with an odd activation only, "
            f"not {activation.name!r}. Leave row_variance out."
        )
    given = {"sample_ratio"} | {
        name
        for name, value in (
            ("learning_rate_ratio", learning_rate_ratio),
            ("first_batch_ratio", first_batch_ratio),
            ("ridge", ridge),
        )
        if np.ndim(value)
    }
    dataset = _labelled(curves, axes, shape).squeeze([name for name in axes if name not in given])
    dataset.attrs |= {
        "engine": "theory",
        "theory": theory,
        "corrections": json.dumps(corrections(theory, curves, taken, loss)),
        "equations": "theory note 30, sections 2 to 4" + ("; 6a and 6b" if theory == "structured" else ""),
        "loss": loss,
        "target": str(target),
        "noise": target.noise,
        "activation": activation.name,
        "width_ratio": beta,
        "schema": SCHEMA,
    }
    return dataset


def corrections(theory: str, curves: Sequence[Curve | ConvexCurve], taken: bool, loss: str) -> list[str]:
    """Return sentences: which corrections are inside, and where they are not derived or not accurate."""
    moved = [found for found in curves if found.layer.step.gradient_norm > 0]
    if not moved:
        return ["no step: the theory of random features is exact in high dimension"]
    if loss != "square":
        return [
            f"{name}: not derived for this loss, left out" for name in ("structured bulk", "row variances")
        ]
    notes = []
    if theory == "structured":
        notes.append("structured bulk: inside")
    else:
        notes.append("structured bulk: left out, as in the published theory")
    if any(found.layer.rows for found in moved):
        notes.append("row variances: inside")
        if any(found.layer.rows.rough for found in moved if found.layer.rows):
            notes.append("row variances: not accurate here, for the step is strong and noisy")
    elif taken:
        notes.append("row variances: not derived for activations that are not odd, left out")
    else:
        notes.append("row variances: left out")
    return notes


def _labelled(
    curves: Sequence[Curve | ConvexCurve], axes: dict[str, np.ndarray], shape: tuple[int, ...]
) -> xr.Dataset:
    import xarray as xr

    def grid(read: Any) -> tuple[tuple[str, ...], np.ndarray]:
        return tuple(axes), np.array([read(found) for found in curves]).reshape(shape)

    def step(name: str) -> tuple[tuple[str, ...], np.ndarray]:
        values = [getattr(found.layer.step, name) for found in curves]
        return tuple(axes)[:2], np.array(values).reshape(shape[:2])

    reads = _CONVEX if isinstance(curves[0], ConvexCurve) else _SQUARE
    variables: dict[str, Any] = {name: grid(read) for name, read in reads.items()}
    variables |= {
        "digits": grid(lambda found: found.digits),
        "status": grid(lambda found: [str(status) for status in found.status]),
        "message": grid(lambda found: [REMEDY[status] for status in found.status]),
    }
    variables |= {name: step(name) for name in ("spike_strength", "spike_alignment", "bulk_scale")}
    dataset = xr.Dataset(variables, dict(axes))
    for name, meaning in OVERLAPS.items():
        dataset[name].attrs["long_name"] = meaning
    return dataset


def _field(name: str) -> Any:
    return lambda found: getattr(found.readout, name)


def _of_points(name: str) -> Any:
    return lambda found: [getattr(point, name) for point in found.points]


def _of_solution(place: int, read: Any) -> Any:
    return lambda found: [read(point.x[place]) for point in found.points]


_SQUARE: dict[str, Any] = {
    name: _field(name)
    for name in ("test_error", "test_error_clean", "train_error", "penalty", *list(OVERLAPS)[:6])
} | {
    "v1": lambda found: found.readout.solution.v[:, 0],
    "v2": lambda found: found.readout.solution.v[:, 1],
    "residual": lambda found: found.readout.solution.residual,
    "solver_steps": lambda found: found.readout.solution.steps,
}
_CONVEX: dict[str, Any] = (
    {name: _of_points(name) for name in ("test_error", "train_error", "test_loss", "train_loss")}
    | {
        "test_error_clean": _of_points("test_error"),
        "classification_error": _of_points("classification_error"),
    }
    | {name: _of_solution(place, np.exp) for place, name in enumerate(("v1", "v2", "q1", "q2"))}
    | {name: _of_solution(4 + place, float) for place, name in enumerate(("m", "theta", "psi"))}
    | {"chi": _of_solution(4, lambda _: 0.0)}
    | {"residual": _of_points("residual"), "solver_steps": _of_points("steps")}
)
