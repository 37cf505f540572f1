"""The README keeps its word: its lines are the ones that CI runs, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_two_lines_are_two_and_need_only_python_and_pip():
    lines = blocks("bash")
    assert len(lines) == 2
    for line in lines:
        assert line.count("\n") == 1
        assert line.startswith("python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e ")


def test_the_python_example_has_twelve_lines_and_runs(capsys):
    (example,) = blocks("python")
    assert example.count("\n") <= 12
    # At d = 10^6 it takes seconds; the same lines at 10^4 show the same.
    exec(compile(example.replace("10**6", "10**4"), str(README), "exec"), {})
    assert "unlocks" in capsys.readouterr().out


def test_every_command_of_the_table_exists(capsys):
    from giantstep.cli.app import application

    named = set(re.findall(r"^\| `giantstep (\w+)", README.read_text("utf-8"), re.MULTILINE))
    assert named == {name for name in application() if not name.startswith("-")}


@pytest.mark.parametrize("name", ["VISION.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"])
def test_files_that_the_readme_names_exist(name):
    assert (README.parent / name).is_file()


def test_constraints_are_exact_pins_of_packages():
    lines = (README.parent / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)
    assert len({pin.split("==")[0].lower() for pin in pins}) == len(pins)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_no_row_and_no_item_stands_twice(name):
    # Git joins both sides' lines of these files: a merge doubles whatever both sides changed.
    lines = (README.parent / name).read_text("utf-8").splitlines()
    heads = [line.split(" | ")[0].split(": ")[0] for line in lines if line.startswith(("| `", "- "))]
    assert not {head for head in heads if heads.count(head) > 1}


def test_the_map_of_the_code_names_every_room():
    package = README.parent / "src" / "giantstep"
    found = {
        path.name for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    text = (README.parent / "CONTRIBUTING.md").read_text("utf-8")
    rooms = re.findall(r"`([a-z_]+)(?:/|\.py)?`", "".join(re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)))
    assert {name.removesuffix(".py") for name in found if not name.startswith("_")} == set(rooms)
