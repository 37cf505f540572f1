"""`outlier_phases`: how many outliers two giant steps leave, and what each sees, over the step exponents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.asymptotics.spectra.activation_moments import HermiteActivation, slanted_activation
from giantstep.asymptotics.spectra.ladder import HIGHEST, Ladder, ladder, top_rung
from giantstep.asymptotics.spectra.link_moments import centred_labels
from giantstep.asymptotics.spectra.phases import (
    boundary,
    diverging,
    floor_of,
    lowest_informative_rung,
    read_exponents,
    silence,
    strict_count,
)
from giantstep.networks import Activation
from giantstep.targets import Target
from giantstep.threads import one_blas_thread

if TYPE_CHECKING:
    import xarray as xr

SCHEMA = 1
SAMPLE_RATIO = 2.5
"""Batch / dimension at which it is decided whether a rung's E[t h_k] is zero; generic ratios agree."""


def outlier_phases(
    target: Target,
    activation: Activation | str,
    *,
    first_exponent: float | Sequence[float],
    second_exponent: float | Sequence[float],
    reuse: bool = False,
) -> xr.Dataset:
    """Count the outliers of the first layer after two steps of learning rates C1 p^alpha1 and C2 p^alpha2.

    This is the limit of large width, dimension and batch in proportion, for labels as gradient
    (``loss="correlation"``); constants do not enter. For the outliers at a width use `outliers`.

    Parameters
    ----------
    target : Target
        Of rank 1 with E y = 0.
    activation : Activation or str
        A polynomial of degree K + 1 has the rungs 0..K; of other smooth ones 0..2 are counted, of a kinked
        one rung 0 only, for the ladder needs derivatives.
    first_exponent, second_exponent : float or sequence of float
        alpha1 and alpha2, in [0, 1/2). Sequences make axes of the result.
    reuse : bool
        Whether the second step is taken on the first one's batch.

    Returns
    -------
    xarray.Dataset
        Over the exponents: ``outlier_count`` (rungs that grow with the width), ``informative_count`` (those
        that see the teacher), ``boundary_count`` (rungs of order one, decided by constants), ``floor``
        (of alpha2 / (1/2 - alpha1)) and ``uncapped_count`` for an activation with all rungs; ``present``,
        ``informative`` and ``on_boundary`` over ladder_term too. Attributes: ``lowest_informative_rung`` (k*
        of a generic activation, -1 for none) and ``notes``, a JSON list of sentences.

    Raises
    ------
    SpecError
        For exponents outside [0, 1/2), a target of another rank, labels that are not centred, an activation
        with c_1 = E sigma' = 0.

    References
    ----------
    Theory note 40, sections B.2 and B.5; arXiv 2605.17767.

    Examples
    --------
    >>> found = outlier_phases(Target.parse("He3(z1)"), "He1+0.2*He2+0.1*He3", reuse=True,
    ...                        first_exponent=[0.2, 0.4], second_exponent=0.25)
    >>> found.outlier_count.values.tolist(), found.informative.values.tolist()
    ([1, 3], [[False, False, False], [False, False, True]])
    """
    alpha1 = read_exponents("first_exponent", first_exponent)
    alpha2 = read_exponents("second_exponent", second_exponent)
    with one_blas_thread():
        sigma, link = slanted_activation(activation), centred_labels(target)
        rungs = ladder(
            sigma, link, first_batch_ratio=SAMPLE_RATIO, second_batch_ratio=SAMPLE_RATIO, reuse=bool(reuse)
        )
        lowest = lowest_informative_rung(link, bool(reuse))
        notes = [*ladder_notes(sigma, rungs, bool(reuse)), silence(link, bool(reuse), rungs.sees)]
    dataset = phases_of(rungs, alpha1, alpha2)
    dataset.attrs |= {
        "engine": "theory",
        "equations": "theory note 40, sections B.2 and B.5",
        "target": str(target),
        "activation": sigma.activation.name,
        "reuse": int(bool(reuse)),
        "lowest_informative_rung": -1 if lowest is None else lowest,
        "notes": json.dumps([note for note in notes if note]),
        "schema": SCHEMA,
    }
    return dataset


def phases_of(rungs: Ladder, alpha1: Any, alpha2: Any) -> xr.Dataset:
    """Return the phases of a known ladder; arrays of shape () or (n,) become axes."""
    import xarray as xr

    one, two = np.meshgrid(np.atleast_1d(alpha1), np.atleast_1d(alpha2), indexing="ij")
    grows = diverging(one, two, rungs.top) & ~rungs.missing
    sees = grows & rungs.informative
    edge = boundary(one, two, rungs.top) & ~rungs.missing
    axes = ("first_exponent", "second_exponent")
    terms = (*axes, "ladder_term")
    dataset = xr.Dataset(
        {
            "outlier_count": (axes, grows.sum(-1)),
            "informative_count": (axes, sees.sum(-1)),
            "boundary_count": (axes, edge.sum(-1)),
            "floor": (axes, floor_of(one, two)),
            "uncapped_count": (axes, strict_count(one, two)),
            "present": (terms, grows),
            "informative": (terms, sees),
            "on_boundary": (terms, edge),
        },
        {
            "first_exponent": np.atleast_1d(alpha1),
            "second_exponent": np.atleast_1d(alpha2),
            "ladder_term": np.arange(rungs.top + 1),
        },
    )
    given = zip(axes, (alpha1, alpha2), strict=True)
    return dataset.squeeze([name for name, value in given if not np.ndim(value)])


def ladder_notes(activation: HermiteActivation, rungs: Ladder, reuse: bool) -> list[str]:
    """Return sentences on the rungs there are, and why others are not."""
    name, notes = activation.activation.name, []
    if activation.activation.kinks:
        notes.append(
            f"{name} has a kink, so the ladder's derivatives are no functions: only rung 0 is predicted, and "
            "outliers beyond it are outside the theory"
        )
    elif activation.degree is None:
        notes.append(f"{name} is no polynomial: rungs 0 to {rungs.top} are taken, higher ones are left out")
    elif activation.degree - 1 > HIGHEST:
        notes.append(f"rungs above {HIGHEST} are left out")
    elif top_rung(activation) == rungs.top:
        notes.append(f"{name} has degree {activation.degree}: the ladder ends at rung {rungs.top}")
    gone = [str(k) for k in np.flatnonzero(rungs.missing)]
    if gone:
        why = "E[sigma^(k+1) sigma'^i] vanishes" if reuse else "c_(k+1) vanishes"
        notes.append(f"missing rungs k = {', '.join(gone)}: {why}")
    return notes
