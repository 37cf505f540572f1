"""The sweep over the catalog: every target in both batch modes, at least 500 points."""

from giantstep.studies import load
from giantstep.targets import catalog


def test_the_sweep_holds_every_target_in_both_batch_modes():
    study = load("catalog")
    assert len(study.points) >= 500
    for sweep in study.sweeps:
        named = {point.labels["target"] for point in study.points if point.sweep == sweep.name}
        assert set(catalog.names()) <= named
    assert any("reused" in sweep.name for sweep in study.sweeps)
