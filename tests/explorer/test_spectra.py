"""Panel Spectra over HTTP: the map, the spectrum at a point, and a run beside it."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from giantstep import Network, Protocol, Target, predict, simulate_outliers
from giantstep.studies.study import Study

QUESTION = {
    "target": "tanh(z1)",
    "width": 90,
    "dimension": 60,
    "first_exponent": 0.45,
    "second_exponent": 0.2,
}
ACTIVATION = "He1+0.2*He2+0.1*He3"


@pytest.fixture(scope="module")
def events(site):
    return site.ask("spectra", QUESTION)


def _nouns():
    network = Network(90, ACTIVATION, readout="uniform", symmetric=False)
    protocol = Protocol.of_exponents([0.45, 0.2], [1, 3], batch="2.5d")
    return Target.parse("tanh(z1)"), network, protocol


def test_the_map_counts_what_predict_counts(events):
    figure = next(event for event in events if event["event"] == "figure")
    grid = np.linspace(0, 0.49, 40)
    own = predict.outlier_phases(
        Target.parse("tanh(z1)"), ACTIVATION, first_exponent=grid, second_exponent=grid
    )
    cells = figure["tables"]["cells"]
    for i in (0, 17, 39):
        for j in (0, 21, 39):
            (word,) = {
                row["kind"]
                for row in cells
                if row["x"] < grid[i] < row["x2"] and row["y"] < grid[j] < row["y2"]
            }
            count = int(own["outlier_count"][i, j])
            assert word.startswith("none" if count == 0 else str(min(count, 3)))
            assert ("seeing" in word) == (int(own["informative_count"][i, j]) > 0)
    assert figure["tables"]["point"] == [{"x": 0.45, "y": 0.2}]


def test_prediction_and_run_are_those_of_the_library(events):
    target, network, protocol = _nouns()
    predicted = predict.outliers(target, network, protocol, dimension=60)
    measured = simulate_outliers(target, network, protocol, dimension=60)
    shown = [event for event in events if event["event"] == "spectrum"]
    assert shown[0]["measured_count"] is None
    assert shown[1]["count"] == int(predicted["outlier_count"])
    assert shown[1]["measured_count"] == int(measured["outlier_count"][0, -1])
    assert [spike["value"] for spike in shown[1]["spikes"]] == pytest.approx(
        predicted["singular_value"].values.tolist()
    )
    figure = [event for event in events if event["event"] == "figure"][-1]
    dots = [row["x"] for row in figure["tables"]["dots"]]
    last = measured.isel(replicate=0, step=-1)
    assert dots == pytest.approx(last["singular_value"].values[last["present"].values].tolist())


def test_the_study_file_and_the_code_say_the_same(events, tmp_path, monkeypatch):
    exports = next(event for event in events if event["event"] == "exports")
    assert [point.kind for point in Study.parse(exports["study"]).points] == ["weight-outliers"]
    monkeypatch.chdir(tmp_path)
    Path("spectra.py").write_text(exports["python"])
    measured = runpy.run_path("spectra.py")["measured"]
    target, network, protocol = _nouns()
    own = simulate_outliers(target, network, protocol, dimension=60)
    assert np.array_equal(measured["singular_value"].values, own["singular_value"].values)
    assert {path.name for path in tmp_path.iterdir()} == {"phases.svg", "spectrum.svg", "spectra.py"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "z1**2"}, "expected E y = 0"),
        ({"target": "z1*z2"}, "rank"),
        ({"activation": "He2"}, "c_1 = E sigma' = 0"),
        ({"first_exponent": 0.5}, "first_exponent: found 0.5"),
        ({"width": 10**9}, "width: found 1e+09"),
        ({"width": 2000, "dimension": 2000, "sample_ratio": 100}, "the explorer allows"),
        ({"first_constant": 0}, "first_constant: found 0"),
    ],
)
def test_a_bad_field_is_named_in_one_sentence(site, changes, words):
    assert words in site.error("spectra", QUESTION | changes)
