"""Kind ``deep-features``: ridge on a drawn deep network's features, beside the theory of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from giantstep.networks import Activation
from giantstep.networks.deep import DeepNetwork
from giantstep.networks.deep_problem import DeepProblem
from giantstep.studies.deep_walk import one_network, seconds_of
from giantstep.studies.kinds.kind import Draws, Kind, Spec, read_streams
from giantstep.studies.words import Number, PointWords, Spell, given, naming
from giantstep.targets import Target
from giantstep.training.choice import Cost

if TYPE_CHECKING:
    import xarray as xr

LINE = 49
"""Numbers of samples, from the least to the most, at which the theory's line is kept."""


class DeepFeaturesWords(PointWords):
    """A learner, a target network or expression, and regressions."""

    kind: Literal["deep-features"]
    dimension: int
    widths: int | list[int]
    rows: str = "iid"
    activation: str = "tanh"
    target_widths: int | list[int] | None = None
    target: str | None = None
    noise: Number = 0.05
    samples: list[int]
    penalty: Number
    seeds: int = Field(default=1, ge=1, le=10**6)


def spec(words: DeepFeaturesWords, spell: Spell) -> Spec:
    """Return the canonical fields."""
    from giantstep.asymptotics.deep_features.covariance import check_odd
    from giantstep.asymptotics.reading import numbers
    from giantstep.errors import SpecError

    found = given(words)
    if (words.target is None) == (words.target_widths is None):
        with naming(spell("target")):
            raise SpecError("expected either target (an expression) or target_widths (a network).")
    with naming(spell("widths")):
        problem = read_problem(found)
    with naming(spell("activation")):
        check_odd(problem.learner.activation)
    with naming(spell("penalty")):
        numbers("penalty", words.penalty)
    with naming(spell("samples")):
        numbers("samples", words.samples)
    return found | {"widths": list(problem.learner.widths)}


def read_problem(spec: Spec) -> DeepProblem:
    """Return the problem of a point's spec."""
    sigma, rows = Activation.named(spec.get("activation", "tanh")), spec.get("rows", "iid")
    learner, noise = DeepNetwork(spec["widths"], sigma, rows), float(spec.get("noise", 0.05))
    if "target" in spec:
        return DeepProblem(learner, Target.parse(spec["target"], noise=noise), spec["dimension"])
    return DeepProblem(learner, DeepNetwork(spec["target_widths"], sigma, rows), spec["dimension"], noise)


def compute(spec: Spec) -> xr.Dataset:
    """Return one network: errors measured and predicted, and the predicted line."""
    from giantstep.asymptotics import deep_curve

    problem, streams = read_problem(spec), read_streams(spec)
    samples = [int(n) for n in spec["samples"]]
    theory, runs = one_network(problem, streams, samples, penalty=spec["penalty"])
    instance = problem.draw(streams)
    line = deep_curve(
        instance.learner,
        instance.target,
        readout=instance.readout,
        noise=problem.noise,
        samples=np.geomspace(min(samples), max(samples), LINE),
        penalty=spec["penalty"],
    )
    found = theory[["status", "message", "residual"]].drop_vars("penalty")
    for name in ("test_error", "train_error"):
        found[name] = ("samples", getattr(runs, name)[0])
        found[f"predicted_{name}"] = ("samples", theory[name].values)
        found[f"line_{name}"] = ("line", line[name].values)
    return found.assign(line_samples=("line", line["samples"].values)).assign_attrs(engine="direct")


def cost(spec: Spec) -> Cost:
    """Return what one replicate expects."""
    problem = read_problem(spec)
    size = max(problem.dimension, *problem.learner.widths)
    return Cost(1.5 * seconds_of(problem, spec["samples"], 1, 1), 2.0**27 + 80.0 * size**2)


KIND = Kind(words=DeepFeaturesWords, spec=spec, compute=compute, cost=cost, draws=Draws.REPLICATES)
