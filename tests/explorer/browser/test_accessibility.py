"""The page for those who hear it, who have no mouse, who enlarge it, or who want no motion."""

import os
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from .reader import Reader

pytestmark = pytest.mark.browser

LAWS = (Path(__file__).parent / "accessibility.js").read_text("utf-8")
LINKS = {
    "target": "#target?target=z1*z2+%2B+z3",
    "steps": "#steps?dimension=1000&seeds=2&steps=2",
    "curve": "#curve",
    "spectra": "#spectra?width=100&dimension=100",
}
FIELDS = {
    "target": {"From the catalog", "Target", "Activation", "Batch n ~ dκ, κ", "random biases"},
    "steps": {"Input dimension d", "Neurons p", "Batch n", "Seeds", "Batches", "across", "up", "Play"},
    "curve": {"Step η, learning rate / p", "First batch n0 / d", "Ridge λ", "Label noise (variance)"},
    "spectra": {"First exponent α1", "C2", "Batch n / d", "second step on the same batch"},
}


@dataclass(frozen=True)
class Look:
    """One panel, answered: its accessibility tree, faint texts, and widths at which it does not fit."""

    panel: str
    nodes: list
    faint: list
    too_wide: list


@pytest.fixture(scope="module", params=LINKS)
def look(request, served, driver):
    panel = request.param
    reader = Reader(driver, served.access.url, served.base)
    driver.get("about:blank")
    _open(reader, panel)
    for summary in driver.find_elements(By.CSS_SELECTOR, f"#panel-{panel} summary"):
        summary.click()
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    faint, too_wide = reader.script("return faint()"), []
    whole = "const page = document.documentElement; return page.scrollWidth - page.clientWidth"
    # 400 % and 200 % of zoom on 1280 pixels; then letters alone twice as large.
    for width, letters in ((320, ""), (640, ""), (1280, "200%"), (360, "")):
        reader.resize(width)
        reader.script("document.documentElement.style.fontSize = arguments[0]", letters)
        try:
            # Charts follow in a frame or two.
            reader.until(lambda: reader.script(whole) <= 0, seconds=20.0)
        except AssertionError:
            too_wide.append((width, letters))
    reader.resize(1280)
    return Look(panel, [node for node in nodes if not node["ignored"]], faint, too_wide)


def _open(reader, panel):
    reader.open(LINKS[panel])
    reader.script(LAWS)
    reader.settled()
    charts = reader.driver.find_elements(By.CSS_SELECTOR, f"#panel-{panel} [data-chart]")
    for chart in charts:
        reader.until(lambda chart=chart: chart.get_attribute("data-drawn"))


def _has(node, name):
    return any(one["name"] == name and one["value"].get("value") for one in node.get("properties", []))


def _name(node):
    return node.get("name", {}).get("value", "").strip()


def test_everything_that_takes_the_focus_has_a_role_and_a_name(look):
    controls = [node for node in look.nodes if _has(node, "focusable") and node["role"]["value"] != "status"]
    assert len(controls) > 15
    for node in controls:
        assert node["role"]["value"] not in ("generic", "none", ""), node
        assert _name(node), node
    assert FIELDS[look.panel] <= {_name(node).removesuffix(":") for node in controls}


def test_pictures_say_what_there_is_to_see_and_hide_how_it_is_drawn(look):
    pictures = [node for node in look.nodes if node["role"]["value"] == "image"]
    assert pictures
    assert min(len(_name(node)) for node in pictures) > 40
    assert not [node for node in look.nodes if "graphics" in node["role"]["value"].lower()]


def test_headings_descend_one_level_at_a_time_and_none_is_empty(look):
    found = [
        (prop["value"]["value"], _name(node))
        for node in look.nodes
        if node["role"]["value"] == "heading"
        for prop in node["properties"]
        if prop["name"] == "level"
    ]
    levels = [level for level, _ in found]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(after - before for before, after in pairwise(levels)) == 1
    assert all(name for _, name in found)


def test_all_content_stands_in_landmarks(look):
    roles = [node["role"]["value"] for node in look.nodes]
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(landmark) == 1


def test_every_text_stands_out_from_its_ground(look):
    assert look.faint == []


def test_the_page_fits_when_it_is_enlarged(look):
    assert look.too_wide == []


@pytest.mark.parametrize("panel", LINKS)
def test_the_tab_key_reaches_everything_in_the_order_of_the_page_and_shows_where_it_is(reader, panel):
    _open(reader, panel)
    expected = reader.script("return stops().length")
    reader.script("document.activeElement.blur()")
    reached = []
    for _ in range(expected):
        reader.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(reader.script("return [stops().indexOf(document.activeElement), shownFocus()]"))
    assert reached == [[place, ""] for place in range(expected)]


