"""The study of feature spikes: singular values, alignments and losses against the step, beside the theory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from giantstep.errors import SpecError, StoreError
from giantstep.significance import equivalent_z, mean_and_error
from giantstep.studies.collecting import open_folder
from giantstep.studies.judgement import Judgement, of_scores
from giantstep.studies.kinds.feature_spikes import read_setting
from giantstep.studies.reports import Table
from giantstep.studies.spike_walk import FORMS, GAINS, PREDICTED, SPIKES, SpikeSetting
from giantstep.studies.store import Store

if TYPE_CHECKING:
    import xarray as xr

FEATURES = tuple(PREDICTED)
ORDERS = (1, 2)

_LINE = 49
_THEORY = ("singular_value", "left_alignment", *GAINS, *(f"{gain}_dressed" for gain in GAINS))
_LARGEST = 0.499
_FAR_BELOW = 0.1
"""A squared cosine so far below its limit is said beside the verdict."""


@dataclass(slots=True)
class _Runs:
    """The runs of one setting: exponent -> variable -> one array a run."""

    label: str
    setting: SpikeSetting
    found: dict[float, dict[str, list[Any]]] = field(default_factory=dict)


def summary(folder: str | Path) -> xr.Dataset:
    """Return what was measured and predicted at every step exponent of every setting of a study.

    Returns
    -------
    xarray.Dataset
        Over (setting, step_exponent, features, spike_order): ``singular_value``, ``left_alignment``,
        ``right_alignment``; over (setting, step_exponent, features): ``train_improvement``,
        ``test_improvement``; each with ``*_se`` over replicates; ``runs``. ``predicted_*`` with a leading
        axis form over (setting, step_exponent, spike_order), spikes in the bulk as NaN. ``line_*`` the same
        along ``line_exponent``, bulk edge included; ``edge`` over setting. The attribute ``notes`` holds what
        theory says of each setting, as JSON.
    """
    import xarray as xr

    settings = _settings(folder)
    if not settings:
        raise SpecError(
            "feature-spikes: found no run of that kind with a step_exponent; run such a study first."
        )
    exponents = sorted({exponent for runs in settings for exponent in runs.found})
    line = np.linspace(0.0, min(_LARGEST, max([*exponents, 0.05]) + 0.02), _LINE)
    columns = [_one(runs, exponents, line) for runs in settings]
    variables = {
        name: (("setting", *dims), np.stack([column[name][1] for column in columns]))
        for name, (dims, _) in columns[0].items()
    }
    notes = {runs.label: _notes(runs.setting, exponents) for runs in settings}
    return xr.Dataset(
        variables | {"line_exponent": ("line", line)},
        {
            "setting": [runs.label for runs in settings],
            "step_exponent": exponents,
            "features": list(FEATURES),
            "spike_order": list(ORDERS),
            "form": list(FORMS),
        },
        {"title": open_folder(folder).title, "notes": json.dumps(notes)},
    )


def tables(dataset: xr.Dataset, folder: str | Path) -> tuple[Table, ...]:
    """Return which form the network's spike 2 follows, where its left vectors lie, and surrogates' gains."""
    return (_which_form(dataset), _left_vectors(dataset), _surrogates(dataset))


def judge(dataset: xr.Dataset) -> Judgement:
    """Return whether the surrogates' gains follow their theory; beside it, which form the network follows."""
    z = [_scores(dataset, gain, kind).values.ravel() for kind in FEATURES[1:] for gain in GAINS]
    network = dataset.sel(features="network", spike_order=2)
    far = []
    for form, words in zip(FORMS, ("with V", "without"), strict=True):
        ratio = network.singular_value / dataset.predicted_singular_value.sel(form=form, spike_order=2)
        if bool(ratio.notnull().any()):
            far.append(f"{100 * float(np.abs(ratio - 1).median()):.0f} % {words}")
    beside = [f"the network's spike 2 is off by {', '.join(far)} (median)"] if far else []
    limit, itself = dataset.sel(form="full"), dataset.sel(features="network")
    below = float((limit.predicted_left_alignment - itself.left_alignment).max())
    if below > _FAR_BELOW:
        worse = limit.predicted_test_improvement.sel(spike_order=2) - itself.test_improvement
        beside.append(
            f"its left vectors lie up to {below:.2f} in cos^2, its test gain up to {float(worse.max()):.2f}, "
            "below the limit at this width"
        )
    return of_scores(np.concatenate(z), bias="; ".join(beside))


