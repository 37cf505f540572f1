"""Kind ``trained-features``: ridge on a trained layer, beside plug-in and linearised theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from giantstep.studies.kinds.kind import RANK, Draws, Kind, Spec, read_nouns, read_streams
from giantstep.studies.trained_walk import TrainedSetting, one_trained
from giantstep.studies.words import Number, RunWords, Spell, naming, run_nouns
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class TrainedFeaturesWords(RunWords):
    """A run, and ridge regressions at one penalty after it."""

    kind: Literal["trained-features"]
    samples: list[int]
    penalty: Number


def spec(words: TrainedFeaturesWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.asymptotics.deep_features.covariance import check_odd
    from giantstep.asymptotics.reading import numbers

    target, network, protocol = run_nouns(words, spell)
    with naming(spell("network.activation")):
        check_odd(network.activation)
    with naming(spell("penalty")):
        numbers("penalty", words.penalty)
    with naming(spell("samples")):
        numbers("samples", words.samples)
    found: Spec = {"target": target.spec(), "network": network.spec(), "protocol": protocol.spec()}
    return found | {"dimension": words.dimension, "samples": words.samples, "penalty": words.penalty}


def read_setting(spec: Spec) -> TrainedSetting:
    """Return the setting of a point's spec."""
    target, network, protocol = read_nouns(spec)
    samples = tuple(int(n) for n in spec["samples"])
    return TrainedSetting(target, network, protocol, spec["dimension"], samples, float(spec["penalty"]))


def compute(spec: Spec) -> xr.Dataset:
    """Return one replicate over samples, with the spike's length."""
    import xarray as xr

    found = one_trained(read_setting(spec), read_streams(spec))
    spike = found.pop("spike")
    data = xr.Dataset(
        {name: ("samples", values) for name, values in found.items()}, {"samples": spec["samples"]}
    )
    return data.assign(spike=((), float(spike))).assign_attrs(engine="direct")


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects."""
    return read_setting(spec).cost()


KIND = Kind(
    words=TrainedFeaturesWords,
    spec=spec,
    compute=compute,
    cost=cost,
    draws=Draws.REPLICATES,
    facts={"rank": RANK},
)