def test_an_answer_and_an_error_are_announced(reader):
    _open(reader, "target")
    reader.script("listen()")
    reader.ask("#target-target", "z1*z2")
    (role, words) = reader.script("return heard.at(-1)")
    assert role == "status"
    assert words.startswith("Computed in ")
    assert "fresh batches: Nothing is learnt" in words
    reader.ask("#target-target", "z1 +* z2")
    heard = reader.script("return heard")
    assert ["alert", reader.error()] in heard
    assert reader.find("#target-target").get_attribute("aria-invalid") == "true"
    assert reader.find("#target-target").get_attribute("aria-errormessage") == "target-error"
    # What it has of an earlier question is out of reach.
    assert not reader.script("return stops().some((one) => one.closest('.results'))")
    reader.ask("#target-target", "z1")
    assert reader.find("#target-target").get_attribute("aria-invalid") is None


@pytest.mark.parametrize("panel", LINKS)
def test_each_panel_says_its_answer_in_a_sentence(reader, panel):
    _open(reader, panel)
    said = reader.script(f"return document.querySelector('#panel-{panel} .status').textContent")
    assert said.startswith("Computed in ")
    assert len(said) > 80


def test_a_long_computation_is_announced_and_cancelled_and_taken_up_again_by_keyboard(reader, served):
    reader.open("#steps?dimension=1000&seeds=1")
    reader.script(LAWS + "listen()")
    reader.settled()
    reader.script("location.hash = '#steps?dimension=1000000&seeds=20'")
    cancel = reader.find("#panel-steps .cancel")
    reader.until(lambda: ["status", "Computing …"] in reader.script("return heard") and cancel.is_displayed())
    cancel.send_keys(Keys.ENTER)
    assert (reader.status(), cancel.text) == ("Cancelled.", "Compute again")
    assert reader.driver.switch_to.active_element == cancel
    reader.until(lambda: served.pool.asking == 0)
    cancel.send_keys(Keys.ENTER)
    reader.until(lambda: (reader.status(), cancel.text) == ("Computing …", "Cancel"))
    cancel.send_keys(Keys.ENTER)
    reader.until(lambda: served.pool.asking == 0)


def test_the_focus_of_a_button_that_goes_is_taken_by_the_line_that_says_why(reader, served):
    reader.open("#steps?dimension=1000&seeds=1")
    reader.settled()
    workers = [worker.process.pid for worker in served.pool.all]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        reader.script("location.hash = '#steps?dimension=1000&seeds=2'")
        cancel = reader.find("#panel-steps .cancel")
        reader.until(cancel.is_displayed)
        reader.script("arguments[0].focus()", cancel)
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
    reader.settled()
    reader.until(lambda: reader.script("return document.activeElement.className") == "status")


@pytest.mark.parametrize("place", [".table .scroll", ".exports pre", "#curve-ridge", "#tab-curve", "#share"])
def test_an_answer_takes_the_focus_from_nobody(reader, place):
    _open(reader, "curve")
    reader.find("#panel-curve summary").send_keys(Keys.ENTER)
    before = reader.text("#panel-curve .table")
    code = reader.text("#panel-curve .exports pre")
    where = place if place.startswith("#") else f"#panel-curve {place}"
    reader.script("document.querySelector(arguments[0]).focus()", where)
    reader.script("location.hash = '#curve?ridge=10'")
    reader.until(lambda: reader.text("#panel-curve .table") != before)
    reader.settled()
    assert reader.script("return document.activeElement === document.querySelector(arguments[0])", where)
    # Code that was open stays open, with the new numbers.
    assert reader.text("#panel-curve .exports pre") not in ("", code)


def test_the_catalog_is_walked_through_with_the_arrow_keys(reader):
    _open(reader, "target")
    pick = reader.find("#target-pick")
    names = reader.script("return [...arguments[0].options].map((one) => one.value)", pick)
    pick.send_keys(Keys.HOME)
    for name in names[1:4]:
        pick.send_keys(Keys.ARROW_DOWN)
        assert pick.get_attribute("value") == name
        assert reader.find("#target-target").get_attribute("value") == name
    reader.settled()
    reader.ask("#target-target", "z1 + z4")
    assert pick.get_attribute("value") == ""


def test_neurons_are_moved_without_a_mouse_and_without_motion_for_those_who_want_none(reader):
    reduce = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": reduce})
    try:
        _open(reader, "steps")
        slider = reader.find("#panel-steps .plane-step")
        slider.send_keys(Keys.HOME)
        assert reader.text("#panel-steps .plane-at") == "t = 0"
        # At once: no frame is waited for.
        shown = "arguments[0].click(); return arguments[1].value"
        assert reader.script(shown, reader.find("#panel-steps .plane-play"), slider) == "2"
        assert reader.script("return document.getAnimations().length") == 0
    finally:
        reader.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    slider.send_keys(Keys.HOME)
    reader.find("#panel-steps .plane-play").send_keys(Keys.ENTER)
    reader.until(lambda: reader.text("#panel-steps .plane-at") == "t = 2")


def test_the_skip_link_leads_to_the_panel_and_changes_nothing(reader):
    _open(reader, "steps")
    before = reader.script("return location.hash")
    reader.find(".skip").send_keys(Keys.ENTER)
    assert reader.script("return [location.hash, document.activeElement.id]") == [before, "panel-steps"]
