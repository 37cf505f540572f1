"""Kind ``learning-curve``: what `giantstep.predict.features` expects after one giant step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from giantstep.studies.kinds.kind import Kind, Spec, read_target
from giantstep.studies.words import Number, Spell, TargetPointWords, given, naming
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr


class LearningCurveWords(TargetPointWords):
    """The learning curve of theory; a list of sample ratios is an axis of the result."""

    kind: Literal["learning-curve"]
    activation: str = "relu"
    sample_ratio: Number | list[Number]
    learning_rate_ratio: Number
    first_batch_ratio: Number
    ridge: Number
    width_ratio: Number = 1.0
    theory: Literal["structured", "isotropic"] | None = None
    row_variance: bool | None = None
    loss: Literal["square", "logistic", "hinge"] = "square"


def spec(words: LearningCurveWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.asymptotics.reading import numbers
    from giantstep.asymptotics.spiked.reading import check_target, read_activation

    with naming(spell("target")):
        target = words.target_noun()
        check_target(target)
    with naming(spell("activation")):
        activation = read_activation(words.activation)
    for name in ("sample_ratio", "learning_rate_ratio", "first_batch_ratio", "ridge", "width_ratio"):
        zero = name in ("learning_rate_ratio", "first_batch_ratio")
        with naming(spell(name)):
            numbers(name, getattr(words, name), zero=zero)
    return given(words) | {"target": target.spec(), "activation": activation.name}


def compute(spec: Spec) -> xr.Dataset:
    """Return the prediction; one sample ratio makes no axis."""
    from giantstep.asymptotics import features

    names = ("sample_ratio", "learning_rate_ratio", "first_batch_ratio", "ridge", "width_ratio")
    more = ("theory", "row_variance", "loss")
    found = features(
        read_target(spec["target"]),
        spec["activation"],
        **{name: spec[name] for name in (*names, *more) if name in spec},
    )
    return found if isinstance(spec["sample_ratio"], list) else found.squeeze("sample_ratio")


def cost(spec: Spec) -> Cost:
    """Return the expected cost: the step's expectations, then half a millisecond a sample ratio."""
    slow = 1e-3 if spec.get("loss", "square") == "square" else 0.5
    return Cost(0.05 + slow * np.size(spec["sample_ratio"]), 2.0**27)


KIND = Kind(words=LearningCurveWords, spec=spec, compute=compute, cost=cost)
