"""Which directions of the target space have the neurons learnt? Measured, and held against a prediction."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.climb import Sample, judged_basis, overlap_samples
from giantstep.errors import SpecError
from giantstep.significance import equivalent_z, needed_t, needed_z, plain

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

AGREES, DISAGREES, NOT_RESOLVED = "agrees", "disagrees", "not resolved"

BORDER = -0.5
"""Slope of log (overlap squared) on log d half way between learnt (0) and not learnt (-1)."""

_LARGEST_BATCH = 1e15


@dataclass(frozen=True, slots=True)
class DirectionVerdict:
    """One direction of the target space.

    Attributes
    ----------
    vector : tuple of float
        Unit vector in z coordinates.
    predicted_step : int or None
        First step t with the direction in U_t; None where theory says it is not learnt.
    level : float
        Geometric mean over seeds, at the largest d, of s = mean_i (w_i.v)^2 over its isotropic level.
    level_z : float
        Normal-equivalent z of log s.
    slope, slope_se, slope_z : float
        Slope of log mean_i (w_i.v)^2 on log d, and z of its distance from -1/2 (positive: above). NaN where
        there is one dimension or one seed.
    verdict : str
    """

    vector: tuple[float, ...]
    predicted_step: int | None
    level: float
    level_z: float
    slope: float
    slope_se: float
    slope_z: float
    verdict: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        numbers = {
            name: plain(getattr(self, name)) for name in ("level", "level_z", "slope", "slope_se", "slope_z")
        }
        vector = [round(x, 12) + 0.0 for x in self.vector]
        return {
            "vector": vector,
            "predicted_step": self.predicted_step,
            **numbers,
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on all directions together."""

    verdict: str
    reason: str
    directions: tuple[DirectionVerdict, ...]
    resolving_batch: float | None = None


def judge(chain: Array, data: xr.Dataset) -> Verdict:
    """Hold a chain of learned subspaces against measured overlaps.

    For each direction v of U_T, of every step's gain apart, and of its complement in the target space, with
    neurons cleared of preprocessing's linear part (which joins them as one more row, for it is learnt too):
    s = mean_i (w_i.v)^2 / ((off-target energy) / (d - r)). *agrees*: every predicted direction has s > 1 at
    the largest d and a slope of log mean_i (w_i.v)^2 on log d above -1/2, every other direction a slope below
    -1/2, all at z > 3 (normal-equivalent of Student's t, Bonferroni over all tests). *disagrees*: a predicted
    direction has a slope below -1/2, or another one s > 1 and a slope above -1/2, at z > 3. Else *not
    resolved*. The standard error of log s pools the spread over seeds of all dimensions; that of the slope is
    taken within seeds, which share their random numbers over dimensions.

    Parameters
    ----------
    chain : array, shape (steps, rank, rank)
        Projectors on U_0, U_1, ..; the last one lasts.
    data : xarray.Dataset
        ``overlaps`` and ``self_overlaps``; a ``dimension`` axis or attribute.
    """
    steps = climb(chain, data)
    data = _with_dimension(data)
    samples = overlap_samples(data.isel(step=-1), np.array([one.vector for one in steps[-1]]))
    return _summary(steps[-1], samples, data, 2 * chain.shape[-1])


def climb(chain: Array, data: xr.Dataset) -> list[list[DirectionVerdict]]:
    """Return for every step t the verdict on each direction (the same at all steps) against U_t.

    Parameters and errors as `judge`.
    """
    data = _with_dimension(data)
    rank, count = chain.shape[-1], data.sizes["step"]
    if data.sizes["direction"] != rank:
        raise SpecError(
            f"compare: theory has {rank} directions, data has {data.sizes['direction']}. "
            "Use the same target for both."
        )
    vectors, learnt = judged_basis(chain[:count], data)
    found = []
    for number in range(count):
        samples = overlap_samples(data.isel(step=number), vectors)
        # A direction that joins later is not predicted yet.
        now = [step if step is not None and step <= number else None for step in learnt]
        found.append([_direction(v, t, s, 2 * rank) for v, t, s in zip(vectors, now, samples, strict=True)])
    return found


def _with_dimension(data: xr.Dataset) -> xr.Dataset:
    if "dimension" in data.dims:
        return data
    if "dimension" not in data.attrs:
        raise SpecError("compare: data has neither a 'dimension' axis nor the attribute 'dimension'.")
    return data.expand_dims(dimension=[int(data.attrs["dimension"])])


