"""How a direction's overlap grows with the dimension: what a verdict on directions is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from giantstep.alignment import cleared

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
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


def judged_basis(chain: Array, data: xr.Dataset) -> tuple[Array, list[int | None]]:
    """Return `adapted_basis`, turned where several directions join at once and an axis would hide a weak one.

    Neurons that learnt only (4, 1) of a plane overlap with both its axes; the direction that decides is
    (1, -4). So a joint gain takes the principal axes of the measured overlaps (last step, largest dimension)
    when its weakest principal axis has less than a tenth of the overlap of every plain one.
    """
    vectors, steps = adapted_basis(chain)
    rows, _ = cleared(data.isel(step=-1))
    m = rows.transpose("dimension", ..., "direction").values
    m = m[np.isfinite(m).any(axis=tuple(range(1, m.ndim)))]
    largest = m[-1].reshape(-1, vectors.shape[1]) if len(m) else np.zeros((0, vectors.shape[1]))
    largest = largest[np.isfinite(largest).all(-1)]
    for step in {step for step in steps if step is not None}:
        block = [k for k, own in enumerate(steps) if own == step]
        inside = largest @ vectors[block].T
        gram = inside.T @ inside
        sizes, turn = np.linalg.eigh(gram)
        if len(block) > 1 and len(inside) > len(block) and sizes[0] < 0.1 * np.diag(gram).min():
            vectors[block] = turn.T[::-1] @ vectors[block]
    return vectors, steps


def overlap_samples(data: xr.Dataset, vectors: Array) -> list[Sample]:
    """Return each direction's measurements at one step; data has (dimension, replicate, neuron, ..)."""
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
        samples.append(Sample(log_d, seed, log_energy - np.log(level[usable]), log_energy))
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
