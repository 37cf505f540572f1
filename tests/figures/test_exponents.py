"""The figure of exponents: three panels with shared marks."""

import numpy as np
import pytest
from tests.studies.small_reports import EXPONENTS

from giantstep.errors import SpecError
from giantstep.figures import draw
from giantstep.studies import Study, drawable, run


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figure")
    run(Study.parse(EXPONENTS), folder, workers=1)
    return drawable(folder, "exponents")


def test_crossings_collapse_and_rates_stand_side_by_side(data):
    chart = draw("exponents", data).to_dict()
    assert len(chart["hconcat"]) == 3
    assert "0.3" in chart["title"]["subtitle"][0]


def test_the_legend_gives_the_fitted_exponent_with_its_interval(data):
    (text,) = {
        row["name"]
        for rows in draw("exponents", data).to_dict()["datasets"].values()
        for row in rows
        if row.get("name", "").startswith("l = 1")
    }
    assert text.startswith(("l = 1: 1.0", "l = 1: 0.9"))
    assert "±" in text


def test_what_has_no_law_is_drawn_without_one(data):
    rows = [row for rows in draw("exponents", data).to_dict()["datasets"].values() for row in rows]
    second = [row for row in rows if row.get("name", "").startswith("l = 2") and "law" in row]
    assert second
    assert {row["law"] for row in second} == {None}


def test_scans_that_never_cross_are_refused(data):
    empty = data.assign(crossing=data.crossing * np.nan)
    with pytest.raises(SpecError, match="overlaps cross the level"):
        draw("exponents", empty)
