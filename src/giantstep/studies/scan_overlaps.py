"""From a collected scan to overlaps: how much of a step's gradient lies in the directions it should add.

Everything is taken in the complement of what is learnt before the step, U: theory note 10, section 2.3.
There a neuron's own row is no news either, so the gradient is cleared of it first; the row is taken in the
complement too, since what is left of it there would otherwise stand in every gradient of a step t >= 2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.asymptotics.one_step_law import one_step_overlaps
from giantstep.networks import Network
from giantstep.protocol import Protocol

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]

RATES = np.geomspace(1e-2, 1e2, 121)
"""Learning rates, in units of the row's norm over the gradient's."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What theory expects of a scanned step.

    Attributes
    ----------
    step : int
    known, gained : array, shape (rank, rank)
        Projectors on U before the step and on what the step adds.
    leap : int or None
        The power of d that the certificate names for the gained directions.
    """

    step: int
    known: Array
    gained: Array
    leap: int | None


@dataclass(frozen=True, slots=True)
class ScanCurves:
    """One scan at one dimension; a row of NaN for a replicate that is missing.

    Attributes
    ----------
    samples : array, shape (batch,)
    overlaps : array, shape (replicate, batch)
        Mean over neurons of the squared cosine of the gradient with the gained directions.
    theory : array, shape (replicate, batch), or None
        S / (S + N) for the same start, where it is known.
    rates : array, shape (rate,)
        Learning rates.
    turned : array, shape (replicate, rate + 1)
        Mean squared cosine of the row after a step at each rate on the largest batch; last, infinite rate.
    """

    samples: Array
    overlaps: Array
    theory: Array | None
    rates: Array
    turned: Array


def expected_gain(one: xr.Dataset) -> Gain:
    """Return what the certificate beside a scan says about its last step.

    Where the last step adds nothing at its batch exponent, the whole rest of the target space is looked at.
    """
    theory = one["learned_subspace"]
    chain: Array = (theory.isel(dimension=-1) if "dimension" in theory.dims else theory).values
    text = str(one["certificate"].values.ravel()[-1])
    certificate = json.loads(text)
    step = len(chain) - 1
    known, gained = chain[step - 1], chain[step] - chain[step - 1]
    leaps = certificate.get("per_direction_leap", [])
    if np.trace(gained) < 0.5:
        rows = [np.array(item["basis"]) for item in leaps]
        gained = sum((row.T @ row for row in rows), np.zeros_like(known)) - known
    found = [
        item["leap"] for item in leaps if np.abs(np.array(item["basis"]) @ gained).max(initial=0.0) > 1e-6
    ]
    leap = None if not found or None in found else max(found)
    return Gain(step, known, gained, leap)


def scan_curves(one: xr.Dataset, gain: Gain, spec: dict[str, Any]) -> ScanCurves:
    """Return the curves of a scan at one dimension.

    Parameters
    ----------
    one : xarray.Dataset
        The scan's variables over (replicate, batch, neuron, direction).
    gain : Gain
        From `expected_gain`.
    spec : dict
        A point's spec, for theory.
    """
    per_neuron = ("replicate", "batch", "neuron")
    batches = one["scanned_batch"].transpose("replicate", "batch").values
    replicates = np.flatnonzero(np.isfinite(batches).any(1))
    if not len(replicates):
        return ScanCurves(np.zeros(0), np.zeros((0, 0)), None, RATES, np.zeros((0, len(RATES) + 1)))
    usable = np.isfinite(batches[replicates[0]])
    samples = batches[replicates[0], usable]
    gradient = one["gradient_overlaps"].transpose(*per_neuron, "direction").values[:, usable]
    rows = one["start_overlaps"].transpose("replicate", "neuron", "direction").values[:, None]
    known, gained = gain.known, gain.gained
    # Products within the complement of U.
    along = one["gradient_along_row"].transpose(*per_neuron).values[:, usable] - _form(gradient, known, rows)
    own = one["start_energy"].transpose("replicate", "neuron").values[:, None] - _form(rows, known, rows)
    energy = one["gradient_energy"].transpose(*per_neuron).values[:, usable] - _form(
        gradient, known, gradient
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        news = gradient - (along / own)[..., None] * rows
        overlaps = (_form(news, gained, news) / (energy - along**2 / own)).mean(-1)
        rates, turned = _turned(gradient[:, -1], rows[:, 0], along[:, -1], own[:, 0], energy[:, -1], gained)
    return ScanCurves(samples, overlaps, _theory(rows[:, 0], samples, gain, spec), rates, turned)


def _form(left: Array, matrix: Array, right: Array) -> Array:
    return np.einsum("...q,qs,...s->...", left, matrix, right)


def _turned(
    gradient: Array, rows: Array, along: Array, own: Array, energy: Array, gained: Array
) -> tuple[Array, Array]:
    """Return (rates, squared cosines of w + rate G with the gained directions, infinite rate last)."""
    unit = float(np.nanmedian(np.sqrt(own / energy))) if np.isfinite(energy).any() else 1.0
    rates = unit * RATES
    by_rate = rates[:, None]
    start, mixed, final = (
        _form(a, gained, b)[:, None] for a, b in ((rows, rows), (rows, gradient), (gradient, gradient))
    )
    inside = start + 2 * by_rate * mixed + by_rate**2 * final
    whole = own[:, None] + 2 * by_rate * along[:, None] + by_rate**2 * energy[:, None]
    limit = (final[:, 0] / energy).mean(-1)
    return rates, np.column_stack([(inside / whole).mean(-1), limit])


def _theory(rows: Array, samples: Array, gain: Gain, spec: dict[str, Any]) -> Array | None:
    """Return S / (S + N) of the same rows, where the step is the first and the network plays no part."""
    from giantstep.studies.kinds.kind import read_target

    network, protocol = Network(**spec["network"]), Protocol.from_spec(spec["protocol"])
    plain = protocol.steps[-1].loss == "correlation" or network.symmetric
    if gain.step != 1 or network.biased or not plain:
        return None
    law = one_step_overlaps(
        read_target(spec["target"]),
        network.activation,
        rows,
        samples,
        dimension=spec["dimension"],
        gained=gain.gained,
    )
    return None if law is None else law.mean(-1)
