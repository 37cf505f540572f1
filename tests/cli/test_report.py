"""`giantstep report`, `giantstep cite` and `giantstep figure` on a small folder."""

from __future__ import annotations

import pytest
from tests.studies.small import TEXT

from giantstep.studies import Study, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("results")
    run(Study.parse(TEXT.replace("steps = 2", "steps = 2, reuse = true")), place, workers=1)
    return place


def test_the_report_is_one_file(giantstep, folder, tmp_path):
    ran = giantstep("report", str(folder), "-o", str(tmp_path / "report.html"))
    assert (ran.code, ran.out.strip()) == (0, str(tmp_path / "report.html"))
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert giantstep("report", str(tmp_path), "-o", "r.html").code == 2


def test_cite_knows_the_papers_of_a_folder(giantstep, folder):
    out = giantstep("cite", str(folder)).out
    assert "2305.18270" in out
    assert "2402.03220" in out
    assert "2402.04980" not in out


def test_cite_knows_kinds_numbers_and_everything(giantstep):
    found = giantstep("cite", "learning-curves", "2303.00055", "--json").document
    assert [paper["arxiv"] for paper in found["papers"]] == ["2402.04980", "2205.01445", "2303.00055"]
    assert giantstep("cite").out.count("@misc{") == 10
    ran = giantstep("cite", "nothing")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_a_figure_is_drawn_of_one_target_and_says_what_a_folder_lacks(giantstep, folder, tmp_path):
    file = str(tmp_path / "plane.svg")
    assert giantstep("figure", str(folder), "overlap-plane", "-o", file, "--target", "stair2").code == 0
    ran = giantstep("figure", str(folder), "overlap-plane", "-o", file, "--target", "stair")
    assert "target: found 'stair', expected stair2, z1; did you mean" in ran.err
    assert (
        "needs scans over several dimensions" in giantstep("figure", str(folder), "exponents", "-o", file).err
    )
    ran = giantstep("figure", str(folder), "learning-curves", "-o", file, "--target", "z1")
    assert ran.code == 2
    assert "stairwey" in giantstep("figure", str(folder), "stairwey", "-o", file).err
