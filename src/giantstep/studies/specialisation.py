"""What preprocessing is for: do neurons specialise in a direction that a louder one drowns?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from giantstep.alignment import cleared
from giantstep.labels import directions
from giantstep.significance import mean_and_error
from giantstep.studies.collecting import collect, open_folder, settings
from giantstep.studies.reports import Table


def specialisation(folder: str | Path) -> tuple[Table, ...]:
    """Return a table for every sweep of simulations that varies preprocessing: rms cosines by dimension.

    Neurons are cleared of the linear part C_1 that preprocessing keeps in the predictor; without
    preprocessing they are whole (theory note 10, section 8).
    """
    found = []
    for sweep in open_folder(folder).sweeps:
        if sweep.kind != "simulation" or "preprocess" not in (name for name, _ in sweep.axes):
            continue
        data = collect(folder, sweep=sweep.name)
        rows: list[dict[str, Any]] = []
        rank = 0
        for labels, one in settings(data) if "overlaps" in data and "dimension" in data.dims else ():
            rank = max(rank, one.sizes["direction"])
            for position, d in enumerate(one["dimension"].values):
                rows.append(
                    {**labels, "dimension": float(d), **_cosines(one.isel(dimension=position, step=-1))}
                )
        heads = {name: name for name in rows[0] if name not in directions(rank)} if rows else {}
        heads |= {name: f"rms cosine with {name}" for name in directions(rank)}
        note = "After the last step; neurons cleared of C_1, over seeds."
        found += [Table(f"Specialisation, {sweep.name}", heads, rows, note)] if rows else []
    return tuple(found)


def _cosines(one: Any) -> dict[str, tuple[float, float]]:
    overlaps, energy = cleared(one)
    rows = overlaps.transpose("replicate", "neuron", "direction").values
    norms = energy.transpose("replicate", "neuron").values
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = (rows**2 / norms[..., None]).mean(1)
    return {
        name: mean_and_error(np.sqrt(squares[:, axis]))
        for axis, name in enumerate(directions(rows.shape[-1]))
    }
