"""Points of kind scan: their golden text, their theory, their place in a collected Dataset."""

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.studies import Study, collect, estimate, run

SCAN = """
[[sweep]]
kind = "scan"
theory = "certificate"
target = "z1 + z1*z2"
network = {width = 4}
protocol = {steps = 2, batch = "4d", learning_rate = 3}
smallest_batch = "d"
product.dimension = [100, 200]
seeds = 2
"""
GOLDEN_TASK = (
    '{"dimension":100,"kind":"scan","network":{"activation":"relu","width":4},'
    '"protocol":[{"batch":"4d","learning_rate":"3"},{"batch":"4d","learning_rate":"3"}],'
    '"replicate":0,"schema_version":1,"seed":0,"smallest_batch":"d",'
    '"target":{"expression":"z1 + z1*z2","noise":0,"rank":2}}'
)


def test_a_known_scan_has_its_golden_text():
    tasks = [point.task for point in Study.parse(SCAN).points if point.kind == "scan"]
    assert tasks[0] == GOLDEN_TASK
    assert len(tasks) == 4


def test_a_scan_is_run_and_collected_beside_its_theory(tmp_path):
    study = Study.parse(SCAN)
    assert estimate(study, workers=1).seconds > 0
    outcome = run(study, tmp_path, workers=1)
    assert (outcome.done, outcome.failures) == (5, ())
    data = collect(tmp_path)
    assert data.scanned_batch.isel(dimension=0, replicate=0).values.tolist()[::3] == [100, 200, 400]
    assert data.gradient_overlaps.dims == ("dimension", "replicate", "batch", "neuron", "direction")
    assert data.predicted_dimension.values.tolist() == [0, 1, 2]
    assert np.isfinite(data.gradient_energy).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('smallest_batch = "d"', 'smallest_batch = "9d"'), "smallest_batch: found 900, expected at most"),
        (('smallest_batch = "d"', ""), r"sweep\[0\].smallest_batch: is missing"),
        (("seeds = 2", "per_octav = 2"), "did you mean 'per_octave'"),
        (("learning_rate = 3", "learning_rate = 3, reuse = true"), "the last step reuses its batch"),
    ],
)
def test_scans_that_cannot_be_are_named(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(SCAN.replace(*change))
