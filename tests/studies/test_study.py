"""Study files: grids, labels, and errors that name the field as the user spelled it."""

import pytest
from tests.studies.small import TEXT

from giantstep.errors import SpecError
from giantstep.studies.study import Study
from giantstep.targets import catalog

HEAD = """
[[sweep]]
kind = "simulation"
target = "z1"
network = {width = 4}
protocol = {steps = 1, batch = "d", learning_rate = 1}
"""


def test_products_zips_and_seeds_expand():
    study = Study.parse(TEXT)
    (sweep,) = study.sweeps
    assert sweep.axes == (("target", ("stair2", "z1")), ("dimension", (100, 1000)))
    assert [len(plan.hashes) for plan in sweep.plans] == [3, 2, 3, 2]
    # One certificate a target: the batch names its power of d, so the dimension does not matter.
    assert [point.kind for point in study.points].count("certificate") == 2
    assert study.points[0].kind == "certificate"
    assert len({point.hash for point in study.points}) == len(study.points) == 12


def test_nested_fields_vary_written_as_tables_or_as_paths():
    for field in ("product.network.width", 'product."network.width"'):
        study = Study.parse(HEAD + f"dimension = 100\n{field} = [4, 8]")
        assert study.sweeps[0].axes == (("width", (4, 8)),)


def test_explicit_points_are_tables():
    study = Study.parse(
        HEAD + '[[sweep.points]]\ndimension = 100\n[[sweep.points]]\ndimension = 200\ntarget = "z1*z2"'
    )
    assert study.sweeps[0].axes == (("point", (0, 1)),)
    assert [point.labels["point"] for point in study.points] == [0, 1]


def test_the_word_catalog_stands_for_every_named_target():
    study = Study.parse(HEAD.replace('target = "z1"', "") + 'dimension = 100\nproduct.target = "catalog"')
    assert study.sweeps[0].axes[0][1] == catalog.names()


def test_a_batch_without_d_gives_a_certificate_for_each_dimension():
    text = (
        HEAD.replace('batch = "d"', "batch = 4096")
        + 'theory = "certificate"\nproduct.dimension = [100, 4000]'
    )
    study = Study.parse(text)
    assert [point.kind for point in study.points].count("certificate") == 2


def test_certificates_can_be_a_sweep_of_their_own():
    study = Study.parse('[[sweep]]\nkind = "certificate"\nproduct.target = ["z1", "z1*z2"]')
    assert len(study.points) == 2
    assert "network" not in study.points[0].task


