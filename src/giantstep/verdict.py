"""Which directions of the target space have the neurons learnt? Measured, and held against a prediction."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.alignment import cleared
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


@dataclass(frozen=True, slots=True)
class _Sample:
    """One direction's measurements: log s and log mean_i (w_i.v)^2 of every usable (dimension, seed)."""

    log_d: Array
    seed: NDArray[np.int64]
    log_level: Array
    log_energy: Array

    @property
    def dimensions(self) -> int:
        return len(np.unique(self.log_d))

    @property
    def most_seeds(self) -> int:
        return max((int((self.log_d == d).sum()) for d in np.unique(self.log_d)), default=0)

    def level(self) -> tuple[float, float, int]:
        """Return the mean of log s at the largest d, its standard error, and degrees of freedom.

        The spread over seeds is pooled over dimensions. Points of a study share their random numbers, so a
        seed may deviate alike at every dimension (measured correlation 0.9 for learnt directions: the
        readout is the same): the degrees of freedom are those of the dimension with most seeds.
        """
        largest = self.log_d == self.log_d.max()
        residual = self.log_level - _means(self.log_level, self.log_d)
        total = len(residual) - self.dimensions
        error = math.sqrt(float((residual**2).sum()) / total / largest.sum()) if total else math.nan
        return float(self.log_level[largest].mean()), error, self.most_seeds - 1

    def slope(self) -> tuple[float, float, int]:
        """Return the slope of log energy on log d within seeds, its standard error, degrees of freedom.

        Each seed has its own level, for the same reason; what is left after seeds' and dimensions' own
        effects is noise, so that a curved dependence on log d does not pass for noise.
        """
        x, y = (
            self.log_d - _means(self.log_d, self.seed),
            self.log_energy - _means(self.log_energy, self.seed),
        )
        leverage = float((x**2).sum())
        if leverage < 1e-12:
            return math.nan, math.nan, 0
        effects = np.concatenate([_indicators(self.log_d), _indicators(self.seed)], axis=1)
        fitted, _, rank, _ = np.linalg.lstsq(effects, self.log_energy, rcond=None)
        freedom = len(y) - int(rank)
        noise = float(((self.log_energy - effects @ fitted) ** 2).sum())
        error = math.sqrt(noise / freedom / leverage) if freedom > 0 else math.nan
        return float((x * y).sum()) / leverage, error, freedom


def _indicators(groups: NDArray) -> Array:
    return np.asarray(groups[:, None] == np.unique(groups), dtype=float)


def _means(values: Array, groups: NDArray) -> Array:
    """Return for each value the mean of its group."""
    member = _indicators(groups)
    means: Array = member @ ((member.T @ values) / member.sum(0))
    return means


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
    if "dimension" not in data.dims:
        if "dimension" not in data.attrs:
            raise SpecError("compare: data has neither a 'dimension' axis nor the attribute 'dimension'.")
        data = data.expand_dims(dimension=[int(data.attrs["dimension"])])
    last = data.sizes["step"] - 1
    rank = chain.shape[-1]
    if data.sizes["direction"] != rank:
        raise SpecError(
            f"compare: theory has {rank} directions, data has {data.sizes['direction']}. "
            "Use the same target for both."
        )
    vectors, steps = adapted_basis(chain[: last + 1])
    samples = _samples(data.isel(step=last), vectors)
    tests = 2 * rank
    found = [
        _direction(v, step, sample, tests) for v, step, sample in zip(vectors, steps, samples, strict=True)
    ]
    return _summary(found, samples, data, tests)


def adapted_basis(chain: Array) -> tuple[Array, list[int | None]]:
    """Return orthonormal directions (each step's gain, then the complement) and the step of each."""
    rank = chain.shape[-1]
    known: list[Array] = []
    steps: list[int | None] = []
    stages = [(number, projector) for number, projector in enumerate(chain)]
    for number, projector in [*stages, (None, np.eye(rank))]:
        rest = np.array(projector, dtype=float)
        for v in known:
            rest -= np.outer(rest @ v, v)
        # Pivoted Gram-Schmidt: coordinate axes come out as coordinate axes.
        while (sizes := np.einsum("ij,ij->i", rest, rest)).max() > 1e-6:
            v = rest[int(np.argmax(sizes > sizes.max() * (1 - 1e-9)))]
            v = v / np.linalg.norm(v)
            known.append(v)
            steps.append(number)
            rest -= np.outer(rest @ v, v)
    return np.array(known).reshape(-1, rank), steps


def _samples(data: xr.Dataset, vectors: Array) -> list[_Sample]:
    overlaps, energies = cleared(data)
    order = ("dimension", "replicate", "neuron")
    rows = overlaps.transpose(*order, "direction").values
    energy = energies.transpose(*order).values
    if "linear_energy" in data:
        rows, energy = _with_linear_part(data, rows, energy)
    rank = rows.shape[-1]
    dimension = np.asarray(data["dimension"].values, dtype=float)[:, None]
    total, inside = energy.mean(-1), (rows**2).sum(-1).mean(-1)
    # Cancellation can leave a tiny negative energy where everything is in the target space.
    level = np.maximum(total - inside, 1e-12 * total) / np.maximum(dimension - rank, 1.0)
    samples = []
    for v in vectors:
        projected = ((rows @ v) ** 2).mean(-1)
        usable = np.isfinite(projected) & np.isfinite(level) & (level > 0)
        log_d = np.broadcast_to(np.log(dimension), projected.shape)[usable]
        seed = np.broadcast_to(np.arange(projected.shape[1]), projected.shape)[usable]
        log_energy = np.log(np.maximum(projected[usable], 1e-300))
        samples.append(_Sample(log_d, seed, log_energy - np.log(level[usable]), log_energy))
    return samples


def _with_linear_part(data: xr.Dataset, rows: Array, energy: Array) -> tuple[Array, Array]:
    """Append preprocessing's C_1 as one more row, scaled to the neurons' norm."""
    own = data["linear_energy"].transpose("dimension", "replicate").values
    direction = data["linear_overlaps"].transpose("dimension", "replicate", "direction").values
    present = np.isfinite(own) & (own > 0)
    norm = energy.mean(-1)
    scale = np.sqrt(np.divide(norm, own, out=np.zeros_like(norm), where=present))
    # Steps without preprocessing: the added row repeats the mean energy outside the target space, no overlap.
    row = np.where(present[..., None], np.nan_to_num(direction) * scale[..., None], 0.0)
    if not present.any():
        return rows, energy
    return np.concatenate([rows, row[..., None, :]], axis=-2), np.concatenate([energy, norm[..., None]], -1)


def _direction(vector: Array, step: int | None, sample: _Sample, tests: int) -> DirectionVerdict:
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


def _summary(found: list[DirectionVerdict], samples: list[_Sample], data: xr.Dataset, tests: int) -> Verdict:
    directions = tuple(found)
    wrong = [one for one in found if one.verdict == DISAGREES]
    if wrong:
        worst = wrong[0]
        what = (
            "is predicted but fades as d grows"
            if worst.predicted_step is not None
            else "is learnt against the prediction"
        )
        return Verdict(DISAGREES, f"{_text(worst.vector)} {what} (slope {worst.slope:+.2f})", directions)
    if all(one.verdict == AGREES for one in found):
        learnt = sum(one.predicted_step is not None for one in found)
        return Verdict(
            AGREES, f"{learnt} predicted directions learnt, {len(found) - learnt} others not", directions
        )
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


def _growth(one: DirectionVerdict, sample: _Sample, tests: int) -> float:
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
