"""Panel Steps over HTTP: a run step by step, the same numbers as `simulate`, and limits on what it costs."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from giantstep import Network, Protocol, Target, analyze, compare, predict, simulate
from giantstep.figures.neuron_plane import SIGNS
from giantstep.studies import run
from giantstep.studies.judging import judge_folder
from giantstep.studies.study import Study

QUESTION = {"target": "z1 + z1*z2", "dimension": 1000, "width": 4, "steps": 2, "seeds": 3, "batch": "4d"}


@pytest.fixture(scope="module")
def events(site):
    return site.ask("steps", QUESTION)


def _run():
    protocol = Protocol.repeat(2, batch="4d", learning_rate=3)
    return simulate(Target.parse("z1 + z1*z2"), Network(4), protocol, dimension=1000, seeds=3)


def test_the_numbers_are_those_of_simulate(events):
    data = _run()
    rows = [event for event in events if event["event"] == "rows"][-1]["rows"]
    own = np.sqrt((data["overlaps"].values ** 2).mean(2))
    for step, row in enumerate(rows):
        for axis, cell in enumerate(row["overlaps"]):
            assert cell["mean"] == pytest.approx(own[:, step, axis].mean(), rel=1e-12)
            assert cell["error"] == pytest.approx(own[:, step, axis].std(ddof=1) / 3**0.5, rel=1e-9)
        assert row["alignment"] == pytest.approx(float(data["alignment"][:, step].mean()), rel=1e-12)
    assert [row["predicted"] for row in rows] == [0, 1, 2]


def test_theory_stands_beside_the_run(events):
    theory = predict.overlaps(
        Target.parse("z1 + z1*z2"), Network(4), Protocol.repeat(2, batch="4d", learning_rate=3), samples=2**19
    )
    figure = [event for event in events if event["event"] == "figure"][-1]
    lines = {(row["name"], row["step"]): row["value"] for row in figure["tables"]["theory"]}
    own = np.sqrt((theory["overlaps"].values ** 2).mean(1))
    assert [lines["z1", t] for t in range(3)] == pytest.approx(own[:, 0].tolist())


def test_every_step_is_shown_as_it_is_taken_the_first_before_the_others(events):
    kinds = [(event["event"], event.get("replicate"), event.get("step")) for event in events]
    steps = [kind[1:] for kind in kinds if kind[0] == "neurons"]
    assert steps == [(replicate, step) for replicate in range(3) for step in range(3)]
    first = kinds.index(("neurons", 0, 1))
    assert ("figure", None, None) in kinds[first : first + 2]
    assert first < kinds.index(("neurons", 0, 2))


def test_the_neurons_move_where_their_overlaps_say(events):
    data = _run()
    last = [event for event in events if event["event"] == "neurons"][-1]
    one = data.isel(replicate=2, step=2)
    norms = np.sqrt(np.diag(one["self_overlaps"].values))
    assert np.allclose(last["places"], one["overlaps"].values / norms[:, None], atol=1e-12)
    plane = next(event for event in events if event["event"] == "plane")
    assert plane["kinds"] == list(SIGNS)
    assert plane["signs"] == (data["readout"].values < 0).astype(int).tolist()


def test_the_study_file_and_the_code_say_the_same_run(events, tmp_path, monkeypatch):
    exports = next(event for event in events if event["event"] == "exports")
    study = Study.parse(exports["study"])
    assert [point.kind for point in study.points] == ["certificate", *["simulation"] * 3]
    monkeypatch.chdir(tmp_path)
    Path("steps.py").write_text(exports["python"])
    data = runpy.run_path("steps.py")["data"]
    assert np.array_equal(data["overlaps"].values, _run()["overlaps"].values)
    assert {path.name for path in tmp_path.iterdir()} == {"overlaps.svg", "neurons.svg", "steps.py"}


def test_a_rate_that_grows_with_d_has_its_theory_on_the_page_and_in_the_code(site, tmp_path, monkeypatch):
    changes = {"learning_rate": "p*sqrt(d)", "loss": "correlation", "seeds": 1, "dimension": 300}
    events = site.ask("steps", QUESTION | changes)
    assert not [event for event in events if event["event"] == "note" and "Give dimension" in event["words"]]
    monkeypatch.chdir(tmp_path)
    Path("steps.py").write_text(next(event for event in events if event["event"] == "exports")["python"])
    theory = runpy.run_path("steps.py")["theory"]
    assert events[-1]["event"] == "rows"
    assert theory.attrs["dimension"] == 300


@pytest.mark.parametrize(
    "changes", [{"mode": "reused"}, {"preprocess": True}, {"bias": 0.5, "loss": "correlation"}]
)
def test_other_protocols_answer_too(site, changes):
    events = site.ask("steps", QUESTION | {"seeds": 1, "dimension": 300} | changes)
    assert events[-1]["event"] == "rows"


def test_a_divergence_is_said(site):
    events = site.ask("steps", QUESTION | {"learning_rate": "1e30", "steps": 3, "dimension": 100})
    assert "left the finite numbers" in [event for event in events if event["event"] == "note"][-1]["words"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": "d^2", "dimension": 1e6}, "the explorer allows 20 s"),
        ({"batch": "1e15"}, "the explorer allows 20 s"),
        ({"batch": "1e4d", "mode": "reused", "width": 64}, "the explorer allows"),
        ({"dimension": 1}, "dimension: found 1"),
        ({"dimension": 1e300}, "dimension"),
        ({"dimension": 10.5}, "dimension: found 10.5"),
        ({"width": 100000}, "width: found 100000"),
        ({"width": 3, "activation": "nope"}, "network: "),
        ({"steps": 10**9}, "steps: found 1e+09"),
        ({"seeds": 0}, "seeds: found 0"),
        ({"seed": -1}, "seed: found -1"),
        ({"batch": "3x"}, "protocol: batch"),
        ({"learning_rate": "nan"}, "learning_rate"),
        ({"loss": "hinge"}, "loss: found 'hinge'"),
        ({"mode": "sometimes"}, "mode: found 'sometimes'"),
        ({"bias": [1, 2]}, "bias: found [1, 2]"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(site, changes, words):
    assert words in site.error("steps", QUESTION | changes)


def test_what_is_too_long_for_a_page_is_handed_out_as_a_study(site):
    events = site.ask("steps", QUESTION | {"batch": "d^2", "dimension": 1e6})
    assert Study.parse(events[0]["study"]).points
    assert events[-1]["event"] == "error"


def test_the_study_file_is_run_and_judged_like_the_same_verbs(site, tmp_path):
    question = {"target": "z1", "dimension": 200, "width": 4, "steps": 1, "seeds": 4, "activation": " tanh "}
    (exports,) = [event for event in site.ask("steps", question) if event["event"] == "exports"]
    run(Study.parse(exports["study"]), tmp_path, workers=1)
    (row,) = judge_folder(tmp_path)["rows"]
    protocol = Protocol.repeat(1, batch="3d", learning_rate=3)
    nouns = Target.parse("z1"), Network(4, "tanh"), protocol
    own = compare(analyze(*nouns, dimension=200), simulate(*nouns, dimension=200, seeds=4))
    assert (row["dimension"], row["verdict"], row["reason"]) == (200, own.verdict, own.reason)
    # Beside what chance gives at this very dimension.
    assert [one["level"] for one in row["directions"]] == [one.level for one in own.directions]