def test_independent_points_draw_their_own_numbers():
    text = "independent = true\n" + HEAD + "product.dimension = [100, 200]"
    assert all('"independent":true' in point.task for point in Study.parse(text).points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "dimnsion = 10", r"sweep\[0\].dimnsion: unknown key; did you mean 'dimension'\?"),
        (HEAD + "product.dimnsion = [10]", r"sweep\[0\].product.dimnsion\[0\]: unknown key; did you mean"),
        (HEAD + "zip.dimension = [1, 2]\nzip.seeds = [1]", r"sweep\[0\].zip: dimension has 2, seeds has 1"),
        (HEAD + "product.dimension = [100, -5]", r"sweep\[0\].product.dimension\[1\]: dimension: found -5"),
        (HEAD + "product.dimension = 100", r"sweep\[0\].product.dimension: found 100, expected a list"),
        (HEAD + "product.dimension = []", r"sweep\[0\].product.dimension: found \[\], expected a list"),
        (HEAD + "dimension = 2.5", r"sweep\[0\].dimension: found 2.5, expected a whole number"),
        (HEAD + 'dimension = "100"', r"sweep\[0\].dimension: found '100', expected a whole number"),
        (HEAD, r"sweep\[0\].dimension: is missing"),
        (
            HEAD + "dimension = 100\nseeds = 0",
            r"sweep\[0\].seeds: found 0, expected greater than or equal to 1",
        ),
        (
            HEAD + 'dimension = 100\nengine = "fast"',
            r"sweep\[0\].engine: found 'fast', expected auto, reduced",
        ),
        (
            HEAD.replace("{width = 4}", "{widht = 4}") + "dimension = 100",
            r"sweep\[0\].network.widht: unknown key; did you mean 'width'\?",
        ),
        (
            HEAD.replace("{width = 4}", "{width = 5, symmetric = true}") + "dimension = 100",
            r"sweep\[0\].network: width: found 5 with a symmetric start",
        ),
        (
            HEAD.replace('batch = "d"', 'batch = "3q"') + "dimension = 100",
            r"sweep\[0\].protocol: batch: found 'q'",
        ),
        (
            HEAD.replace("learning_rate = 1", "learning_rate = 1e60") + "dimension = 100",
            r"sweep\[0\].protocol.learning_rate: found 1e\+60, expected at most 1e\+30",
        ),
        (HEAD.replace('"z1"', '"z1 +"') + "dimension = 100", r"sweep\[0\].target: "),
        (
            HEAD.replace('"z1"', '{expression = "z1", nois = 1}') + "dimension = 100",
            r"target.nois: unknown key",
        ),
        (HEAD.replace('"simulation"', '"simulaton"'), r"sweep\[0\].kind: found 'simulaton'.*did you mean"),
        (
            HEAD + 'dimension = 100\ntheory = "magic"',
            r"sweep\[0\].theory: found 'magic', expected certificate",
        ),
        (HEAD + "dimension = 100\n" + HEAD + "dimension = 100", r"sweep\[1\].name: 'simulation' is taken"),
        (HEAD + "product.dimension = [1]\npoints = [{dimension = 2}]", r"dimension varies in two places"),
        (HEAD + "dimension = 9\nproduct.dimension = [1]", r"\[0\].dimension: is given here and in the grid"),
        ("titel = 'x'\n" + HEAD, r"titel: unknown key; did you mean 'title'\?"),
        ("schema_version = 2\n" + HEAD, r"schema_version: found 2, expected 1"),
        ("seed = -1\n" + HEAD, r"seed: found -1"),
        ("schema_version = 2\nnovelty = 3\n" + HEAD, r"schema_version: found 2, .*newer giantstep, upgrade"),
        ("sweep = []", r"sweep: found \[\], expected tables: write \[\[sweep\]\]"),
        ('[sweep]\nkind = "scan"', r"sweep: found {'kind': 'scan'}, expected tables: write \[\[sweep\]\]"),
        (HEAD.replace('"z1"', "3") + "dimension = 100", r"target: found 3, expected text or a table"),
        (
            HEAD + 'dimension = 100\nridge = "aut"',
            r"ridge: found 'aut', expected a number or 'auto' or a list",
        ),
        (
            HEAD + 'dimension = 100\n[budget]\nseconds = "1h"',
            r"budget.seconds: found '1h', expected a number",
        ),
        (HEAD + "dimension = 100\n[budget]\nseconds = inf", r"budget.seconds: found inf, expected a finite"),
        (
            HEAD + f"dimension = 100\n[budget]\nseconds = 1{'0' * 400}",
            r"budget.seconds: found a whole number of more",
        ),
        (HEAD + f"dimension = 1{'0' * 5000}", r"study: found a whole number of more than 308 digits"),
        (
            HEAD + 'dimension = 100\n[budget]\nmemory = "1.2.3 GB"',
            r"found '1.2.3 GB', expected a size such as",
        ),
        (HEAD + 'dimension = 100\n[budget]\nmemory = "1e999"', r"found '1e999', expected a size such as"),
        (HEAD + "dimension = " + "[" * 1500 + "]" * 1500, r"study: is nested too deeply"),
        (
            HEAD + "dimension = " + "[" * 40 + "]" * 40,
            r"sweep\[0\].dimension.*: is nested more than 32 levels",
        ),
        (
            HEAD + "product." + ".".join("a" * 900) + " = [1]",
            r"sweep\[0\].product.a.*nested more than 32 levels",
        ),
        (
            HEAD + "dimension = 100\ntheory = ['certificate']",
            r"theory: found \['certificate'\], expected cert",
        ),
        (
            HEAD + "dimension = 100\nproduct.width = [2, 4]",
            r"width\[0\]: unknown key; did you mean 'network.width'",
        ),
        (HEAD + "dimension = 100\nbatch = 3", r"\[0\].batch: unknown key; did you mean 'protocol.batch'"),
        (HEAD + "dimension = 100\nname = 3", r"sweep\[0\].name: found 3, expected text"),
        (HEAD + "product.dimension = [100, 200, 1e2]", r"product.dimension\[2\]: is the same as entry 0"),
        (HEAD + "product.dimension = [100, 200]\nseeds = 1e6", r"the grid has 2000000 points, expected at"),
        ("", r"sweep: is missing"),
        ("[[sweep]", r"study: is not TOML"),
    ],
)
def test_errors_name_the_field_as_the_file_spells_it_in_one_line(text, message):
    with pytest.raises(SpecError, match=message) as caught:
        Study.parse(text)
    assert "\n" not in str(caught.value)
