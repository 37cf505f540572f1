"""Panel Target over HTTP: certificates, exports that say the same, and errors in one sentence."""

import json
import runpy
from pathlib import Path

import pytest

from giantstep import Network, Protocol, Target, analyze
from giantstep.studies.study import Study


def _events(site, **question):
    events = site.ask("target", question)
    assert "error" not in [event["event"] for event in events], events[-1]
    return events


def test_both_batch_modes_say_what_analyze_says(site):
    events = _events(site, target="stair3", activation="relu")
    for event in [event for event in events if event["event"] == "certificate"]:
        protocol = Protocol.repeat(2, batch="d", reuse=event["mode"] == "reused")
        own = analyze(Target.from_catalog("stair3"), Network(2), protocol)
        assert [step["dimension"] for step in event["steps"]] == [step.dimension for step in own.steps]
        said = [reason for step in event["steps"] for reason in step["reasons"]]
        assert said == [reason.partition(": ")[2] for step in own.steps for reason in step.reasons]
    assert [event["learned"] for event in events if event["event"] == "certificate"] == [2, 3]


def test_the_blind_orders_are_those_of_the_activation(site):
    def blind(**question):
        sight = _events(site, target="z1", **question)[0]["sight"]
        return [row["order"] for row in sight["orders"] if not row["later"]]

    assert blind(activation="relu") == [3, 5, 7]
    assert blind(activation="tanh") == [2, 4, 6, 8]
    assert blind(activation="tanh", bias=True) == []
    assert blind() == []


def test_the_study_file_runs_the_same_certificates(site):
    events = _events(
        site, target="z1*z2 + He3(z1)", noise=0.25, activation="tanh", bias=True, preprocess=True
    )
    study = Study.parse(events[-1]["study"])
    assert [point.kind for point in study.points] == ["certificate", "certificate"]
    task = json.loads(study.points[0].task)
    assert task["target"] == Target.parse("z1*z2 + He3(z1)", noise=0.25).spec()
    assert task["network"] == {"activation": "tanh", "bias": 1, "width": 2}
    assert task["protocol"][0]["preprocess"] is True


def test_the_python_code_runs_and_draws(site, tmp_path, monkeypatch):
    events = _events(site, target="z1 + z1*z2", activation="relu")
    monkeypatch.chdir(tmp_path)
    Path("target.py").write_text(events[-1]["python"])
    found = runpy.run_path("target.py")["certificates"]
    assert [one.learned_dimension for one in found.values()] == [2, 2]
    assert (tmp_path / "stairs.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({"target": "z1 +"}, "target"),
        ({"target": ""}, "target"),
        ({"target": "stair33"}, "did you mean 'stair3'"),
        ({"target": "import os"}, "target"),
        ({"target": 3}, "target: found 3"),
        ({}, "target: is missing"),
        ({"target": "z1", "targt": "z1"}, "there is no such field"),
        ({"target": "z1", "activation": "tahn"}, "did you mean 'tanh'"),
        ({"target": "z1", "noise": -1}, "noise"),
        ({"target": "z1", "batch_exponent": 1e9}, "batch_exponent: found 1e+09"),
        ({"target": "z1", "bias": "yes"}, "bias: found 'yes'"),
        ({"target": "z" * 3000}, "target"),
    ],
)
def test_a_bad_field_is_named_in_one_sentence(site, question, words):
    assert words in site.error("target", question)
