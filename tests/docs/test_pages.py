"""The documentation keeps its word: every block of code on it is run by the build, or checked here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUN_BY_THE_BUILD = {"{code-cell}"}
NO_CODE = {"{image}", "{figure}", "{toctree}", "{eval-rst}", "{math}", "{note}", "{warning}", "{tip}", "text"}


def blocks(page):
    return [(kind, body) for kind, body in FENCE.findall(page.read_text("utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_code_on_a_page_is_run_or_checked(page):
    for kind, body in blocks(page):
        if kind in RUN_BY_THE_BUILD | NO_CODE:
            continue
        # What cannot run here, such as a job script of a cluster, is at least well-formed.
        assert kind in {"toml", "bash", "python"}, f"{page.name}: a block of kind {kind!r} is never run"
        if kind == "toml":
            tomllib.loads(body)
        elif kind == "python":
            compile(body, str(page), "exec")
        else:
            known = commands()
            for verb in re.findall(r"^\s*(?:srun |nice )?giantstep (\S+)", body, re.MULTILINE):
                assert verb in known, f"{page.name}: giantstep {verb} does not exist"


def test_no_line_of_a_cell_is_cut_at_the_edge_of_the_page():
    lines = [
        (page.name, line)
        for page in PAGES
        for kind, body in blocks(page)
        if kind in RUN_BY_THE_BUILD
        for line in body.splitlines()
    ]
    assert [(name, line) for name, line in lines if len(line) > 97] == []


def test_notebook_pages_say_which_kernel():
    for page in PAGES:
        if any(kind == "{code-cell}" for kind, _ in blocks(page)):
            assert page.read_text("utf-8").startswith("---\njupytext:"), page.name


def test_the_reference_names_everything_public():
    import giantstep as gs
    from giantstep import studies, testing

    text = (DOCS / "api.md").read_text("utf-8")
    public = {f"giantstep.{name}" for name in gs.__all__ if name != "predict"}
    public |= {f"giantstep.predict.{name}" for name in gs.predict.__all__}
    public |= {f"giantstep.studies.{name}" for name in studies.__all__}
    public |= {f"giantstep.testing.{name}" for name in testing.__all__}
    assert not {name for name in public if not re.search(rf":: {re.escape(name)}$", text, re.MULTILINE)}


def test_every_page_is_reached_from_the_index():
    named = set(re.findall(r"^[\w./-]+$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE))
    for page in PAGES:
        name = str(page.relative_to(DOCS)).removesuffix(".md")
        assert name == "index" or name in named, f"{name} is in no table of contents"


def commands():
    from giantstep.cli.app import application

    return {name for name in application() if not name.startswith("-")}
