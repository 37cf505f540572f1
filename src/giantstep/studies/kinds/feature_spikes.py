"""Kind ``feature-spikes``: features after one step simulated, with `giantstep.predict.spikes` beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams, read_target
from giantstep.studies.spike_walk import FORMS, SpikeSetting, simulated_replicate
from giantstep.studies.words import Number, Spell, TargetPointWords, given, naming, naming_field
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr

_PREDICTED = (
    "singular_value",
    "left_alignment",
    "right_alignment",
    "spike_status",
    "train_improvement",
    "test_improvement",
    "train_improvement_dressed",
    "test_improvement_dressed",
)
"""Copied beside the measurement, from both forms of the theory."""


class FeatureSpikesWords(TargetPointWords):
    """One step, its features and a regression on them; theory and simulation."""

    kind: Literal["feature-spikes"]
    activation: str
    dimension: int
    sample_ratio: Number
    first_batch_ratio: Number | None = None
    width_ratio: Number
    step_exponent: Number | None = None
    step_constant: Number = 1.0
    learning_rate: Number | None = None
    ridge: Number
    readout: str = "gaussian"
    intercept: bool = False
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: FeatureSpikesWords, spell: Spell) -> Spec:
    """Return the canonical fields; the prediction itself says what is wrong with them."""
    with naming(spell("target")):
        target = words.target_noun()
    found = given(words) | {"target": target.spec()}
    with naming_field(words, spell, "dimension"):
        setting = read_setting(found)
        found["activation"] = setting.network.activation.name
        setting.predicted()
    return found


def read_setting(spec: Spec) -> SpikeSetting:
    """Return the setting of a point's spec."""
    left = ("target", "seed", "replicate", "kind", "independent", "schema_version")
    fields: dict[str, Any] = {name: value for name, value in spec.items() if name not in left}
    return SpikeSetting(target=read_target(spec["target"]), **fields)


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate, and what theory expects as ``predicted_*`` over (form, spike_order)."""
    setting = read_setting(spec)
    found = simulated_replicate(setting, read_streams(spec), 1)
    theories = [setting.predicted(form) for form in FORMS]
    for name in _PREDICTED:
        found[f"predicted_{name}"] = (("form", "spike_order"), [theory[name].values for theory in theories])
    for name in ("edge", "initial_train_loss", "initial_test_error"):
        found[f"predicted_{name}"] = ((), float(theories[0][name]))
    return found.assign_coords(form=list(FORMS)).assign_attrs(notes=theories[0].attrs["notes"])


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects."""
    return read_setting(spec).cost()


KIND = Kind(words=FeatureSpikesWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
