"""`spikes`: outliers of the features after one giant step, and what they are worth to the readout."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.reading import numbers
from giantstep.asymptotics.spectra.activation_moments import HermiteActivation, slanted_activation
from giantstep.asymptotics.spectra.feature_losses import (
    Losses,
    dressed_improvements,
    improvements,
    initial_losses,
    limiting_improvements,
)
from giantstep.asymptotics.spectra.feature_outliers import FeatureOutlier, feature_outliers
from giantstep.asymptotics.spectra.link_moments import centred_labels
from giantstep.asymptotics.spectra.one_step import OneStep, spike_orders
from giantstep.asymptotics.spectra.phases import read_exponents
from giantstep.asymptotics.spectra.reading import LARGEST, bounded, check_rates
from giantstep.asymptotics.spectra.readout_moments import check_network, even_moment
from giantstep.asymptotics.spectra.remarks import remarks
from giantstep.asymptotics.spectra.resolvent import FeatureBulk, Traces
from giantstep.asymptotics.spiked.status import REMEDY, Status
from giantstep.errors import SpecError, nearest
from giantstep.networks import Activation, Network
from giantstep.targets import Target

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
FORMS = ("full", "leading")
SPIKES = (1, 2)
FEWEST_NEURONS = 4
_PRECISE = 1e-6
_GAINS = {
    "": "at this step",
    "_limit": "for infinitely strong spikes",
    "_dressed": "at this step, with the bulk dressed at order eta^2/N (heuristic)",
}


def spikes(
    target: Target,
    network: Network | Activation | str,
    *,
    dimension: int,
    sample_ratio: float,
    first_batch_ratio: float | None = None,
    width_ratio: float | None = None,
    step_exponent: float | Sequence[float] | None = None,
    step_constant: float = 1.0,
    learning_rate: float | Sequence[float] | None = None,
    ridge: float,
    form: str = "full",
    intercept: bool = False,
) -> xr.Dataset:
    """Predict the spikes of the features after one giant step, and the losses of the retrained readout.

    One step on n0 = first_batch_ratio d labels (correlation loss) with learning rate
    eta = step_constant n0^step_exponent; then F = sigma(X W^T), centred, on n = sample_ratio d fresh samples,
    and ridge regression on it. F is random features plus rank-one terms c_k eta^k L_k (a^{ok})^T.

    Parameters
    ----------
    target : Target
        Of rank 1 with E y = 0.
    network : Network, Activation or str
        A network with ``symmetric=False`` and readout gaussian, uniform or rademacher of scale 1; an
        activation stands for a gaussian readout and width_ratio d neurons.
    dimension : int
        d; the second spike and the exponents depend on sizes, not on ratios alone.
    sample_ratio, first_batch_ratio, width_ratio : float
        n/d, n0/d (the same as n/d by default) and p/d (left out with a Network).
    step_exponent : float or sequence of float
        In [0, 1/2).
    step_constant : float
    learning_rate : float or sequence of float
        Instead of exponent and constant.
    ridge : float
        House penalty: lam of the note is ridge p / n.
    form : {"full", "leading"}
        ``leading`` leaves the variance term V out, as the usual statement does; simulations follow ``full``.
    intercept : bool
        Whether features and labels are centred over the sample before the regression.

    Returns
    -------
    xarray.Dataset
        Over ``spike_order`` (k = 1, 2): ``singular_value`` (of F, divided by sqrt n; the bulk's edge where
        there is no outlier), ``leading_value``, ``left_alignment`` and ``right_alignment`` (cos^2 with L_k
        and a^{ok}), ``spike_status`` (outlier, in_bulk, absent). Losses with the terms up to ``spike_order``:
        ``train_loss`` (penalty inside), ``test_error`` (noise inside), ``train_improvement``,
        ``test_improvement`` and their ``_limit`` (infinite spikes) and ``_dressed`` (heuristic). Scalars:
        ``edge``, ``initial_train_loss``, ``initial_test_error``, ``m1``, ``m2``, ``delta`` and derivatives,
        ``gradient_square``, ``gradient_alignment``, ``row_variance``, ``spike_count`` and ``growing_orders``
        of the exponent (-1 and empty without one), ``status``, ``message``, ``residual``. The attribute
        ``notes`` says what is outside the theory.

    Raises
    ------
    SpecError
        For numbers out of range, another rank, labels that are not centred, fewer than 4 neurons, or an
        activation with c_1 = E sigma' = 0.
    CapabilityError
        For networks the theory is not derived for.

    References
    ----------
    arXiv 2310.07891; theory note 40, sections 0 and A.

    Examples
    --------
    >>> found = spikes(Target.parse("z1 + 0.5*He2(z1)", noise=0.09), "He1 + 0.5*He2", dimension=1600,
    ...                sample_ratio=2, width_ratio=1.4, step_exponent=0.3, ridge=0.7)
    >>> found.singular_value.values.round(3).tolist(), int(found.spike_count)
    ([15.217, 8.567], 2)
    >>> found.test_improvement.values.round(4).tolist()
    [0.3317, 0.4312]
    """
    setting = read_setting(target, network, dimension, sample_ratio, first_batch_ratio, width_ratio)
    form = _form(form)
    if not isinstance(intercept, bool | np.bool_):
        raise SpecError(f"intercept: found {intercept!r}, expected True or False.")
    ridge = bounded("ridge", ridge)
    lam = ridge * setting.width / (setting.sample_ratio * dimension)
    axis, rates, exponents = read_steps(setting.first_batch, step_exponent, step_constant, learning_rate)
    bulk = FeatureBulk(
        setting.sample_ratio * dimension / setting.width,
        dimension / setting.width,
        setting.activation.slope**2,
        setting.activation.rest,
    )
    steps = [
        OneStep(
            setting.activation,
            centred_labels(target),
            rate,
            setting.width,
            setting.first_batch_ratio,
            even_moment(setting.readout, 2),
            form == "full",
            intercept,
        )
        for rate in rates
    ]
    points = [_point(bulk, step, lam) for step in steps]
    orders = [spike_orders(setting.activation, alpha) for alpha in exponents or ()]
    dataset = _labelled(points, orders, axis, rates, exponents)
    given: Any = learning_rate if step_exponent is None else step_exponent
    dataset = dataset if np.ndim(given) else dataset.squeeze(axis)
    outliers = [point.outliers for point in points]
    notes = remarks(steps, outliers, exponents, orders, setting.first_batch)
    dataset.attrs |= {
        "engine": "theory",
        "form": form,
        "intercept": int(intercept),
        "notes": json.dumps(notes),
        "equations": "theory note 40, sections A.1 to A.6",
        "target": str(target),
        "noise": target.noise,
        "activation": setting.activation.activation.name,
        "feature_mean": setting.activation.mean,
        "label_mean": steps[0].link.mean,
        "slope": setting.activation.slope,
        "bend": setting.activation.coefficient(2),
        "readout": setting.readout,
        "dimension": int(dimension),
        "width": setting.width,
        "sample_ratio": setting.sample_ratio,
        "first_batch_ratio": setting.first_batch_ratio,
        "ridge": ridge,
        "step_constant": bounded("step_constant", step_constant),
        "schema": SCHEMA,
    }
    return dataset


@dataclass(frozen=True, slots=True)
class SpikeSetting:
    """Sizes and moments of one experiment, checked."""

    activation: HermiteActivation
    readout: str
    width: int
    sample_ratio: float
    first_batch_ratio: float
    first_batch: int


def read_setting(
    target: Target,
    network: Network | Activation | str,
    dimension: int,
    sample_ratio: float,
    first_batch_ratio: float | None,
    width_ratio: float | None,
) -> SpikeSetting:
    """Return the sizes and moments of an experiment, or say in one line what is wrong with them."""
    centred_labels(target)
    whole = isinstance(dimension, int | np.integer) and not isinstance(dimension, bool)
    if not whole or not 2 <= dimension <= 10**12:
        raise SpecError(f"dimension: found {dimension!r}, expected a whole number from 2 to 1e12.")
    ratio = bounded("sample_ratio", sample_ratio)
    first = ratio if first_batch_ratio is None else bounded("first_batch_ratio", first_batch_ratio)
    readout = "gaussian"
    if isinstance(network, Network):
        check_network(network)
        if width_ratio is not None:
            raise SpecError(
                "width_ratio: found a number beside a Network. The network has its width; leave it out."
            )
        sigma, readout, width = network.activation, str(network.readout), network.width
    elif width_ratio is None:
        raise SpecError("width_ratio: found none, expected p / d. Give it, or a Network, which has a width.")
    else:
        sigma = Activation.named(network)
        width = round(bounded("width_ratio", width_ratio) * int(dimension))
    if width < FEWEST_NEURONS:
        raise SpecError(
            f"width: found {width} neurons, expected at least {FEWEST_NEURONS}: the theory is for many."
        )
    moments = slanted_activation(sigma)
    batch = round(first * int(dimension))
    if batch < 1:
        raise SpecError(
            f"first_batch_ratio: found {first:g}, expected at least one sample at d = {dimension}."
        )
    return SpikeSetting(moments, readout, width, ratio, first, batch)


def read_steps(
    first_batch: int, step_exponent: Any, step_constant: Any, learning_rate: Any
) -> tuple[str, list[float], list[float] | None]:
    """Return the name of the axis, the learning rates, and the exponents where they were given.

    Examples
    --------
    >>> read_steps(100, [0.0, 0.25], 3.0, None)
    ('step_exponent', [3.0, 9.486832980505138], [0.0, 0.25])
    """
    if (step_exponent is None) == (learning_rate is None):
        raise SpecError(
            "step: expected either step_exponent (with step_constant) or learning_rate, not both."
        )
    if step_exponent is None:
        rates = numbers("learning_rate", learning_rate)
        check_rates(rates.tolist(), LARGEST)
        return "learning_rate", rates.tolist(), None
    exponents = np.atleast_1d(read_exponents("step_exponent", step_exponent))
    rates = bounded("step_constant", step_constant) * float(first_batch) ** exponents
    check_rates(rates.tolist(), LARGEST)
    return "step_exponent", rates.tolist(), exponents.tolist()


def _form(form: Any) -> str:
    if form not in FORMS:
        raise SpecError(f"form: found {form!r}, expected {' or '.join(FORMS)}{nearest(str(form), FORMS)}.")
    return str(form)


@dataclass(frozen=True, slots=True)
class _Point:
    step: OneStep
    traces: Traces
    edge: float
    outliers: tuple[FeatureOutlier, FeatureOutlier]
    initial: Losses
    gains: dict[str, tuple[Losses, Losses]]
    residual: float

    @property
    def status(self) -> Status:
        numbers = [self.initial.train, self.initial.test, self.residual]
        numbers += [
            value for pair in self.gains.values() for gain in pair for value in (gain.train, gain.test)
        ]
        if not np.all(np.isfinite(numbers)):
            return Status.NONFINITE
        worst = max(self.residual, self.step.activation.error, self.step.link.error)
        return Status.CONVERGED if worst < _PRECISE else Status.IMPRECISE


def _point(bulk: FeatureBulk, step: OneStep, lam: float) -> _Point:
    traces = bulk.at_ridge(lam)
    return _Point(
        step,
        traces,
        math.sqrt(-bulk.edge().ridge),
        feature_outliers(bulk, step),
        initial_losses(step, traces),
        {
            "": improvements(step, traces),
            "_limit": limiting_improvements(step, traces),
            "_dressed": dressed_improvements(step, bulk, lam),
        },
        bulk.residual(traces),
    )


_MESSAGES = REMEDY | {
    Status.IMPRECISE: (
        "fewer than 6 digits are good: the Gaussian moments of activation or link are not resolved. Write "
        "kinks as relu, abs, min or max, so that the integrals can split there."
    )
}


def _labelled(
    points: list[_Point],
    orders: list[list[int]],
    axis: str,
    rates: list[float],
    exponents: list[float] | None,
) -> xr.Dataset:
    import xarray as xr

    both = (axis, "spike_order")
    variables: dict[str, Any] = {
        "singular_value": (both, [[o.value for o in p.outliers] for p in points]),
        "leading_value": (both, [[o.leading for o in p.outliers] for p in points]),
        "left_alignment": (both, [[o.left for o in p.outliers] for p in points]),
        "right_alignment": (both, [[o.right for o in p.outliers] for p in points]),
        "spike_status": (both, [[_spike_status(o) for o in p.outliers] for p in points]),
    }
    for suffix, meaning in _GAINS.items():
        for part, name in (("train", "train loss"), ("test", "test error")):
            values = [[getattr(gain, part) for gain in p.gains[suffix]] for p in points]
            words = {"long_name": f"fall of the {name} by the terms up to this order, {meaning}"}
            variables[f"{part}_improvement{suffix}"] = (both, values, words)
    for name, part in (("train_loss", "train"), ("test_error", "test")):
        first = np.array([getattr(p.initial, part) for p in points])
        variables[f"initial_{name}"] = (axis, first)
        variables[name] = (both, first[:, None] - np.array(variables[f"{part}_improvement"][1]))
    for name in ("m1", "m2", "delta", "m1_slope", "m2_slope"):
        variables[name] = (axis, [getattr(p.traces, name) for p in points])
    for name in ("gradient_square", "gradient_alignment", "row_variance"):
        variables[name] = (axis, [getattr(p.step, name) for p in points])
    variables |= {
        "edge": (axis, [p.edge for p in points]),
        "spike_count": (axis, [len(found) for found in orders] if orders else [-1] * len(points)),
        "growing_orders": (axis, [",".join(map(str, found)) for found in orders] or [""] * len(points)),
        "status": (axis, [str(p.status) for p in points]),
        "message": (axis, [_MESSAGES[p.status] for p in points]),
        "residual": (axis, [p.residual for p in points]),
    }
    coordinates: dict[str, Any] = {
        "spike_order": list(SPIKES),
        axis: rates if exponents is None else exponents,
    }
    if exponents is not None:
        coordinates["learning_rate"] = (axis, rates)
    return xr.Dataset(variables, coordinates)


def _spike_status(outlier: FeatureOutlier) -> str:
    if outlier.visible:
        return "outlier"
    return "in_bulk" if outlier.leading else "absent"
