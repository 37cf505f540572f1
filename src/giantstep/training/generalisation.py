"""How well a network predicts fresh samples: in closed form where there is one, else by drawing them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from giantstep.streams import Role
from giantstep.threads import ordered_map
from giantstep.training.closed_form import quadratic_error
from giantstep.training.experiment import Array64, Experiment, chunks
from giantstep.training.local_fields import CHUNK, LocalFields

CLOSED_FORM = "closed form"
SAMPLED = "sampled"


@dataclass(frozen=True, slots=True)
class PopulationErrors:
    """E (g(z) - prediction)^2 of several readouts on one layer, without the label noise.

    Attributes
    ----------
    clean : array, shape (readouts,)
    standard_errors : array, shape (readouts,)
        Of the drawn samples; 0 in closed form.
    method : str
        ``closed form`` or ``sampled``.
    """

    clean: Array64
    standard_errors: Array64
    method: str


def sample_count(width: int) -> int:
    """Return how many fresh samples a test error takes: 2^17 up to width 512, 2^35 / width^2 down to 2^14.

    A rule of the width alone, so that results do not depend on the machine.

    >>> sample_count(8), sample_count(1024), sample_count(8192)
    (131072, 32768, 16384)
    """
    return max(2**14, min(2**17, 2**35 // width**2))


def population_errors(
    experiment: Experiment, fields: LocalFields, readouts: Array64, *, method: str | None = None
) -> PopulationErrors:
    """Return the error of each readout, shape (readouts, width), on the layer that `fields` describes.

    Parameters
    ----------
    method : {None, "closed form", "sampled"}
        None: the closed form where there is one.
    """
    if method != SAMPLED:
        form = quadratic_error(experiment.target, experiment.network, fields.snapshot)
        errors = form.at(readouts) if form is not None else None
        if errors is not None:
            return PopulationErrors(errors, np.zeros(len(readouts)), CLOSED_FORM)
    samples = sample_count(experiment.network.width)
    scaled = readouts / math.sqrt(experiment.network.width)

    def chunk_sums(item: tuple[int, int]) -> Array64:
        sums = np.zeros((2, len(readouts)))
        with np.errstate(over="ignore", invalid="ignore"):
            for features, y in fields.blocks(experiment, Role.TEST, *item, noisy=False):
                # Readouts of a weak penalty are large and alternate: float32 products would lose the sum.
                squares = (y - scaled @ features.astype(np.float64)) ** 2
                sums += np.stack([squares.sum(1), np.square(squares).sum(1)])
        return sums

    total = np.zeros((2, len(readouts)))
    for part in ordered_map(chunk_sums, chunks(samples, CHUNK), experiment.threads):
        total += part
    with np.errstate(over="ignore", invalid="ignore"):
        mean = total[0] / samples
        spread = np.clip(total[1] / samples - mean**2, 0.0, None)
    return PopulationErrors(mean, np.sqrt(spread / (samples - 1)), SAMPLED)
