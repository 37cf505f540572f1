"""check_engine accepts both engines and notices sabotage."""

from dataclasses import replace

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.protocol import Protocol
from giantstep.streams import Streams
from giantstep.testing import ConformanceError, check_engine
from giantstep.training.direct import run_direct
from giantstep.training.reduced import run_reduced


def broken_laws(run, **options):
    try:
        return {law.name for law in check_engine(run, **options).broken}
    except ConformanceError as error:
        return {law.name for law in error.report.broken}


def test_the_reduced_engine_conforms_in_every_case():
    assert not check_engine(run_reduced, replicates=120).broken


@pytest.mark.slow
def test_both_engines_conform_with_many_replicates():
    for run in (run_reduced, run_direct):
        assert not check_engine(run, replicates=2000, seed=5).broken


def no_noise_inside(experiment):
    """An engine whose second moments are wrong: Q without what the gradient's noise adds."""
    found = run_reduced(experiment)
    start = found.snapshots[0].self_overlaps
    return replace(found, snapshots=tuple(replace(shot, self_overlaps=start) for shot in found.snapshots))


def slightly_faster(experiment):
    found = run_reduced(experiment)
    shots = [
        replace(shot, overlaps=1.1 * shot.overlaps, self_overlaps=1.3 * shot.self_overlaps)
        for shot in found.snapshots[1:]
    ]
    return replace(found, snapshots=(found.snapshots[0], *shots))


def one_replicate(experiment):
    return run_reduced(replace(experiment, streams=Streams(0, 0)))


def silent(experiment):
    return run_reduced(replace(experiment, on_progress=lambda samples: None))


def without_noise(experiment):
    return run_reduced(replace(experiment, target=replace(experiment.target, noise=0.0)))


def without_bias(experiment):
    return run_reduced(replace(experiment, network=replace(experiment.network, bias=0.0)))


def with_the_other_loss(experiment):
    steps = tuple(replace(step, loss="correlation") for step in experiment.protocol.steps)
    return run_reduced(replace(experiment, protocol=Protocol(steps)))


def with_fresh_samples(experiment):
    steps = tuple(replace(step, reuse=False) for step in experiment.protocol.steps)
    return run_reduced(replace(experiment, protocol=Protocol(steps)))


@pytest.mark.parametrize(
    ("run", "law"),
    [
        (without_noise, "law of the direct engine: fresh, square"),
        (without_bias, "law of the direct engine: fresh, correlation, biased"),
        (with_the_other_loss, "law of the direct engine: fresh, square"),
        (with_fresh_samples, "law of the direct engine: reused"),
        (no_noise_inside, "law of the direct engine: paired"),
        (slightly_faster, "law of the direct engine: fresh, square"),
        (one_replicate, "replicates differ"),
        (silent, "progress counts every sample"),
    ],
)
def test_sabotage_is_noticed(run, law):
    with np.errstate(invalid="ignore", divide="ignore"):
        case = law.partition(": ")[2] or "paired"
        assert law in broken_laws(run, replicates=150, only=(case,))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"run": 3}, "run: found 3, expected a function"),
        ({"only": ("pared",)}, "only: found 'pared', .*did you mean 'paired'"),
        ({"replicates": 3}, "replicates: found 3, expected at least 20"),
    ],
)
def test_what_cannot_be_checked_is_named(words, message):
    with pytest.raises(SpecError, match=message):
        check_engine(**{"run": run_reduced} | words)
