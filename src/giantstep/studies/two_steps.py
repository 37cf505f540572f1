"""The study of two giant steps: outliers beside their theory, what each sees, phases of the exponents."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from giantstep.errors import SpecError, StoreError
from giantstep.significance import equivalent_z, mean_and_error
from giantstep.studies.collecting import open_folder
from giantstep.studies.judgement import Judgement, of_scores
from giantstep.studies.kinds.kind import read_nouns
from giantstep.studies.reports import Table
from giantstep.studies.store import Store, Stored
from giantstep.training.outlier_count import among_all

if TYPE_CHECKING:
    import xarray as xr

MEASURED = ("strength", "singular_value", "left_alignment", "right_alignment", "target_alignment")
STRONG = 3.0
"""Spikes above this multiple of the threshold are judged; nearer ones are biased at finite size."""

_GRID = np.linspace(0.0, 0.49, 50)


@dataclass(slots=True)
class _Runs:
    """The replicates of one setting."""

    spec: dict[str, Any]
    label: str
    stored: list[Stored] = field(default_factory=list)

    def all_of(self, name: str) -> NDArray[Any]:
        """Return a variable of every replicate, its own axis of replicates taken off; NaN in older stores."""
        found = []
        if not all(name in one.variables for one in self.stored):
            return np.full_like(self.all_of("spike_singular_value"), np.nan)
        for one in self.stored:
            dims, values = one.variables[name]
            array = np.asarray(values)
            found.append(array[0] if "replicate" in dims else array)
        return np.array(found)


def summary(folder: str | Path) -> xr.Dataset:
    """Return measured and predicted outliers of every setting of a study, and the phases around it.

    Returns
    -------
    xarray.Dataset
        Over (setting, spike): ``strength``, ``singular_value``, ``left_alignment``, ``right_alignment``,
        ``target_alignment`` with ``*_se`` and ``*_z``, ``predicted_*`` and, of the usual statement of the
        ladder, ``naive_*``; ``rung``, ``strong``. Over setting: ``edge`` and ``edge_se`` measured,
        ``predicted_edge``, ``predicted_count``, ``count_mean``, ``runs``, ``reuse``,
        ``first_rate_exponent``, ``second_rate_exponent``. Over (setting, singular_value_rank): ``spectrum``
        of the first replicate, whose edge is ``spectrum_edge``, and ``spectrum_outside``, which of it are
        outliers. Over (setting, first_exponent,
        second_exponent): ``outlier_count`` and ``informative_count`` of the limit.
    """
    import xarray as xr

    runs = _read(folder)
    if not runs:
        raise SpecError("two-steps: found no point of kind 'weight-outliers'; run such a study first.")
    parts = [_one(one) for one in runs]
    dataset = xr.concat(
        [part.assign_coords(setting=one.label) for part, one in zip(parts, runs, strict=True)],
        dim="setting",
        join="outer",
        combine_attrs="drop_conflicts",
    )
    notes = {one.label: one.stored[0].attributes.get("notes", "[]") for one in runs}
    study = open_folder(folder)
    return dataset.assign_attrs(title=study.title, notes=json.dumps(notes))


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return every predicted spike beside what was measured: by both ladders, and as the spectrum shows."""
    rows = []
    for setting in dataset["setting"].values:
        one = dataset.sel(setting=setting)
        for spike in np.flatnonzero(one["predicted_present"].values == 1):
            at = one.isel(spike=spike)
            row: dict[str, Any] = {"setting": str(setting), "rung": str(int(at["rung"]))}
            for name in ("strength", "singular_value", "target_alignment"):
                row[f"naive_{name}"] = float(at[f"naive_{name}"])
                row[f"predicted_{name}"] = float(at[f"predicted_{name}"])
                row[name] = (float(at[name]), float(at[f"{name}_se"]))
                row[f"z_{name}"] = float(at[f"{name}_z"])
            row |= {"edge": float(one["edge"]), "predicted_edge": float(one["predicted_edge"])}
            rows.append(row | {"runs": float(one["runs"])})
    ladders = {
        "setting": "setting",
        "rung": "rung",
        "naive_strength": "naive",
        "predicted_strength": "theory",
        "strength": "strength",
        "z_strength": "z",
        "naive_target_alignment": "naive",
        "predicted_target_alignment": "theory",
        "target_alignment": "cos^2 with the teacher",
        "z_target_alignment": "z",
    }
    spectrum = {
        "setting": "setting",
        "rung": "rung",
        "predicted_singular_value": "theory",
        "singular_value": "singular value",
        "z_singular_value": "z",
        "predicted_edge": "initial edge",
        "edge": "measured edge",
        "runs": "runs",
    }
    scale = "z = (mean over runs - theory) / standard error, put on the scale of a normal law."
    return (
        Table(
            "Spikes of the first layer, predicted and measured",
            ladders,
            rows,
            f"theory: effective ladder; naive: products of means. {scale} Strength is the singular value of "
            "a spike before the bulk; cos^2 is that of the outlier's singular vector, which a swollen bulk "
            "lowers for weak spikes.",
        ),
        Table(
            "What the spectrum shows of them",
            spectrum,
            rows,
            "The bulk, swollen by the steps at finite width, lifts singular values of weak spikes above "
            "theory and hides those below the measured edge; strengths it does not move.",
        ),
    )


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether rung 0's singular values and the strong spikes' alignments follow the theory."""
    strong = dataset["strong"].values == 1
    first = strong & (dataset["rung"].values == 0)
    sees = strong & (dataset["predicted_informative"].values == 1)
    z = [dataset["singular_value_z"].values[first], dataset["target_alignment_z"].values[sees]]
    higher = strong & (dataset["rung"].values > 0)
    value, strength = (
        100 * (float(np.mean(dataset[name].values[higher] / dataset[f"predicted_{name}"].values[higher])) - 1)
        if higher.any()
        else 0.0
        for name in ("singular_value", "strength")
    )
    bias = f"singular values of higher rungs are off by {value:+.0f} % at this width, which swells the bulk"
    bias += "" if np.isnan(strength) else f"; their strengths by {strength:+.0f} %"
    return of_scores(np.concatenate(z), bias=bias if higher.any() else "")


def _read(folder: str | Path) -> list[_Runs]:
    found: dict[str, _Runs] = {}
    store = Store(Path(folder))
    for point in open_folder(folder).points:
        if point.kind != "weight-outliers":
            continue
        spec = json.loads(point.task)
        replicate = spec.pop("replicate")
        try:
            stored = store.read(point.hash)
        except StoreError:
            continue
        one = found.setdefault(json.dumps(spec, sort_keys=True), _Runs(spec, ""))
        one.stored.insert(replicate, stored) if replicate == 0 else one.stored.append(stored)
    taken: dict[str, int] = {}
    for one in found.values():
        label = _label(one.spec)
        taken[label] = taken.get(label, 0) + 1
        one.label = label if taken[label] == 1 else f"{label} ({taken[label]})"
    return list(found.values())


def _label(spec: dict[str, Any]) -> str:
    """Return a short name: information exponent, batch, and what else is unusual."""
    from giantstep.asymptotics.spectra.link_moments import centred_link

    target, _, protocol = read_nouns(spec)
    found = centred_link(target).information_exponent
    kind = "reused" if protocol.steps[-1].reuse else "fresh"
    loss = "" if protocol.steps[0].loss == "correlation" else f", {protocol.steps[0].loss} loss"
    steps = "" if len(protocol.steps) > 1 else ", one step"
    return f"IE {'none' if found is None else found}, {kind}{steps}{loss}"


def _one(runs: _Runs) -> xr.Dataset:
    """Return everything about one setting."""
    import xarray as xr

    from giantstep.asymptotics import outlier_phases, outliers
    from giantstep.asymptotics.spectra.ladder import FORMS

    target, network, protocol = read_nouns(runs.spec)
    theories = {
        form: outliers(target, network, protocol, dimension=runs.spec["dimension"], ladder=form)
        for form in FORMS
    }
    theory = theories["effective"]
    variables: dict[str, Any] = {}
    present = theory["present"].values
    for name in MEASURED:
        pairs = [mean_and_error(column) for column in runs.all_of(f"spike_{name}").T]
        mean, error = np.array(pairs).T
        with np.errstate(invalid="ignore", divide="ignore"):
            z = equivalent_z((mean - theory[name].values) / error, len(runs.stored) - 1)
        z = np.where(present, z, np.nan)
        variables |= {name: ("spike", mean), f"{name}_se": ("spike", error), f"{name}_z": ("spike", z)}
        variables[f"predicted_{name}"] = ("spike", theory[name].values)
        variables[f"naive_{name}"] = ("spike", theories["naive"][name].values)
    edge, edge_se = mean_and_error(runs.all_of("edge")[:, -1])
    exponents = [*json.loads(theory.attrs["exponents"]), 0.0][:2]
    scalars = {
        "edge": edge,
        "edge_se": edge_se,
        "predicted_edge": float(theory["edge"]),
        "predicted_count": float(theory["outlier_count"]),
        "count_mean": float(runs.all_of("outlier_count")[:, -1].mean()),
        "runs": float(len(runs.stored)),
        "reuse": float(protocol.steps[-1].reuse),
        "first_rate_exponent": exponents[0],
        "second_rate_exponent": exponents[1],
    }
    variables |= {name: ((), value) for name, value in scalars.items()}
    strong = theory["strength"].values > STRONG * float(theory["threshold"])
    variables |= {
        "rung": ("spike", theory["rung"].values.astype(float)),
        "predicted_present": ("spike", present.astype(float)),
        "predicted_informative": ("spike", theory["informative"].values.astype(float)),
        "strong": ("spike", strong.astype(float)),
    }
    phases = outlier_phases(
        target,
        network.activation,
        first_exponent=_GRID.tolist(),
        second_exponent=_GRID.tolist(),
        reuse=protocol.steps[-1].reuse,
    )
    for name in ("outlier_count", "informative_count"):
        variables[name] = (phases[name].dims, phases[name].values.astype(float))
    if "spectrum" in runs.stored[0].variables:
        variables["spectrum"] = ("singular_value_rank", runs.all_of("spectrum")[0])
        variables["spectrum_edge"] = ((), float(runs.all_of("edge")[0, -1]))
        outside = among_all(runs.all_of("present")[0, -1], variables["spectrum"][1].size)
        variables["spectrum_outside"] = ("singular_value_rank", outside.astype(float))
    coordinates = {"first_exponent": _GRID, "second_exponent": _GRID}
    variables["target"] = ((), str(target))
    return xr.Dataset(variables, coordinates | {"spike": theory["spike"].values})
