"""Figures of time-scales and of minimax games: what each panel holds."""

from __future__ import annotations

import pytest

from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies import Study, drawable, run

from ..studies.small_neighbours import MINIMAX, TIME_SCALES


def drawn(text, kind, place):
    assert run(Study.parse(text), place, workers=1).failures == ()
    return draw(kind, drawable(place, kind)).to_dict()


def values(chart, layer):
    """The rows a layer draws; charts keep them once, by name."""
    return chart["datasets"][layer["data"]["name"]]


def test_time_scales_has_risks_plateaus_finite_networks_times_and_slopes(tmp_path):
    chart = drawn(TIME_SCALES, "time-scales", tmp_path)
    risks, finite, below = chart["vconcat"]
    plateaus = [row["y"] for row in values(chart, risks["layer"][0])]
    assert plateaus == pytest.approx([0.5, 0.0])
    assert {row["eps"] for row in values(chart, risks["layer"][1])} == {"1e-02", "1e-03"}
    assert {row["kind"] for row in values(chart, finite)} == {"network", "limit"}
    assert len(below["hconcat"]) == 2


def test_minimax_has_a_row_a_game_and_no_gap_where_there_are_samples(tmp_path):
    chart = drawn(MINIMAX, "minimax", tmp_path)
    assert [len(row["hconcat"]) for row in chart["vconcat"]] == [3, 2]
    rules = [
        values(chart, layer)[0]["value"]
        for layer in chart["vconcat"][0]["hconcat"][2]["layer"]
        if layer["mark"]["type"] == "rule" and len(values(chart, layer)) == 1
    ]
    assert rules == [pytest.approx(1.1420883374643216)]


@pytest.mark.parametrize("kind", ["time-scales", "minimax"])
def test_other_data_are_refused(kind):
    import xarray as xr

    with pytest.raises(SpecError, match=kind):
        draw(kind, xr.Dataset())
