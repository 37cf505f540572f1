"""The study of exponents: crossings, fits and tables from scans."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.studies.small_reports import EXPONENTS

from giantstep.studies import Study, drawable, load, report, run
from giantstep.studies.exponents import verdict
from giantstep.studies.store import Store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("exponents")
    assert run(Study.parse(EXPONENTS), place, workers=1).failures == ()
    return place


def test_the_exponent_of_a_first_step_is_the_leap_and_its_curves_follow_the_law(folder):
    one = drawable(folder, "exponents").sel(setting="l = 1")
    assert (one.leap.item(), one.rate_leap.item(), one.direction_text.item()) == (1, 0, "z1")
    assert one.exponent_low < 1.0 < one.exponent_high
    assert one.exponent.item() == pytest.approx(1, abs=0.05)
    assert one.rate_exponent.item() == pytest.approx(0, abs=0.05)
    # S / (S + N) = 0.3 at n = 3 d / 7.
    error = np.log(one.crossing_high / one.crossing) / 2
    assert (abs(np.log(one.crossing / one.dimension * 7 / 3)) < 4 * error).all()
    assert (error < 0.06).all()
    np.testing.assert_allclose(one.theory_crossing / one.dimension, 3 / 7, rtol=0.02)
    z = (one.overlap - one.theory_overlap) / one.deviation_se
    assert float((z**2).mean()) ** 0.5 < 2.5


def test_a_second_step_is_measured_in_the_complement_of_the_first(folder):
    one = drawable(folder, "exponents").sel(setting="l = 2, step 2")
    assert (one.leap.item(), one.scanned_step.item()) == (2, 2)
    assert one.direction_text.item() == "(z1 - z2)/sqrt 2"
    # Many samples leave nothing but the direction: what the first step left of the row is no noise.
    assert np.nanmax(one.overlap.values) > 0.45
    assert one.theory_overlap.isnull().all()
    assert np.isnan(one.rate_exponent)


def test_tables_are_written_and_json_ready(folder):
    tables = report(folder, "exponents")
    titles = [table.title for table in tables]
    assert titles[-1] == "Specialisation, preprocessing"
    assert [title.split(",")[0] for title in titles[:3]] == [
        "Batch exponents", "Learning-rate exponents", "Scaling collapse on n / d^l",
    ]  # fmt: skip
    written = json.loads((folder / "tables.json").read_text())
    assert written == [table.to_dict() for table in tables]
    assert (folder / "exponents.nc").exists()


def test_preprocessing_makes_neurons_specialise_in_the_quieter_direction(folder):
    rows = report(folder, "exponents")[-1].rows
    loud, quiet = (
        [row for row in rows if row["preprocess"].startswith(word)] for word in ("without", "with ")
    )
    assert all(row["z1"][0] > 0.95 and row["z2"][0] < 0.2 for row in loud)
    assert all(row["z2"][0] > 0.4 and row["z1"][0] < 0.1 for row in quiet)


def test_missing_points_leave_gaps_not_errors(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    for point in Study.parse(EXPONENTS).points:
        largest = point.kind == "scan" and point.labels["dimension"] == 3000
        if largest or (point.kind == "certificate" and "He2" in point.task):
            Store(copy).path(point.hash).unlink()
    data = drawable(copy, "exponents")
    assert data.setting.values.tolist() == ["l = 1"]
    assert np.isfinite(data.crossing.values).tolist() == [[True, True, False]]
    assert report(copy, "exponents")


def test_a_verdict_needs_a_narrow_interval():
    assert verdict(2.02, 2.01, 2.03, 2.0) == "agrees"
    assert verdict(2.2, 2.15, 2.25, 2.0) == "disagrees"
    assert verdict(2.2, float("nan"), float("nan"), 2.0) == "not resolved"


def test_the_built_in_study_and_its_longer_twin_can_be_read():
    study, full = load("exponents"), load("exponents", variant="full")
    assert {sweep.kind for sweep in study.sweeps} == {"scan", "simulation"}
    assert len(full.points) > len(study.points)
