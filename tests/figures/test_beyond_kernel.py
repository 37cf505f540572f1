"""The figure of test errors and bounds: one panel a target."""

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from giantstep.errors import SpecError
from giantstep.figures import draw


@pytest.fixture
def data():
    lead, short = ("target", "steps", "samples"), ("target", "steps")
    errors = np.array([[[2.0, 1.5], [1.4, 1.1], [1.2, 0.6]], [[1.1, 1.0], [1.1, 1.0], [np.nan, 1.0]]])
    return xr.Dataset(
        {
            "test_error": (lead, errors),
            "test_error_se": (lead, np.full(errors.shape, 0.1)),
            "bound": (short, np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0]])),
            "best_function": (short, np.array([[2.0, 1.0, 0.0], [1.0, 1.0, 1.0]])),
        },
        {"target": ["stairs", "z1*z2"], "steps": [0, 1, 2], "samples": [200, 800]},
        {"title": "Beyond: all of it", "dimension": 100},
    )


def test_every_target_has_a_panel_with_errors_and_bounds(data):
    chart = draw("beyond-kernel", data).to_dict()
    assert [panel["title"]["text"] for panel in chart["hconcat"]] == ["stairs", "z1*z2"]
    rows = [row for rows in chart["datasets"].values() for row in rows]
    errors = [row for row in rows if "low" in row]
    assert len(errors) == 2 * 3 * 2 - 1
    assert {row["name"] for row in errors} == {"no step", "one step", "two steps"}
    assert len([row for row in rows if "end" in row]) == 12


def test_equal_bounds_stand_side_by_side(data):
    chart = draw("beyond-kernel", data.sel(target=["z1*z2"])).to_dict()
    rules = [row for rows in chart["datasets"].values() for row in rows if "end" in row]
    starts = sorted((row["x"], row["end"]) for row in rules)
    assert all(first[1] <= second[0] for first, second in pairwise(starts))


def test_data_without_errors_are_refused(data):
    with pytest.raises(SpecError, match="needs simulations with a ridge"):
        draw("beyond-kernel", data.drop_vars("test_error"))
