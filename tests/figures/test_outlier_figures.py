"""The phase map and the spectrum, of live Datasets."""

from __future__ import annotations

from functools import cache

import pytest
from tests.figures import live

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.figures.singular_values import singular_values
from giantstep.protocol import Protocol
from giantstep.training.outlier_simulation import simulate_outliers

TARGET = gs.Target.parse("tanh(z1)", noise=0.04)
NETWORK = gs.Network(120, "He1+0.2*He2+0.1*He3", readout="uniform", symmetric=False)
PROTOCOL = Protocol.of_exponents([0.25, 0.4], [1, 3], batch=400)


@cache
def theory():
    return gs.predict.outliers(TARGET, NETWORK, PROTOCOL, dimension=100)


def test_every_singular_value_is_in_a_bar_or_a_dot_beside_the_predicted_outliers():
    data = simulate_outliers(TARGET, NETWORK, PROTOCOL, dimension=100, seeds=2, spectrum=True)
    chart = draw("spectrum", data, theory=theory())
    assert live.titles(chart) == {"singular value", "count per run"}
    bars, dots = live.rows(chart, "rect"), live.rows(chart, "point")
    counted = data.singular_value.isel(step=-1).values[data.present.isel(step=-1).values]
    lowest = min(row["x"] for row in bars)
    inside = (data.spectrum >= lowest).sum() - counted.size
    assert sum(row["y2"] for row in bars) == pytest.approx(float(inside) / 2)
    assert sorted(row["x"] for row in dots) == pytest.approx(sorted(counted))
    assert counted.size
    rules = {round(row["x"], 9) for row in live.rows(chart, "rule")}
    expected = theory().singular_value.values[theory().present.values.astype(bool)]
    assert len(expected)
    assert {round(float(value), 9) for value in expected} <= rules
    assert live.finite(chart)


def test_what_the_counter_takes_for_bulk_is_in_a_bar_however_high_it_stands():
    data = simulate_outliers(TARGET, NETWORK, PROTOCOL, dimension=100, spectrum=True)
    data["present"][0, -1, 0] = False
    highest = float(data.spectrum.max())
    for chart in (draw("spectrum", data), singular_values(theory(), data)):
        assert highest not in [row["x"] for row in live.rows(chart, "point")]
        assert any(row["x"] <= highest <= row["x2"] and row["y2"] > 0 for row in live.rows(chart, "rect"))


def test_a_prediction_alone_shows_its_marks():
    chart = draw("spectrum", theory())
    assert not live.rows(chart, "rect")
    assert live.rows(chart, "rule")
    with pytest.raises(SpecError, match="spectrum: needs all singular values"):
        draw("spectrum", live.run())


def test_the_phase_map_has_a_tile_where_there_are_outliers_and_a_cross_at_the_runs():
    alphas = [0.05 * k for k in range(10)]
    exponents = {"first_exponent": alphas, "second_exponent": alphas}
    phases = gs.predict.outlier_phases(TARGET, "He1+0.2*He2+0.1*He3", **exponents)
    chart = draw("phase-map", phases, outliers=theory())
    assert live.titles(chart) == {"α1, first learning rate ~ p^α1", "α2, second ~ p^α2"}
    tiles = live.rows(chart, "rect")
    for i, first in enumerate(alphas):
        for j, second in enumerate(alphas):
            count, sees = int(phases.outlier_count[i, j]), bool(phases.informative_count[i, j])
            inside = [
                tile["kind"]
                for tile in tiles
                if tile["x"] == first and tile["y"] <= second + 1e-9 and second + 0.01 < tile["y2"]
            ]
            kind = f"{min(count, 3)}{'+' if count > 2 else ''} {'sees' if sees else 'blind'}"
            assert inside[-1:] == ([kind] if count else []), (first, second)
    (cross,) = live.rows(chart, "point")
    assert (cross["x"], cross["y"]) == pytest.approx((0.25, 0.4))
    assert live.finite(chart)


def test_one_exponent_makes_no_map():
    one = gs.predict.outlier_phases(
        TARGET, "He1+0.2*He2", first_exponent=[0.2], second_exponent=[0.1, 0.2, 0.3]
    )
    with pytest.raises(SpecError, match="expected several of both"):
        draw("phase-map", one)
    with pytest.raises(SpecError, match="needs outlier_count over first_exponent"):
        draw("phase-map", live.run())
