"""`task_alignment`: alignment and conditioning after multi-task pretraining, as a labelled Dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.multi_task.alignment_law import UNBALANCED, AlignmentLaw, alignment_law
from giantstep.asymptotics.multi_task.conditioning import conditioning
from giantstep.asymptotics.reading import number, numbers
from giantstep.errors import SpecError, flag, whole_number
from giantstep.streams import Streams
from giantstep.targets.tasks import Tasks, TaskTables, patterns
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
ILL = 0.1
FEW = 0.5


def task_alignment(
    tasks: TaskTables | Tasks,
    *,
    dimension: int,
    samples: float | Sequence[float] | NDArray[Any],
    layer_samples: float | None = None,
    fresh: bool = False,
    width: int | None = None,
) -> xr.Dataset:
    """Predict how much of the first layer lies in the shared latent space after two-step pretraining.

    Heads take one step on n1 samples, then the first layer one on n2, with the weight decay that cancels its
    start, so that only the gradient remains (theory note 50, S8.2 and S8.3; arXiv 2307.06887).

    Parameters
    ----------
    tasks : TaskTables or Tasks
        The very tasks; or a law of them, then drawn with seed 0. At few tasks the spread between draws is
        large: predict the tasks you have.
    dimension : int
        d, many times the rank.
    samples : float or sequence of float
        n1, and n2 unless given; of every task when fresh.
    layer_samples : float, optional
        n2.
    fresh : bool
        Every task has inputs of its own.
    width : int, optional
        Also predict the conditioning of that many neurons.

    Returns
    -------
    xarray.Dataset
        Over samples: ``alignment`` A in [0, 1], ``signal``, ``leakage`` (A = signal / (signal + leakage)),
        ``conditioning`` (smallest over largest singular value of W+ M at infinite width; alignment alone is
        blind to learning a single direction), with a width also ``conditioning_width`` and
        ``conditioning_spread``. The attribute ``warnings`` holds sentences with remedies.

    Raises
    ------
    SpecError, CapabilityError
        For numbers out of range, and cases the law is not derived for.

    Examples
    --------
    >>> found = task_alignment(Tasks(rank=3, count=None), dimension=200, samples=[2000, 8000])
    >>> found.alignment.values.round(3).tolist()
    [0.711, 0.922]
    """
    import xarray as xr

    tables = tasks.draw(Streams(0)) if isinstance(tasks, Tasks) else tasks
    if not isinstance(tables, TaskTables):
        raise SpecError(f"tasks: found {type(tasks).__name__}, expected Tasks or TaskTables.")
    whole_number("dimension", dimension, tables.rank, 10**12)
    if width is not None:
        whole_number("width", width, 1, 10**6)
    flag("fresh", fresh)
    heads = numbers("samples", samples)
    second = heads if layer_samples is None else np.full(len(heads), number("layer_samples", layer_samples))
    for name, values in (("samples", heads), ("layer_samples", second)):
        if values.min() < 1:
            raise SpecError(f"{name}: found {values.min():g}, expected at least 1.")
    pairs = list(zip(heads.tolist(), second.tolist(), strict=True))

    def ratios(neurons: int | None) -> NDArray[np.float64]:
        return np.array(
            [conditioning(tables, dimension, *pair, fresh=fresh, width=neurons) for pair in pairs]
        )

    with one_blas_thread():
        laws = [alignment_law(tables, dimension, n1, n2, fresh=fresh) for n1, n2 in pairs]
        variables = {
            "alignment": ("samples", [law.alignment for law in laws]),
            "signal": ("samples", [float(np.trace(law.inside)) for law in laws]),
            "leakage": ("samples", [law.leakage for law in laws]),
            "conditioning": ("samples", ratios(None)[:, 0].tolist()),
        }
        if width is not None:
            at_width = ratios(width)
            variables["conditioning_width"] = ("samples", at_width[:, 0].tolist())
            variables["conditioning_spread"] = ("samples", at_width[:, 1].tolist())
    dataset = xr.Dataset(variables, {"samples": heads, "layer_samples": ("samples", second)})
    dataset.attrs |= {
        "engine": "theory",
        "equations": "theory note 50, S8.3",
        "dimension": int(dimension),
        "rank": tables.rank,
        "tasks": "infinite" if math.isinf(tables.count) else int(tables.count),
        "centred": int(tables.centred),
        "fresh": int(fresh),
        "warnings": json.dumps(pitfalls(tables, laws, int(dimension)) + _narrow(width, tables.rank)),
        "schema": SCHEMA,
    }
    return dataset


def _narrow(width: int | None, rank: int) -> list[str]:
    if width is None or width >= rank:
        return []
    return [f"width: {width} cannot span {rank} directions, so the conditioning is zero. Raise it."]


def pitfalls(tasks: TaskTables, laws: Sequence[AlignmentLaw], dimension: int) -> list[str]:
    """Return sentences, each with its remedy, on what these tasks and samples cannot give (note 50, S8.7)."""
    found, rank, size = [], tasks.rank, 2**tasks.rank
    if tasks.bias > UNBALANCED:
        limit = 4 * rank / (3 * rank + dimension)
        found.append(
            "tasks: not balanced; the constant mode keeps the first layer where it was however many "
            "samples there "
            f"are: for uniform tables the alignment tends to 4r/(3r + d) = {limit:.3g}. Balance the "
            f"tables, or "
            "centre the labels."
        )
    bits = patterns(rank)
    first = np.linalg.eigvalsh(bits.T @ tasks.kernel @ bits / size**2)
    if first[-1] < 1e-12:
        found.append(
            "tasks: none has a linear part (parities), so the two steps learn nothing of the latent bits. "
            "Take "
            "tasks that correlate with a bit."
        )
        return found
    if first[0] < ILL**2 * first[-1]:
        found.append(
            f"tasks: their linear parts do not span all {rank} directions well; the alignment does not "
            f"show it, "
            f"the conditioning does. Take more tasks; {rank} is the least."
        )
    if laws[-1].alignment < FEW and tasks.bias <= UNBALANCED:
        found.append(
            f"samples: too few for {dimension} dimensions and {size} patterns; they must grow like d, and "
            f"like "
            "d 2^r / r. Raise them."
        )
    if dimension < 10 * rank:
        found.append(
            f"dimension: {dimension} is not many times the rank {rank}, as the law takes it. Raise it."
        )
    return found
