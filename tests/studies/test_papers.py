"""A paper is a list of studies: each exists, has a quick twin, is judged, and leaves a manifest."""

import json
from pathlib import Path

import pytest

from giantstep.cli import main
from giantstep.errors import SpecError
from giantstep.studies import builtin, load
from giantstep.studies.judgement import Judgement, judge, of_scores, of_verdicts
from giantstep.studies.papers import Paper, PaperFigure, paper, papers, print_paper, studies_of
from giantstep.studies.reports import home

SMALL = """
schema_version = 1
title = "Small"
figure = "{figure}"
[[sweep]]
kind = "simulation"
theory = "certificate"
target = "z1"
network = {{width = 4, activation = "relu"}}
protocol = {{steps = 1, batch = "4d", learning_rate = 4.0}}
seeds = {seeds}
product.dimension = [100, 1000, 10000]
"""


@pytest.mark.parametrize("number", papers())
def test_every_figure_of_a_paper_is_a_built_in_study_with_a_quick_twin_and_a_judge(number):
    found = paper(number)
    assert found.arxiv == number
    for figure, study in studies_of(found):
        assert figure.study in builtin()
        assert study.figure is not None
        assert figure.shows
        module = home(study.figure)
        assert module is None or callable(module.judge)
    for (_, quick), (_, long) in zip(studies_of(found, "quick"), studies_of(found), strict=True):
        assert quick.figure == long.figure
        assert len(quick.points) <= len(long.points)


def test_every_built_in_study_but_the_catalog_makes_a_figure_of_a_paper():
    made = {figure.study for number in papers() for figure in paper(number).figures}
    assert made | {"catalog"} == set(builtin())


def test_an_unknown_paper_names_the_known_ones():
    with pytest.raises(
        SpecError, match=r"found '2305.18271', expected 2303.00055, 2305.18270, .* did you mean"
    ):
        paper("2305.18271")
    assert paper("arXiv:2305.18270").arxiv == "2305.18270"


@pytest.fixture
def small(monkeypatch, tmp_path):
    """A paper of one small study, read from a file."""
    file = tmp_path / "small.toml"
    file.write_text(SMALL.format(figure="stairway", seeds=6))
    monkeypatch.setattr(
        "giantstep.studies.papers.press.studies_of",
        lambda paper, variant=None: ((paper.figures[0], load(file)),),
    )
    return Paper("0000.00000", "A small one", (PaperFigure("small", "one direction"),))


def test_a_paper_writes_figures_verdicts_and_a_manifest_and_again_changes_nothing(small, tmp_path):
    folder, drawn = tmp_path / "out", []

    def draw(study, place):
        drawn.append(study.name)
        (place / "figure.svg").write_text("<svg/>")
        return [place / "figure.svg"]

    (made,) = print_paper(small, folder, draw, workers=1)
    assert drawn == ["small"]
    assert made.judgement.verdict == "agrees"
    manifest = json.loads((folder / "manifest.json").read_text())
    (entry,) = manifest["figures"]
    assert entry["files"] == [str(Path("small") / "figure.svg")]
    assert entry["judgement"]["verdict"] == "agrees"
    assert entry["seeds"] == [0]
    assert len(entry["spec_hash"]) == 64
    assert {"numpy", "scipy"} <= set(manifest["made_with"]["packages"])
    assert manifest["made_with"]["blas"]
    assert manifest["fingerprint"]
    (again,) = print_paper(small, folder, draw, workers=1)
    assert (again.outcome.done, again.outcome.skipped) == (0, len(made.study.points))
    assert json.loads((folder / "manifest.json").read_text()) == manifest


def test_too_little_for_a_figure_is_a_reason_not_a_crash(small, tmp_path):
    def draw(study, place):
        raise SpecError("stairway: found no simulation.")

    (made,) = print_paper(small, tmp_path / "out", draw, workers=1)
    assert made.files == ()
    assert made.judgement == Judgement("not resolved", "no figure: stairway: found no simulation.")


def test_one_seed_resolves_nothing():
    assert of_scores([float("nan")]).verdict == "not resolved"
    assert of_verdicts(["agrees", "disagrees", "not resolved"]).verdict == "disagrees"


def test_scores_at_the_limit_are_told_apart():
    assert of_scores([1.9, -1.9]).verdict == "agrees"
    assert of_scores([2.1, -2.1]).verdict == "disagrees"
    assert of_scores([2.1, -2.1]).to_dict()["rms_z"] == pytest.approx(2.1)


def test_a_folder_is_judged_by_its_verdicts(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL.format(figure="stairway", seeds=6))
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    found = judge(tmp_path / "out", "stairway")
    assert (found.verdict, found.entries) == ("agrees", 1)


def test_the_command_lists_papers_and_plans_one(capsys, tmp_path):
    assert main(["studies", "--paper", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["arxiv"] for row in rows} == set(papers())
    command = ["run", "2305.18270", "--quick", "--dry-run", "--json", "--out", str(tmp_path)]
    assert main(command) == 0
    plan = json.loads(capsys.readouterr().out)
    assert [row["study"] for row in plan["figures"]] == [f.study for f in paper("2305.18270").figures]
    assert all(row["points"] > 0 and row["done"] == 0 for row in plan["figures"])


def test_full_and_quick_exclude_each_other(capsys):
    assert main(["run", "stairway", "--full", "--quick"]) == 2
    assert "--full and --quick" in capsys.readouterr().err
