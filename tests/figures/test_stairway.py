"""The stairway figure: every target a panel, theory and measurement on the same scale."""

import pytest
from tests.studies.small import TEXT

from giantstep.errors import SpecError
from giantstep.figures import draw, kinds
from giantstep.studies import Study, collect, run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figure")
    run(Study.parse(TEXT), folder, workers=1)
    return collect(folder)


def rows(chart, kind):
    (values,) = chart.to_dict()["datasets"].values()
    return [row for row in values if row["kind"] == kind]


def test_each_target_has_a_panel_with_lines_symbols_names_and_a_verdict(data):
    chart = draw("stairway", data)
    assert {row["panel"] for row in rows(chart, "theory")} == {"stair2", "z1"}
    assert [row["text"] for row in rows(chart, "name") if row["panel"] == "stair2"] == ["z1", "z2"]
    assert len(rows(chart, "verdict")) == 2
    second = [row["value"] for row in rows(chart, "theory") if row["panel"] == "stair2" and row["key"] == "2"]
    assert [round(value) for value in second] == [-1, -1, 0]


def test_symbols_stand_at_the_measured_slopes(data):
    first = [row for row in rows(draw("stairway", data), "measured") if row["panel"] == "z1"]
    assert [round(row["step"]) for row in first] == [0, 1, 2]
    assert first[0]["value"] == pytest.approx(-1, abs=0.4)
    assert first[1]["value"] == pytest.approx(0, abs=0.3)
    assert all(row["low"] <= row["value"] <= row["high"] for row in first)


def test_one_target_shows_the_overlaps_beside_the_slopes(data):
    chart = draw("stairway", data, target="stair2").to_dict()
    assert [len(part["layer"]) for part in chart["hconcat"]] == [3, 6]
    assert "z1 + z1*z2" in chart["title"]["subtitle"]


def test_a_study_of_one_target_is_drawn_in_detail(data):
    one = data.sel(target=["stair2"])
    assert "hconcat" in draw("stairway", one).to_dict()


def test_data_with_missing_points_are_drawn_all_the_same(data):
    empty = data.copy()
    empty["overlaps"] = empty.overlaps.where(empty.target != "z1")
    assert len(rows(draw("stairway", empty), "verdict")) == 2


def test_wrong_requests_are_named(data):
    assert {"stairway", "overlap-plane", "spike-map"} <= set(kinds())
    with pytest.raises(SpecError, match="figure: found 'stairs', expected stairway"):
        draw("stairs", data)
    with pytest.raises(SpecError, match="did you mean 'stair2'"):
        draw("stairway", data, target="stair22")
    with pytest.raises(SpecError, match="theory = 'certificate'"):
        draw("stairway", data.drop_vars("learned_subspace"))


def test_the_axis_reaches_as_far_as_the_steps_do(data):
    longer = data.isel(step=[0, 1, 2, 2, 2, 2]).assign_coords(step=range(6))
    for chart in (draw("stairway", data), draw("stairway", longer)):
        last = max(row["step"] for row in rows(chart, "theory"))
        (domain,) = {
            tuple(layer["encoding"]["x"]["scale"]["domain"]) for layer in chart.to_dict()["spec"]["layer"]
        }
        assert domain == (-0.35, last + 0.45)
        assert {row["step"] for row in rows(chart, "verdict")} == {last + 0.4}


def test_the_plane_of_a_long_run_shows_five_of_its_steps(data):
    longer = data.sel(target=["stair2"]).isel(step=[0, 1, *[2] * 11]).assign_coords(step=range(13))
    (panels,) = draw("overlap-plane", longer).to_dict()["vconcat"]
    said = [panel["title"]["text"].split(": ")[-1] for panel in panels["hconcat"]]
    assert said == ["t = 0", "t = 3", "t = 6", "t = 9", "t = 12"]
