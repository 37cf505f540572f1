"""The report of a results folder: complete, self-contained, and no name in it is ever markup."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from tests.report.reading import ATTACKS, Page
from tests.studies.small import TEXT
from tests.studies.small_neighbours import TIME_SCALES

import giantstep as gs
from giantstep.errors import SpecError, StoreError
from giantstep.report import write
from giantstep.report.contents import Certified, read
from giantstep.report.pictures import Picture
from giantstep.report.writing import render
from giantstep.studies import Study, run
from giantstep.studies.judgement import judge
from giantstep.studies.reports import Table

EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
STUDY = TEXT.replace('title = "Small"', f"# Is <b>it</b> so?\ntitle = {json.dumps(EVIL)}").replace(
    'product.target = ["stair2", "z1"]',
    f'product.target = ["stair2", {{name = {json.dumps(EVIL)}, expression = "z1"}}]',
)
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "article"),
    *("h1", "h2", "h3", "p", "strong", "time", "ul", "ol", "li", "a", "figure", "figcaption", "div", "img"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "span", "small", "br", "code", "pre"),
    *("details", "summary", "cite"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    run(Study.parse(STUDY), place, workers=1)
    return place


@pytest.fixture(scope="module")
def contents(folder):
    return read(folder)


@pytest.fixture(scope="module")
def page(contents):
    return Page(render(contents))


def test_it_says_question_answer_theory_provenance_and_papers(page, contents):
    text = " ".join(" ".join(page.texts).split())
    assert "Is <b>it</b> so?" in text
    assert "10 points" not in text
    assert f"{contents.done} of {contents.points} points are done" in text
    assert "Theory and simulation: 2 agrees." in text or "not resolved" in text
    assert "Step 2 learns z2" in text
    assert "block (z1; z2), order 1+1" in text
    manifest = contents.manifest
    for part in (manifest.study_hash, *manifest.fingerprints, "numpy", "BLAS", "processor"):
        assert part in text
    assert "@misc{dandi2023giant" in text
    assert "giantstep run study.toml" in text
    assert 'kind = "simulation"' in text


def test_a_figure_with_a_verdict_of_its_own_is_judged_on_the_first_lines(contents, tmp_path):
    run(Study.parse(TIME_SCALES), tmp_path, workers=1)
    judged = read(tmp_path)
    assert judged.judgement == judge(tmp_path, "time-scales")
    assert contents.judgement is None
    text = " ".join(" ".join(Page(render(judged)).texts).split())
    assert f"Theory and simulation: {judged.judgement.verdict} ({judged.judgement.reason})." in text
    wrong = replace(judged, judgement=replace(judged.judgement, verdict="disagrees", reason=EVIL))
    page = Page(render(wrong))
    assert ("strong", {"class": "disagrees"}) in page.tags
    assert page.names <= TAGS


def test_the_table_of_verdicts_has_a_z_score_for_every_direction(contents, page):
    (first, second) = contents.verdicts["rows"]
    assert [len(first["directions"]), len(second["directions"])] == [2, 1]
    text = " ".join(page.texts)
    for row in contents.verdicts["rows"]:
        for one in row["directions"]:
            assert f"{one['slope_z']:.3g}" in text


def test_nothing_on_the_page_runs_or_asks_for_anything(page):
    assert page.names <= TAGS
    assert page.handlers == []
    assert page.addresses
    assert all(address.startswith(("#", "data:image/svg+xml;base64,")) for address in page.addresses)
    policies = [own["content"] for tag, own in page.tags if own.get("http-equiv")]
    assert policies[0].startswith("default-src 'none'")
    assert "script-src" not in policies[0]


def test_every_figure_has_words_and_holds_no_script(page):
    images = [own for tag, own in page.tags if tag == "img"]
    assert len(images) == 2
    assert all(len(own["alt"]) > 40 for own in images)
    for picture in page.pictures():
        names = {element.tag.split("}")[1] for element in picture.iter()}
        assert names <= {"svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clipPath", "style"}
        assert not any(name.lower().startswith("on") for e in picture.iter() for name in e.attrib)
    assert any(EVIL in "".join(one.itertext()) for one in page.pictures())


def test_every_name_of_a_corpus_of_attacks_stays_text(contents):
    certificate = contents.certified[0].certificate
    row = contents.verdicts["rows"][0]
    hurt = replace(
        contents,
        title="\n".join(ATTACKS),
        name=ATTACKS[0],
        question=tuple(ATTACKS),
        text="\n".join(ATTACKS),
        certified=tuple(
            Certified((one,), replace(certificate, target=one, messages=(one,))) for one in ATTACKS
        ),
        pictures=tuple(Picture(attack, "", "", attack) for attack in ATTACKS),
        verdicts={
            "counts": dict.fromkeys(ATTACKS, 1),
            "rows": [row | {"labels": {"target": a}, "expression": a, "reason": a} for a in ATTACKS],
        },
        tables=[Table(a, {"x": a}, [{"x": a}], a) for a in ATTACKS],
        manifest=replace(
            contents.manifest,
            made_with=tuple((attack, attack) for attack in ATTACKS),
            failures=tuple((attack, attack) for attack in ATTACKS),
        ),
        trouble=tuple(ATTACKS),
    )
    page = Page(render(hurt))
    assert page.names <= TAGS
    assert page.handlers == []
    assert all(address.startswith("#") for address in page.addresses)
    text = "".join(page.texts)
    for attack in ATTACKS:
        # In a paragraph, verdict, table, certificate, study file, ..
        assert text.count(attack) >= 8, attack


def test_a_figure_that_cannot_be_drawn_says_why(folder, tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(folder, place)
    study = place / "study.toml"
    study.write_text(study.read_text("utf-8").replace('"stairway"', '"exponents"'), "utf-8")
    text = " ".join(Page(render(read(place))).texts)
    assert "No figure exponents" in " ".join(text.split())
    assert "needs scans over several dimensions" in text


def test_a_built_in_study_is_named_in_the_command(contents):
    from giantstep.report.contents import _command
    from giantstep.studies import load

    assert _command(load("stairway")) == "giantstep run stairway"
    assert _command(load("stairway", variant="full")) == "giantstep run stairway --full"


def test_the_certificate_comes_back_as_it_was_stored(contents):
    found = {one.certificate.target: one.certificate for one in contents.certified}
    network = gs.Network(width=4, readout="gaussian")
    again = gs.analyze(gs.Target.parse("z1 + z1*z2"), network, gs.Protocol.repeat(2, batch="2d"))
    assert found["z1 + z1*z2"].to_dict() == again.to_dict()


def test_other_suffixes_and_folders_without_results_are_errors(folder, tmp_path):
    with pytest.raises(SpecError, match=r"found the suffix '.pdf', expected .html"):
        write(folder, tmp_path / "report.pdf")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/study.toml").write_text(TEXT, "utf-8")
    with pytest.raises(StoreError, match="no point of its study is done"):
        write(tmp_path / "empty", tmp_path / "report.html")
    assert write(folder, tmp_path / "new/report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