def _scores(dataset: xr.Dataset, gain: str, kind: str) -> xr.DataArray:
    """Return (mean over runs - theory) / standard error of the gains of one kind of features, as normal z."""
    form, order = PREDICTED[kind]
    measured = dataset.sel(features=kind)
    expected = dataset[f"predicted_{gain}"].sel(form=form, spike_order=order)
    t: xr.DataArray = (measured[gain] - expected) / measured[f"{gain}_se"]
    # A few runs have heavier tails than a normal law: Student's, put on its scale.
    return t.copy(data=equivalent_z(t, dataset["runs"].values - 1))


def _which_form(dataset: xr.Dataset) -> Table:
    rows = []
    names = _short(dataset)
    for setting, exponent in _places(dataset):
        at = dataset.sel(setting=setting, step_exponent=exponent)
        network = at.sel(features="network", spike_order=2)
        row: dict[str, Any] = {"setting": names[setting], "exponent": float(exponent)}
        row["measured"] = (float(network.singular_value), float(network.singular_value_se))
        row["gain"] = (float(network.test_improvement), float(network.test_improvement_se))
        for form in FORMS:
            theory = at.sel(form=form, spike_order=2)
            row[form] = float(theory.predicted_singular_value)
            row[f"{form}_gain"] = float(theory.predicted_test_improvement)
        if np.isfinite(row["full"]):
            rows.append(row)
    heads = {"setting": "setting", "exponent": "exponent", "measured": "singular value 2", "full": "with V"}
    heads |= {"leading": "without V", "gain": "test gain", "full_gain": "with V", "leading_gain": "without V"}
    note = (
        "The network's own features, each spike found by its left vector. Gains of the full features deviate "
        "by 10 to 20 % near width 1000 whatever the form; an activation that is no polynomial is "
        "over-predicted at large steps."
    )
    return Table("The spike of order 2, with and without the variance term", heads, rows, note)


def _left_vectors(dataset: xr.Dataset) -> Table:
    rows, names = [], _short(dataset)
    for setting, exponent in _places(dataset):
        at = dataset.sel(setting=setting, step_exponent=exponent)
        row: dict[str, Any] = {"setting": names[setting], "exponent": float(exponent)}
        for order in ORDERS:
            one = at.sel(features="network", spike_order=order)
            row[f"measured_{order}"] = (float(one.left_alignment), float(one.left_alignment_se))
            row[f"theory_{order}"] = float(one.sel(form="full").predicted_left_alignment)
        rows.append(row)
    heads = {"setting": "setting", "exponent": "exponent"}
    for order in ORDERS:
        heads |= {f"measured_{order}": f"cos^2 {order}", f"theory_{order}": "theory"}
    remarks = dict.fromkeys(
        remark for notes in json.loads(dataset.attrs["notes"]).values() for remark in notes
    )
    note = (
        "Left vectors of the network's own spikes and their limit, with V. What the limit leaves out is of "
        "order eta^2/N and fades as the width grows; spikes of nearly equal singular value mix. "
        f"Theory remarks: {'; '.join(remarks)}."
    )
    return Table("Left vectors of the network's own spikes", heads, rows, note)


def _surrogates(dataset: xr.Dataset) -> Table:
    rows, kinds, names = [], FEATURES[1:], _short(dataset)
    for setting, exponent in _places(dataset):
        at = dataset.sel(setting=setting, step_exponent=exponent)
        for kind in kinds:
            form, order = PREDICTED[kind]
            row: dict[str, Any] = {"setting": names[setting], "exponent": float(exponent), "features": kind}
            for gain in GAINS:
                mean, error = float(at[gain].sel(features=kind)), float(at[f"{gain}_se"].sel(features=kind))
                row |= {gain: (mean, error), f"{gain}_z": float(_scores(at, gain, kind))}
                row[f"{gain}_theory"] = float(at[f"predicted_{gain}"].sel(form=form, spike_order=order))
            rows.append(row)
    heads = {"setting": "setting", "exponent": "exponent", "features": "features"}
    for gain, word in zip(GAINS, ("train", "test"), strict=True):
        heads |= {gain: f"{word} gain", f"{gain}_theory": "theory", f"{gain}_z": "z"}
    note = (
        "Initial features plus spikes made of the run's own vectors; all rows of one exponent share their "
        "runs. z is put on the scale of a normal law."
    )
    return Table("Gains of the surrogates, each beside its own theory", heads, rows, note)


