"""A study that was interrupted: what is done so far is collected, judged and drawn, and only looked at."""

import shutil

import numpy as np
import pytest
from tests.studies.small import TEXT

from giantstep.figures import draw
from giantstep.studies import Study, collect, drawable, run
from giantstep.studies.judging import judge_folder
from giantstep.studies.reports import tables_of

STUDY = Study.parse(TEXT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    run(STUDY, folder, workers=1)
    return folder


def only(finished, folder, kept):
    """A copy that holds only some of the points."""
    (folder / "points").mkdir(parents=True)
    shutil.copy(finished / "study.toml", folder)
    for name in kept:
        shutil.copy(finished / "points" / f"{name}.nc", folder / "points")
    return folder


def names(kind, target):
    return [point.hash for point in STUDY.points if point.kind == kind and point.labels["target"] == target]


KEPT = {
    "nothing": [],
    "certificates only": names("certificate", "z1") + names("certificate", "stair2"),
    "one certificate": names("certificate", "stair2"),
    "simulations without certificates": names("simulation", "z1"),
    "a certificate of a higher rank": names("simulation", "z1") + names("certificate", "stair2"),
    "one replicate": names("certificate", "z1") + names("simulation", "z1")[:1],
}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_any_part_of_a_study_can_be_judged_and_drawn_and_looking_writes_nothing(kept, finished, tmp_path):
    folder = only(finished, tmp_path / "part", kept)
    (folder / "index.json").write_text("")
    before = sorted(folder.rglob("*"))
    table = judge_folder(folder)
    assert {row["verdict"] for row in table["rows"]} <= {"not resolved"}
    assert tables_of(folder, STUDY.figure) == ()
    draw("stairway", drawable(folder, "stairway")).to_dict()
    assert sorted(folder.rglob("*")) == before


def test_data_are_padded_to_the_rank_of_a_certificate(finished, tmp_path):
    kept = names("simulation", "z1") + names("certificate", "stair2") + names("certificate", "z1")
    data = collect(only(finished, tmp_path / "part", kept))
    whole = collect(finished)
    assert data.direction.values.tolist() == ["z1", "z2"]
    np.testing.assert_array_equal(data.learned_subspace, whole.learned_subspace)
    one, all_ = data.sel(target="z1"), whole.sel(target="z1")
    np.testing.assert_array_equal(one.overlaps, all_.overlaps)
    np.testing.assert_array_equal(one.predicted_alignment, all_.predicted_alignment)
