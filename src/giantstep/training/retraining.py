"""The readout stage: after the last step, test the network and refit its readout on fresh samples.

Everything here needs only the overlaps of one snapshot, so it costs nothing in the dimension.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from giantstep.errors import SpecError, nearest
from giantstep.networks.ridge import NormalEquations, RidgeFits, penalty_grid
from giantstep.sizes import Size
from giantstep.streams import Role
from giantstep.threads import ordered_map
from giantstep.training.choice import Cost
from giantstep.training.experiment import COMPLETED, Array64, Experiment, Trajectory, chunks
from giantstep.training.generalisation import population_errors, sample_count
from giantstep.training.local_fields import BLOCK, CHUNK, LocalFields

AUTO = "auto"
_ALLOWED = "a number > 0, several of them, 'auto' (generalised cross-validation), or None"


@dataclass(frozen=True, slots=True)
class Retraining:
    """How the readout is refitted after the last step; without a penalty it stays as it was at the start.

    Attributes
    ----------
    ridge : None, "auto" or tuple of float
        Penalties; of several, generalised cross-validation takes one.
    batch : Size or None
        Fresh samples of the regression; None is max(64 width, 4096).

    Examples
    --------
    >>> Retraining.parse(1e-2, "4p", dimension=1000, width=8).samples(dimension=1000, width=8)
    32
    >>> Retraining.parse("auto", None, dimension=1000, width=8).samples(dimension=1000, width=8)
    4096
    """

    ridge: tuple[float, ...] | str | None = None
    batch: Size | None = None

    @classmethod
    def parse(cls, ridge: Any, batch: Any, *, dimension: int, width: int) -> Retraining:
        """Read what the user wrote.

        Parameters
        ----------
        ridge : None, float > 0, "auto" or sequence of float
        batch : None, int or str
            A size such as ``"64p"`` or ``"4d"``.
        dimension, width : int
            Where the batch will be used; it must be at least one sample there.

        Raises
        ------
        SpecError
            Names the field, what was found and what is allowed.
        """
        penalties = _penalties(ridge)
        if batch is None:
            return cls(penalties)
        size = Size.parse(batch, name="ridge_batch")
        if penalties is None:
            raise SpecError(
                f"ridge_batch: found {size} without a ridge, expected both. "
                "Give ridge a number or 'auto', or leave ridge_batch out."
            )
        size.count(dimension=dimension, width=width, name="ridge_batch")
        return cls(penalties, size)

    def samples(self, *, dimension: int, width: int) -> int:
        """Return the number of fresh samples of the regression."""
        if self.batch is None:
            return max(64 * width, 4096)
        return self.batch.count(dimension=dimension, width=width, name="ridge_batch")

    def penalties(self, *, dimension: int, width: int) -> Array64:
        """Return every penalty that is tried; see `giantstep.networks.ridge.penalty_grid` for ``auto``."""
        if isinstance(self.ridge, tuple):
            return np.array(self.ridge)
        return penalty_grid(self.samples(dimension=dimension, width=width), width)

    def cost(self, experiment: Experiment) -> Cost:
        """Return what this stage will cost, up to a factor of about two."""
        width = experiment.network.width
        tested = sample_count(width)
        seconds, memory = tested * (width * 1.2e-8 + 8e-12 * 2 * width * width), 8.0 * 3 * width**2
        if self.ridge is not None:
            samples = self.samples(dimension=experiment.dimension, width=width)
            # Twice: the no-step baseline is the same stage on the start's layer.
            seconds += (
                2 * (samples * (width * 1.2e-8 + 2.4e-11 * width**2) + 1e-9 * width**3)
                + tested * width * 1e-8
            )
            memory += 8.0 * width**2 * (3 + 2 * experiment.threads)
        return Cost(seconds, memory + 32.0 * BLOCK * width * experiment.threads)


def _penalties(ridge: Any) -> tuple[float, ...] | str | None:
    if ridge is None or (isinstance(ridge, str) and ridge == AUTO):
        return ridge
    if isinstance(ridge, str | int | float | np.number):
        return (_penalty(ridge),)
    try:
        values = tuple(_penalty(value) for value in ridge)
    except TypeError:
        raise SpecError(f"ridge: found {ridge!r}, expected {_ALLOWED}.") from None
    if not values:
        raise SpecError(f"ridge: found an empty list, expected {_ALLOWED}.")
    if len(set(values)) < len(values):
        raise SpecError(f"ridge: found {ridge!r} with a penalty listed twice, expected distinct ones.")
    return values


def _penalty(value: Any) -> float:
    hint = nearest(value, [AUTO]) if isinstance(value, str) else ""
    error = SpecError(f"ridge: found {value!r}, expected {_ALLOWED}{hint}.")
    if isinstance(value, bool | np.bool_) or not isinstance(value, str | int | float | np.number):
        raise error
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise error from None
    if not 0.0 < number < math.inf:
        raise error
    return number


def assess(experiment: Experiment, trajectory: Trajectory, retraining: Retraining) -> dict[str, float | str]:
    """Return how well one replicate's network predicts fresh samples.

    Without a penalty the readout is the initial one; with one it is refitted on fresh samples after the last
    step, and the same stage on the layer of step 0 gives the baseline "no step" (random features). With
    preprocessing the predictor is C_0 + C_1 . x + network and the regression is on what C_0 + C_1 . x leaves.

    Returns
    -------
    dict
        ``test_error`` E (y - f)^2 with the label noise, ``test_error_se`` its sampling error,
        ``test_error_clean`` the same without the noise, ``test_error_method`` (``closed form``, with sampling
        error 0, or ``sampled``). With a penalty also ``ridge`` (the one taken), ``training_error``, ``gcv``
        (its score), ``test_error_no_step`` and ``test_error_no_step_se``. NaN after a divergence.

    References
    ----------
    theory note 00 (conventions), theory note 20 ("After training").
    """
    result: dict[str, float | str] = dict.fromkeys(
        ("test_error", "test_error_se", "test_error_clean"), math.nan
    )
    result["test_error_method"] = ""
    trained: dict[str, float | str] = {}
    steps = len(trajectory.snapshots) - 1
    if trajectory.status == COMPLETED:
        last = LocalFields.of(trajectory.snapshots[-1], trajectory.biases, steps)
        trained = _measured(experiment, last, trajectory.readout, retraining)
    if retraining.ridge is not None:
        more = ("ridge", "training_error", "gcv", "test_error_no_step", "test_error_no_step_se")
        result |= dict.fromkeys(more, math.nan)
        baseline = trained
        if steps or not trained:
            start = LocalFields.of(trajectory.snapshots[0], trajectory.biases, 0)
            baseline = _measured(experiment, start, trajectory.readout, retraining)
        result["test_error_no_step"] = baseline.get("test_error", math.nan)
        result["test_error_no_step_se"] = baseline.get("test_error_se", math.nan)
    return result | trained


def _measured(
    experiment: Experiment, fields: LocalFields | None, readout: Array64, retraining: Retraining
) -> dict[str, float | str]:
    """Return the errors of one layer, or nothing where its numbers overflow float32."""
    if fields is None:
        return {}
    result: dict[str, float | str] = {}
    if retraining.ridge is not None:
        fits = fit_readout(experiment, fields, retraining)
        if fits is None:
            return {}
        best, readout = fits.best, fits.readouts[fits.best]
        result["ridge"] = float(fits.ridges[best])
        result["training_error"], result["gcv"] = float(fits.training_errors[best]), float(fits.scores[best])
    errors = population_errors(experiment, fields, readout[None])
    clean = float(errors.clean[0])
    result["test_error_method"] = errors.method
    # Fresh noise is independent of all else, so its variance is added, not sampled.
    result["test_error"] = clean + experiment.target.noise
    result["test_error_se"], result["test_error_clean"] = float(errors.standard_errors[0]), clean
    return result


def fit_readout(experiment: Experiment, fields: LocalFields, retraining: Retraining) -> RidgeFits | None:
    """Return the regression on fresh samples at every penalty, or None where features overflow.

    Cost O(samples width^2), memory O(width^2), whatever the dimension.
    """
    sizes = {"dimension": experiment.dimension, "width": experiment.network.width}

    def chunk_sums(item: tuple[int, int]) -> NormalEquations:
        sums = NormalEquations.empty(fields.width)
        with np.errstate(over="ignore", invalid="ignore"):
            for features, y in fields.blocks(experiment, Role.READOUT, *item, noisy=True):
                sums.add(features, y)
        return sums

    total = NormalEquations.empty(fields.width)
    for part in ordered_map(chunk_sums, chunks(retraining.samples(**sizes), CHUNK), experiment.threads):
        total.join(part)
    return total.path().fits(retraining.penalties(**sizes)) if total.finite else None
