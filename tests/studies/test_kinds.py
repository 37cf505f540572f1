"""Kinds of points: golden hashes, words, and collecting whatever shapes they give."""

import hashlib
import json
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import xarray as xr

import giantstep as gs
from giantstep.errors import SpecError
from giantstep.studies import Study, collect, kinds, run
from giantstep.studies.kinds.kind import Draws, Kind
from giantstep.studies.words import PointWords, given
from giantstep.training.choice import Cost

GOLDEN = json.loads((Path(__file__).parents[1] / "data" / "spec_hashes.json").read_text())

OVERLAPS = """
seed = 5
[[sweep]]
kind = "overlaps"
network = {width = 4, readout = "gaussian"}
protocol = {steps = 2, batch = "2d", learning_rate = 3}
samples = 20000
product.target = ["stair2", "z1"]
product.replicate = [0, 1]
"""

CURVES = """
[[sweep]]
kind = "learning-curve"
target = "sin(z1)"
learning_rate_ratio = 3
first_batch_ratio = 20
ridge = 0.1
product.activation = ["tanh", "erf"]
zip.theory = ["isotropic", "structured"]
zip.sample_ratio = [[0.5, 1, 3], [0.9, 3]]
"""


@pytest.mark.parametrize("name", GOLDEN)
def test_the_hash_of_every_spec_ever_written_stays(name):
    golden = GOLDEN[name]
    points = Study.parse(golden["text"]).points
    if "points" in golden:
        assert [[point.kind, point.hash] for point in points] == golden["points"]
    else:
        text = "\n".join(sorted(point.hash for point in points))
        assert (len(points), hashlib.sha256(text.encode()).hexdigest()) == (golden["count"], golden["digest"])


def test_every_kind_has_golden_hashes():
    frozen = {kind for golden in GOLDEN.values() for kind, _ in golden.get("points", ())}
    assert frozen == set(kinds.KINDS)


def test_every_kind_has_strict_words_under_its_own_name():
    assert list(kinds.KINDS) == [kind.name for kind in kinds.REGISTER]
    for kind in kinds.REGISTER:
        assert kind.words.model_config["extra"] == "forbid"
        assert kind.has_replicates == ("seeds" in kind.words.model_fields)
        assert set(kind.beside) <= set(kinds.KINDS)


def test_theory_of_overlaps_is_a_point_with_the_studys_seed(tmp_path):
    study = Study.parse(OVERLAPS)
    assert json.loads(study.points[1].task)["seed"] == 5
    assert run(study, tmp_path, workers=1).failures == ()
    data = collect(tmp_path)
    direct = gs.predict.overlaps(
        gs.Target.from_catalog("stair2"),
        gs.Network(4, readout="gaussian"),
        gs.Protocol.repeat(2, batch="2d", learning_rate=3),
        samples=20000,
        seed=5,
        replicate=1,
    )
    stored = data.overlaps.sel(target="stair2", replicate=1)
    np.testing.assert_array_equal(stored.values, direct.overlaps.values)
    assert data.overlaps.sel(target="z1", direction="z2").isnull().all()
    assert (data.status == direct.attrs["status"]).all()


def test_theory_of_learning_curves_is_collected_with_uneven_ratios(tmp_path):
    assert run(Study.parse(CURVES), tmp_path, workers=1).failures == ()
    data = collect(tmp_path)
    assert data.test_error.dims == ("activation", "point", "sample_ratio")
    assert data.sample_ratio_values.isel(activation=0, point=0).values.tolist() == [0.5, 1, 3]
    at = data.sel(activation="tanh").isel(point=1)
    direct = gs.predict.features(
        gs.Target.parse("sin(z1)"),
        "tanh",
        sample_ratio=[0.9, 3],
        learning_rate_ratio=3,
        first_batch_ratio=20,
        ridge=0.1,
    )
    np.testing.assert_array_equal(at.test_error.values[:2], direct.test_error.values)
    assert np.isnan(at.test_error.values[2])
    assert (data.status == "converged").all()
    assert at.solver_status.values.tolist() == ["converged", "converged", ""]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("ridge = 0.1", "ridge = -1"), r"sweep\[0\].ridge: ridge: found -1"),
        (("ridge = 0.1", "rigde = 0.1"), "unknown key; did you mean 'ridge'"),
        (('"sin(z1)"', '"z1*z2"'), r"sweep\[0\].target: target: found rank 2"),
        (('"tanh", "erf"', '"tanh", "erv"'), r"sweep\[0\].product.activation\[1\]: .*did you mean 'erf'"),
        (('"isotropic"', '"isotopic"'), r"sweep\[0\].zip.theory\[0\]: found 'isotopic'"),
    ],
)
def test_learning_curves_that_cannot_be_are_named(change, message):
    with pytest.raises(SpecError, match=message):
        Study.parse(CURVES.replace(*change))


def test_overlaps_of_a_batch_without_d_need_a_dimension():
    with pytest.raises(SpecError, match=r"sweep\[0\].protocol: .*dimension"):
        Study.parse(OVERLAPS.replace('"2d"', "4096"))
    Study.parse(OVERLAPS.replace('"2d"', "4096").replace("samples", "dimension = 2048\nsamples"))


class ClockWords(PointWords):
    kind: Literal["clock"]
    ticks: int
    step: float = 1.0
    seeds: int = 1


def clock(spec):
    ticks = np.arange(spec["ticks"]) * spec.get("step", 1.0)
    label = np.array(["even", "odd"], dtype=object)[np.arange(spec["ticks"]) % 2]
    return xr.Dataset(
        {
            "height": ("time", ticks + spec["replicate"]),
            "ticks": ((), spec["ticks"]),
            "name": ("time", label),
        },
        {"time": ticks},
    )


@pytest.fixture
def clocks(monkeypatch):
    kind = Kind(
        ClockWords, lambda words, spell: given(words), clock, lambda spec: Cost(0, 0), Draws.REPLICATES
    )
    monkeypatch.setitem(kinds.KINDS, "clock", kind)


def test_a_kind_without_target_or_network_needs_nothing_else(clocks, tmp_path):
    study = Study.parse('[[sweep]]\nkind = "clock"\nseeds = 2\nproduct.ticks = [2, 3]')
    assert json.loads(study.points[0].task) == {
        "kind": "clock", "replicate": 0, "schema_version": 1, "seed": 0, "ticks": 2,
    }  # fmt: skip
    assert run(study, tmp_path, workers=1).failures == ()
    data = collect(tmp_path)
    assert data.time.values.tolist() == [0, 1, 2]
    assert data.height.dims == ("ticks", "replicate", "time")
    np.testing.assert_array_equal(data.height.sel(ticks=2, replicate=1), [1, 2, np.nan])
    assert data.name.sel(ticks=2, replicate=0).values.tolist() == ["even", "odd", ""]
    assert set(data.data_vars) == {"height", "name", "status", "message"}
    assert (data.status == "completed").all()


def test_coordinates_that_differ_between_points_are_kept_as_values(clocks, tmp_path):
    study = Study.parse('[[sweep]]\nkind = "clock"\nticks = 2\npoints = [{step = 1.0}, {step = 2.0}]')
    assert run(study, tmp_path, workers=1).failures == ()
    data = collect(tmp_path)
    assert data.time_values.isel(replicate=0).values.tolist() == [[0, 1], [0, 2]]
    assert data.time.values.tolist() == [0, 1]
