"""Verb `compare`: theory beside measurement, z-scores and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError
from giantstep.matching import matched_replicates
from giantstep.significance import equivalent_z, plain
from giantstep.verdict import AGREES, DISAGREES, NOT_RESOLVED, DirectionVerdict, judge

if TYPE_CHECKING:
    import xarray as xr

GIVEN = ("readout", "biases")
"""Variables that say which network it is; they are matched, not compared."""

LARGEST_RMS_Z = 2.0
"""Rms z-score up to which a simulation agrees with a theory of the same quantities."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` answers.

    Attributes
    ----------
    verdict : {"agrees", "disagrees", "not resolved"}
    reason : str
        One sentence.
    directions : tuple of DirectionVerdict
        Against a certificate: one entry a direction of the target space.
    scores : dict
        Against a Dataset with the same variables: for each variable ``rms_z`` (normal-equivalent, so about 1
        under agreement for any number of seeds), ``largest_z``, ``bias`` (largest absolute difference of the
        means) and ``entries``.
    resolving_batch : float or None
        Where not resolved: samples a step, at the same n/d, expected to resolve it; None when larger batches
        would not.
    """

    verdict: str
    reason: str
    directions: tuple[DirectionVerdict, ...] = ()
    scores: dict[str, dict[str, float]] | None = None
    resolving_batch: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values: no NaN, no infinity."""
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "directions": [direction.to_dict() for direction in self.directions],
            "scores": {
                name: {key: plain(value) for key, value in score.items()}
                for name, score in (self.scores or {}).items()
            },
            "resolving_batch": plain(self.resolving_batch),
        }


def compare(theory: Any, data: xr.Dataset) -> Comparison:
    """Lay a prediction beside a measurement: a verdict, with the numbers it stands on.

    Parameters
    ----------
    theory : Certificate or xarray.Dataset
        From `analyze` (or its ``dataset()``): the verdict asks which directions of the target space the
        neurons have learnt, see `giantstep.verdict.judge`. A Dataset with variables of ``data`` and no
        ``replicate``: z-scores of every entry by the standard errors over seeds.
    data : xarray.Dataset
        From `simulate` or `measure`; may have a ``dimension`` axis, which a verdict on directions needs.

    Returns
    -------
    Comparison

    Raises
    ------
    SpecError
        When the two have nothing to compare.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> theory = xr.Dataset({"test_error": ((), 0.5)})
    >>> data = xr.Dataset({"test_error": (("replicate",), np.array([0.49, 0.52, 0.50, 0.51]))})
    >>> compare(theory, data).verdict
    'agrees'
    """
    import xarray as xr

    if not isinstance(theory, xr.Dataset):
        if not hasattr(theory, "dataset"):
            raise SpecError(
                f"compare: found a {type(theory).__name__} as theory, expected a Certificate or a Dataset."
            )
        theory = theory.dataset()
    if not isinstance(data, xr.Dataset):
        raise SpecError(f"compare: found a {type(data).__name__} as data, expected a Dataset.")
    if "learned_subspace" in theory and "overlaps" not in theory:
        chain = theory["learned_subspace"].transpose("step", "direction", "direction_other").values
        answer = judge(chain, data)
        return Comparison(answer.verdict, answer.reason, answer.directions, None, answer.resolving_batch)
    return _score(theory, data)


def _score(theory: xr.Dataset, data: xr.Dataset) -> Comparison:
    """Return z-scores of every variable that theory and data share."""
    shared = [
        name
        for name in theory.data_vars
        if name not in GIVEN
        and name in data
        and "replicate" in data[name].dims
        and np.issubdtype(data[name].dtype, np.floating)
    ]
    if not shared:
        raise SpecError(
            f"compare: theory has {', '.join(map(str, theory.data_vars))}, data has "
            f"{', '.join(map(str, data.data_vars))}; none is in both with seeds to compare over."
        )
    seeds = data.sizes["replicate"]
    data = matched_replicates(theory, data)
    if data.sizes["replicate"] < min(2, seeds):
        return Comparison(
            NOT_RESOLVED,
            "readouts are drawn anew for every seed and differ from the theory's; give them as numbers",
        )
    scores = {
        str(name): _score_one(theory[name], data[name], theory.get(f"{name}_se", 0.0)) for name in shared
    }
    counts = np.array([score["entries"] for score in scores.values()])
    if not counts.sum():
        return Comparison(
            NOT_RESOLVED, "no entry has two seeds: no standard error; use more seeds", (), scores
        )
    # A variable without entries has rms z NaN and must not spoil the mean.
    squares = np.array([score["rms_z"] ** 2 if score["entries"] else 0.0 for score in scores.values()])
    rms = float(np.sqrt((squares * counts).sum() / counts.sum()))
    bias = max(score["bias"] for score in scores.values() if score["entries"])
    verdict = AGREES if rms < LARGEST_RMS_Z else DISAGREES
    reason = f"rms z {rms:.2f} over {int(counts.sum())} entries, largest difference of means {bias:.2g}"
    return Comparison(verdict, reason, (), scores)


def _score_one(theory: xr.DataArray, data: xr.DataArray, theory_error: Any) -> dict[str, float]:
    """Return the z-scores' summary; the theory's own standard error, where it has one, is added."""
    import xarray as xr

    data, theory = xr.align(data, theory, join="inner")
    own = (theory_error + xr.zeros_like(theory)).broadcast_like(data.isel(replicate=0, drop=True))
    theory = theory.broadcast_like(own)
    values = data.transpose("replicate", *theory.dims).values
    count = np.isfinite(values).sum(0)
    filled = np.where(np.isfinite(values), values, 0.0)
    mean = filled.sum(0) / np.maximum(count, 1)
    spread = np.where(np.isfinite(values), values - mean, 0.0)
    error = np.sqrt((spread**2).sum(0) / np.maximum(count - 1, 1) / np.maximum(count, 1))
    difference = mean - theory.values
    # Entries without spread (the initial norms, say) carry round-off, not information.
    usable = (count > 1) & np.isfinite(difference) & (error > 1e-9 * np.maximum(1.0, np.abs(mean)))
    total = np.hypot(error, own.transpose(*theory.dims).values)
    z = equivalent_z(difference[usable] / total[usable], count[usable] - 1)
    return {
        "rms_z": float(np.sqrt((z**2).mean())) if z.size else float("nan"),
        "largest_z": float(np.abs(z).max()) if z.size else float("nan"),
        "bias": float(np.abs(difference[usable]).max()) if z.size else float("nan"),
        "entries": int(z.size),
    }
