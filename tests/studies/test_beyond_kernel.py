"""The study beyond the kernel: errors beside their bounds."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.studies.small_reports import BEYOND_KERNEL

from giantstep.studies import Study, drawable, load, report, run
from giantstep.studies.store import Store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("beyond")
    assert run(Study.parse(BEYOND_KERNEL), place, workers=1).failures == ()
    return place


def test_every_run_is_counted_beside_its_bound(folder):
    data = drawable(folder, "beyond-kernel")
    assert dict(data.sizes) == {"target": 2, "steps": 3, "samples": 2}
    assert (data.runs == 2).all()
    stairs, product = data.sel(target="stairs"), data.sel(target="z1*z2")
    assert stairs.learned_dimension.values.tolist() == [0, 1, 2]
    assert stairs.bound.values == pytest.approx([1, 0, 0])
    assert stairs.best_function.values == pytest.approx([2, 1, 0])
    assert product.learned_dimension.values.tolist() == [0, 0, 0]
    assert product.bound.values == pytest.approx([1, 1, 1])


def test_steps_go_beyond_the_kernel_where_there_is_a_staircase_only(folder):
    data = drawable(folder, "beyond-kernel").isel(samples=-1)
    stairs, product = data.test_error.sel(target="stairs"), data.test_error.sel(target="z1*z2")
    assert stairs.sel(steps=0) > data.kernel_bound.sel(target="stairs", steps=0)
    assert stairs.sel(steps=1) < stairs.sel(steps=0) - 0.5
    assert (product > 0.9).all()


def test_tables_name_runs_below_their_bound(folder):
    ends, runs = report(folder, "beyond-kernel")
    assert [row["steps"] for row in ends.rows] == [0, 1, 2, 0, 1, 2]
    assert all(row["runs"] == 4 for row in runs.rows)
    assert {row["below"] for row in runs.rows if row["target"] == "stairs"} == {0}


def test_missing_runs_leave_gaps(folder, tmp_path):
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    for point in Study.parse(BEYOND_KERNEL).points:
        if point.labels["target"] == "z1*z2" and point.labels["point"] == 1:
            Store(copy).path(point.hash).unlink()
    data = drawable(copy, "beyond-kernel")
    assert np.isnan(data.test_error.sel(target="z1*z2", samples=1024)).all()
    assert report(copy, "beyond-kernel")


def test_the_built_in_study_and_its_longer_twin_can_be_read():
    study, full = load("beyond-kernel"), load("beyond-kernel", variant="full")
    assert study.figure == "beyond-kernel"
    assert len(full.points) > len(study.points)
