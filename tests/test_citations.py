"""Citations: complete entries, and kinds that know their papers."""

import re

import pytest

from giantstep.citations import RESTS_ON, behind, named, own_bibtex, papers
from giantstep.errors import SpecError
from giantstep.figures import kinds
from giantstep.studies.kinds import KINDS


def test_every_paper_is_complete_and_every_key_its_own():
    for number, paper in papers().items():
        assert re.fullmatch(r"\d{4}\.\d{5}", number)
        assert paper.title
        assert len(paper.authors) > 1
        assert str(paper.year % 100) == number[:2]
        assert paper.used_for
    assert len({paper.key for paper in papers().values()}) == len(papers())


def test_entries_close_their_braces_and_keep_special_characters_harmless():
    for paper in papers().values():
        entry = paper.bibtex()
        assert entry.count("{") == entry.count("}")
        assert re.search(r"(?<!\\)[&%$#]", entry) is None
    assert "@software{giantstep" in own_bibtex()


def test_what_results_rest_on_is_listed():
    assert {number for numbers in RESTS_ON.values() for number in numbers} == set(papers())
    for kind in ("stairway", "exponents", "beyond-kernel", "learning-curves", "overlap-plane", "spike-map"):
        assert kind in kinds()
        assert behind([kind])
    assert {"certificate", "simulation", "scan", "overlaps", "learning-curve"} <= set(KINDS) & set(RESTS_ON)


def test_a_paper_may_be_asked_for_by_number_and_a_wrong_word_is_named():
    assert named("arXiv:2402.04980")[0].key == "cui2024asymptotics"
    with pytest.raises(SpecError, match="did you mean 'stairway'"):
        named("stairwy")
