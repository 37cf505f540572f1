"""Laws of the spec hash: one meaning, one text; golden hashes never change."""

import pytest

from giantstep.errors import SpecError
from giantstep.studies.canonical import canonical, spec_hash
from giantstep.studies.study import Study

GOLDEN_TASK = (
    '{"dimension":1000,"kind":"simulation","network":{"activation":"relu","width":8},'
    '"protocol":[{"batch":"2d","learning_rate":"3"},{"batch":"2d","learning_rate":"3"}],'
    '"replicate":0,"schema_version":1,"seed":0,'
    '"target":{"expression":"z1 + z1*z2","noise":0,"rank":2}}'
)
GOLDEN_HASH = "1dada35a9ad8b2a403a717720f0920134306b6e8af472e0e6a560b9106193c04"

SWEEP = """
[[sweep]]
kind = "simulation"
target = "z1 + z1*z2"
network = {width = 8}
protocol = {steps = 2, batch = "2d", learning_rate = 3}
dimension = 1000
"""


def test_a_known_point_has_its_golden_text_and_hash():
    (point,) = Study.parse(SWEEP).points
    assert point.task == GOLDEN_TASK
    assert point.hash == GOLDEN_HASH
    assert point.hash == spec_hash(GOLDEN_TASK)


@pytest.mark.parametrize(
    "change",
    [
        ("dimension = 1000", "dimension = 1e3"),
        ("learning_rate = 3", 'learning_rate = "3.0"'),
        ('target = "z1 + z1*z2"', 'target = "z1+z1 * z2"'),
        ('target = "z1 + z1*z2"', 'target = "stair2"'),
        ('target = "z1 + z1*z2"', 'target = {noise = 0.0, expression = "z1 + z1*z2", name = "mine"}'),
        ("{width = 8}", '{activation = "relu", width = 8, symmetric = true}'),
        ("dimension = 1000", "product.dimension = [1000]"),
        ("dimension = 1000", "seeds = 1\nengine = 'auto'\ndimension = 1000"),
        (
            'protocol = {steps = 2, batch = "2d", learning_rate = 3}',
            'protocol = [{batch = "2d", learning_rate = 3}, {learning_rate = 3, batch = "2*d"}]',
        ),
    ],
)
def test_spelling_order_labels_and_defaults_do_not_change_the_hash(change):
    (point,) = Study.parse(SWEEP.replace(*change)).points
    assert point.task == GOLDEN_TASK


@pytest.mark.parametrize(
    "change",
    [
        ("dimension = 1000", "dimension = 1001"),
        ("dimension = 1000", "dimension = 1000\nengine = 'direct'"),
        ("dimension = 1000", "dimension = 1000\nridge = 0.1"),
        ("{width = 8}", "{width = 8, symmetric = false}"),
        ("[[sweep]]", "seed = 1\n[[sweep]]"),
        ("[[sweep]]", "independent = true\n[[sweep]]"),
    ],
)
def test_what_changes_the_numbers_changes_the_hash(change):
    (point,) = Study.parse(SWEEP.replace(*change)).points
    assert point.hash != spec_hash(GOLDEN_TASK)


def test_the_number_of_replicates_is_not_part_of_the_hash():
    several = Study.parse(SWEEP.replace("dimension = 1000", "dimension = 1000\nseeds = 3")).points
    assert [point.labels["replicate"] for point in several] == [0, 1, 2]
    assert several[0].task == GOLDEN_TASK


def test_numbers_have_one_form_and_must_be_finite():
    assert canonical({"b": [1.0, -0.0, 0.1, 1e-7, True, None], "a": "é"}) == (
        '{"a":"\\u00e9","b":[1,0,0.1,1e-07,true,null]}'
    )
    with pytest.raises(SpecError, match="found the number nan"):
        canonical({"x": float("nan")})
    with pytest.raises(SpecError, match="found a set"):
        canonical({"x": {1}})
