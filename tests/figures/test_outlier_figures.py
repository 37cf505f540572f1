"""The phase map and the spectrum, of live Datasets."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.figures import live

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.figures.exponent_map import map_picture
from giantstep.figures.singular_values import singular_values, spectrum_picture
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


def test_the_phase_map_has_a_tile_for_every_number_of_outliers_and_a_cross_at_the_runs():
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
            assert inside[-1:] == [kind if count else "none"], (first, second)
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


def test_maps_say_in_words_what_their_colours_say():
    # Blue and grey are the same in grey print.
    alphas = np.arange(0.0, 0.5, 0.05).tolist()
    for expression, word in (("tanh(z1)", "sees"), ("He2(z1)", "blind")):
        phases = gs.predict.outlier_phases(
            gs.Target.parse(expression), NETWORK.activation, first_exponent=alphas, second_exponent=alphas
        )
        said = {row["text"] for row in live.rows(draw("phase-map", phases), "text")}
        assert {f"1 {word}", f"2 {word}"} <= said
        assert {row["text"] for row in map_picture(phases).tables["labels"]} == said


def test_bars_of_the_page_hold_the_whole_bulk():
    network = gs.Network(60, "He1+0.2*He2+0.1*He3", readout="uniform", symmetric=False)
    protocol = Protocol.of_exponents([0.4, 0.3], [1, 3], batch=100)
    target = gs.Target.parse("tanh(z1)")
    measured = simulate_outliers(target, network, protocol, dimension=60, spectrum=True)
    picture = spectrum_picture(gs.predict.outliers(target, network, protocol, dimension=60), measured)
    bars = picture.tables["bars"]
    outside = int(measured["outlier_count"].isel(replicate=0, step=-1))
    assert sum(bar["y2"] for bar in bars) == 60 - outside
    assert all(0 < bar["x"] < bar["x2"] for bar in bars)