def _direction(vector: Array, step: int | None, sample: Sample, tests: int) -> DirectionVerdict:
    level, level_z = math.nan, math.nan
    slope, slope_se, slope_z = math.nan, math.nan, math.nan
    if len(sample.log_d):
        mean, error, freedom = sample.level()
        level = math.exp(min(mean, 700.0))
        if freedom > 0 and error > 0:
            level_z = float(equivalent_z(mean / error, freedom))
        slope, slope_se, freedom = sample.slope()
        if freedom > 0 and slope_se > 0:
            slope_z = float(equivalent_z((slope - BORDER) / slope_se, freedom))
    verdict = _verdict(step is not None, level_z, slope_z, needed_z(tests))
    return DirectionVerdict(
        tuple(map(float, vector)), step, level, level_z, slope, slope_se, slope_z, verdict
    )


def _verdict(predicted: bool, level_z: float, slope_z: float, needed: float) -> str:
    """Comparisons with NaN are false, so what is unknown stays not resolved."""
    learnt = level_z > needed and slope_z > needed
    lost = slope_z < -needed
    if predicted:
        return AGREES if learnt else DISAGREES if lost else NOT_RESOLVED
    return AGREES if lost else DISAGREES if learnt else NOT_RESOLVED


def _summary(found: list[DirectionVerdict], samples: list[Sample], data: xr.Dataset, tests: int) -> Verdict:
    directions = tuple(found)
    wrong = [one for one in found if one.verdict == DISAGREES]
    if wrong:
        worst = wrong[0]
        what = (
            "is predicted but fades as d grows: not learnt, or too weak to show at these d"
            if worst.predicted_step is not None
            else "is learnt against the prediction"
        )
        return Verdict(
            DISAGREES,
            f"{_text(worst.vector)} {what} (slope {worst.slope:+.2f}, s = {worst.level:.2g})",
            directions,
        )
    if all(one.verdict == AGREES for one in found):
        learnt = sum(one.predicted_step is not None for one in found)
        noun = "direction" if learnt == 1 else "directions"
        reason = f"{learnt} predicted {noun} learnt, {len(found) - learnt} others not"
        return Verdict(AGREES, reason, directions)
    dimensions, seeds = samples[0].dimensions, samples[0].most_seeds
    if not dimensions:
        return Verdict(NOT_RESOLVED, "no finite measurement: every run diverged or is missing", directions)
    if seeds < 2:
        return Verdict(NOT_RESOLVED, "one seed gives no standard error; use more seeds", directions)
    batch = _batch(data)
    if dimensions < 2:
        reason = "one dimension gives no slope; measure at another dimension too"
        return Verdict(NOT_RESOLVED, reason, directions, None if batch is None else 10 * batch)
    doubtful = [
        (one, sample) for one, sample in zip(found, samples, strict=True) if one.verdict == NOT_RESOLVED
    ]
    names = ", ".join(_text(one.vector) for one, _ in doubtful)
    factor = max(_growth(one, sample, tests) for one, sample in doubtful)
    needed = None if batch is None or factor * batch > _LARGEST_BATCH else factor * batch
    remedy = f"a batch of about {needed:.0e} at the same n/d" if needed else "more seeds"
    return Verdict(NOT_RESOLVED, f"{names}: {remedy} would resolve it", directions, needed)


def _growth(one: DirectionVerdict, sample: Sample, tests: int) -> float:
    """Return the factor by which d (and n with it) must grow for one more dimension to settle a direction."""
    growth = 0.0
    if one.predicted_step is not None:
        # s grows as d^(1 + slope) along the measured trend.
        mean, error, freedom = sample.level()
        growth = max(0.0, needed_t(tests, max(freedom, 1)) * error - mean) / max(1.0 + one.slope, 0.1)
    _, error, freedom = sample.slope()
    distance = abs(one.slope - BORDER) / max(error, 1e-300) / needed_t(tests, max(freedom, 1))
    top, count = sample.log_d.max(), int((sample.log_d == sample.log_d.max()).sum())
    leverage = float(((sample.log_d - sample.log_d.mean()) ** 2).sum())
    for step in np.linspace(0.0, 40.0, 401):
        extended = np.concatenate([sample.log_d, np.full(count, top + step)])
        if distance**2 * ((extended - extended.mean()) ** 2).sum() >= leverage:
            return math.exp(max(growth, float(step)))
    return math.inf


def _batch(data: xr.Dataset) -> float | None:
    """Return the samples of the last step at the largest dimension, where the data say."""
    if "samples" in data:
        values = data["samples"].values[np.isfinite(data["samples"].values)]
        return float(values.max()) if values.size else None
    batches = json.loads(data.attrs.get("batch", "[]"))
    return float(batches[-1]) if batches else None


def _text(vector: tuple[float, ...]) -> str:
    return "(" + ", ".join(f"{round(x, 3) + 0.0:g}" for x in vector) + ")"
