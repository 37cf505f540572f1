"""Panel Learning curve over HTTP: both theories, in turn, and exports that say the same."""

import runpy
from pathlib import Path

import pytest

from giantstep import Target, predict
from giantstep.studies.study import Study

QUESTION = {
    "target": "sin(z1)",
    "activation": "tanh",
    "learning_rate_ratio": 1.5,
    "ridge": 0.05,
    "noise": 0.1,
}
SETTING = {"sample_ratio": [0.5, 2.0], "first_batch_ratio": 4.0, "ridge": 0.05}


@pytest.fixture(scope="module")
def events(site):
    return site.ask("curve", QUESTION)


def test_the_quick_theory_comes_first_and_both_are_those_of_predict(events):
    rows = [event["rows"] for event in events if event["event"] == "rows"]
    assert len(rows) == 2
    target = Target.parse("sin(z1)", noise=0.1)
    for place, (theory, rate) in enumerate([("structured", 1.5), ("isotropic", 1.5), ("isotropic", 0.0)]):
        own = predict.features(target, "tanh", learning_rate_ratio=rate, theory=theory, **SETTING)
        for ratio, error in zip(SETTING["sample_ratio"], own["test_error"].values, strict=True):
            shown = [next(row for row in table if row["ratio"] == ratio)["errors"][place] for table in rows]
            assert shown[1] == pytest.approx(float(error), rel=1e-7)
            assert shown[0] == (None if place == 0 else shown[1])


def test_the_figure_gains_the_structured_line_in_the_same_frame(events):
    first, second = [event for event in events if event["event"] == "figure"]
    assert first["frame"] == second["frame"]
    names = [{row["name"] for row in event["tables"]["curves"]} for event in (first, second)]
    assert names[1] - names[0] == {"one step, structured theory"}


def test_the_study_file_and_the_code_say_the_same(events, tmp_path, monkeypatch):
    exports = next(event for event in events if event["event"] == "exports")
    study = Study.parse(exports["study"])
    assert [point.kind for point in study.points] == ["learning-curve"] * 2
    monkeypatch.chdir(tmp_path)
    Path("curve.py").write_text(exports["python"])
    own = runpy.run_path("curve.py")["curves"]["structured"].test_error.sel(sample_ratio=2.0)
    shown = [event for event in events if event["event"] == "rows"][-1]["rows"]
    assert float(own) == pytest.approx(next(row for row in shown if row["ratio"] == 2.0)["errors"][0])
    assert (tmp_path / "curve.svg").read_text().startswith("<svg")


def test_without_a_step_all_curves_are_random_features(site):
    events = site.ask("curve", QUESTION | {"learning_rate_ratio": 0})
    rows = [event for event in events if event["event"] == "rows"][-1]["rows"]
    for row in rows:
        assert row["errors"] == pytest.approx([row["errors"][2]] * 3, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "z1*z2"}, "expected rank 1"),
        ({"ridge": 0}, "ridge: found 0"),
        ({"ridge": "0.1"}, "ridge: found '0.1'"),
        ({"learning_rate_ratio": -1}, "learning_rate_ratio: found -1"),
        ({"first_batch_ratio": 1e9}, "first_batch_ratio: found 1e+09"),
        ({"width_ratio": 1e300}, "width_ratio"),
        ({"activation": ""}, "activation"),
        ({"activation": "tan"}, "did you mean 'tanh'"),
    ],
)
def test_a_bad_field_is_named_in_one_sentence(site, changes, words):
    assert words in site.error("curve", QUESTION | changes)
