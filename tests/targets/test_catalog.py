"""The catalog holds the reference targets, well formed, each with its sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

from giantstep.errors import SpecError
from giantstep.targets import Target, catalog
from giantstep.targets.expression import Expression

REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "catalog.json").read_text("utf-8"))


@pytest.mark.parametrize("reference", REFERENCE, ids=lambda reference: reference["name"])
def test_every_reference_target_is_in_the_catalog_with_its_expression_rank_and_noise(reference):
    target = Target.from_catalog(reference["name"])
    assert target.link == Expression.parse(reference["expr"], reference["r"])
    assert target.noise == reference["noise_variance"]
    assert target.name == reference["name"]


@pytest.mark.parametrize("name", catalog.names())
def test_every_entry_parses_to_its_own_text_and_says_what_it_shows(name):
    entry = catalog.entry(name)
    target = Target.from_catalog(name)
    assert str(target) == entry.expression or Expression.parse(entry.expression, entry.rank) == target.link
    assert target.spec() == {"expression": str(target), "rank": entry.rank, "noise": entry.noise}
    assert entry.shows.endswith(".")
    assert 20 < len(entry.shows) < 120
    assert target.link.kinks().complete


POLYNOMIAL = [record for record in REFERENCE if Expression.parse(record["expr"]).polynomial() is not None]


@pytest.mark.parametrize("reference", POLYNOMIAL, ids=lambda reference: reference["name"])
def test_the_information_exponent_of_a_polynomial_is_that_of_its_hermite_coefficients(reference):
    polynomial = Target.from_catalog(reference["name"]).link.polynomial()
    assert polynomial.exact
    orders = [sum(alpha) for alpha in polynomial.hermite() if sum(alpha) > 0]
    assert min(orders) == reference["information_exponent"]


def test_the_catalog_answers_stay_out_of_the_package():
    fields = {"name", "expression", "rank", "noise", "shows"}
    assert {field for entry in catalog.entries() for field in entry.__slots__} == fields
    assert len(catalog.names()) == len(set(catalog.names())) >= 20


def test_rotated_twins_are_the_functions_they_claim_to_be():
    z = np.random.default_rng(0).standard_normal((50, 2))
    u, v = (z[:, 0] + z[:, 1]) / np.sqrt(2), (z[:, 0] - z[:, 1]) / np.sqrt(2)
    np.testing.assert_allclose(Target.from_catalog("rotated_stair2")(z), u + u * v, atol=1e-14)
    np.testing.assert_allclose(Target.from_catalog("rotated_leap2")(z), u + (u**2 - v**2) / 2, atol=1e-14)


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(SpecError, match="no target is called 'stair_2'; did you mean 'stair2'"):
        Target.from_catalog("stair_2")
    with pytest.raises(SpecError, match="allowed are linear, product2"):
        Target.from_catalog("quux")
    with pytest.raises(SpecError, match="no target is called"):
        Target.from_catalog(["stair2"])