def _short(dataset: xr.Dataset) -> dict[str, str]:
    """Return label -> its head, activation and target, where these tell the settings apart."""
    labels = [str(setting) for setting in dataset["setting"].values]
    heads = [label.split(": ")[0] for label in labels]
    return dict(zip(labels, heads if len(set(heads)) == len(labels) else labels, strict=True))


def _places(dataset: xr.Dataset) -> list[tuple[str, float]]:
    return [
        (str(setting), float(exponent))
        for setting in dataset["setting"].values
        for exponent in dataset["step_exponent"].values
        if float(dataset["runs"].sel(setting=setting, step_exponent=exponent)) > 0
    ]


def _one(runs: _Runs, exponents: list[float], line: Any) -> dict[str, tuple[tuple[str, ...], Any]]:
    """Return everything about one setting: name -> (dims, values)."""
    found: dict[str, tuple[tuple[str, ...], Any]] = {}
    cells = [runs.found.get(exponent, {}) for exponent in exponents]
    found["runs"] = (("step_exponent",), np.array([len(cell.get(GAINS[0], ())) for cell in cells], float))
    for name in (*SPIKES, *GAINS):
        inner = ("features", "spike_order") if name in SPIKES else ("features",)
        shape = (len(FEATURES), len(ORDERS))[: len(inner)]
        pairs = np.array([_mean(cell.get(name, []), shape) for cell in cells])
        found[name] = (("step_exponent", *inner), pairs[:, 0])
        found[f"{name}_se"] = (("step_exponent", *inner), pairs[:, 1])
    at = [runs.setting.predicted(form, exponents=exponents) for form in FORMS]
    along = [runs.setting.predicted(form, exponents=line) for form in FORMS]
    for name in _THEORY:
        values = [theory[name].values for theory in at]
        if name in SPIKES:
            values = [
                np.where(theory["spike_status"] == "outlier", value, np.nan)
                for theory, value in zip(at, values, strict=True)
            ]
        found[f"predicted_{name}"] = (("form", "step_exponent", "spike_order"), np.array(values))
        found[f"line_{name}"] = (
            ("form", "line", "spike_order"),
            np.array([theory[name].values for theory in along]),
        )
    return found | {"edge": ((), np.float64(along[0].edge[0]))}


def _mean(values: list[Any], shape: tuple[int, ...]) -> Any:
    """Return mean and standard error over runs, entry by entry."""
    table = np.array(values, float).reshape(len(values), -1) if values else np.zeros((0, int(np.prod(shape))))
    return np.array([mean_and_error(column) for column in table.T]).T.reshape(2, *shape)


def _notes(setting: SpikeSetting, exponents: list[float]) -> list[str]:
    notes: list[str] = json.loads(setting.predicted(exponents=exponents).attrs["notes"])
    return notes


def _settings(folder: str | Path) -> list[_Runs]:
    store, found = Store(Path(folder)), dict[str, _Runs]()
    for point in open_folder(folder).points:
        spec = json.loads(point.task)
        if point.kind != "feature-spikes" or "step_exponent" not in spec:
            continue
        setting = read_setting(spec)
        label = _label(setting)
        runs = found.setdefault(label, _Runs(label, replace(setting, step_exponent=None)))
        try:
            stored = store.read(point.hash)
        except StoreError:
            continue
        cell = runs.found.setdefault(float(setting.step_exponent or 0.0), {})
        for name in (*SPIKES, *GAINS):
            cell.setdefault(name, []).append(stored.variables[name][1][0])
    return [runs for runs in found.values() if runs.found]


def _label(setting: SpikeSetting) -> str:
    noise = f", noise {setting.target.noise:g}" if setting.target.noise else ""
    step = f"step {setting.step_constant:g} n0^alpha" if setting.step_constant != 1 else "step n0^alpha"
    sizes = f"d = {setting.dimension}, n/d {setting.sample_ratio:g}, p/d {setting.width_ratio:g}"
    extra = f", n0/d {setting.first_batch_ratio:g}" if setting.first_batch_ratio is not None else ""
    extra += ", intercept" if setting.intercept else ""
    extra += f", {setting.readout} readout" if setting.readout != "gaussian" else ""
    ridge = f"ridge {setting.ridge:.3g}"
    return f"{setting.activation} on {setting.target}: {step}, {sizes}, {ridge}{noise}{extra}"
