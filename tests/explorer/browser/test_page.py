"""The page in a real browser: what a person does with it, on a wide screen and on a narrow one."""

import json

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

pytestmark = pytest.mark.browser

PANELS = {
    "target": ["stairs"],
    "steps": ["overlaps", "neurons"],
    "curve": ["curve"],
    "spectra": ["phases", "spectrum"],
}
QUICK = {"target": "", "steps": "?dimension=1000&seeds=2", "curve": "", "spectra": ""}


def test_a_click_on_the_map_and_the_sliders_move_the_cross(reader):
    reader.open("#spectra?width=100&dimension=100")
    reader.settled()
    reader.until(lambda: reader.drawings("phases") > 0)
    chart = reader.find("#panel-spectra [data-chart=phases] svg")
    ActionChains(reader.driver).move_to_element_with_offset(chart, -40, 60).click().perform()
    reader.until(lambda: reader.find("#spectra-first").get_attribute("value") != "0.4")
    reader.settled()
    point = [reader.find(f"#spectra-{name}").get_attribute("value") for name in ("first", "second")]
    assert 0.05 < float(point[0]) < 0.35
    assert 0.02 < float(point[1]) < 0.3
    said = reader.find("#panel-spectra [data-chart=phases]").get_attribute("aria-label")
    assert f"first exponent {point[0]}, second exponent {point[1]}" in said
    assert "first_exponent" in reader.script("return location.hash")


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_answers_draws_and_keeps_inside_360_pixels(reader, panel):
    reader.open(f"#{panel}{QUICK[panel]}")
    reader.settled()
    assert reader.error() == ""
    for chart in PANELS[panel]:
        reader.until(lambda chart=chart: reader.drawings(chart) > 0)
        assert reader.find(f"#panel-{panel} [data-chart={chart}] svg").size["width"] > 200
        assert len(reader.find(f"#panel-{panel} [data-chart={chart}]").get_attribute("aria-label")) > 20
    reader.picture(panel, 1280)
    reader.resize(360)
    whole = "const page = document.documentElement; return [innerWidth, page.scrollWidth - page.clientWidth]"
    reader.until(lambda: reader.script(whole) == [360, 0])
    for chart in PANELS[panel]:
        drawing = reader.find(f"#panel-{panel} [data-chart={chart}] svg")
        reader.until(lambda drawing=drawing: drawing.rect["x"] + drawing.rect["width"] <= 360)
    reader.picture(f"{panel}-narrow", 360)


def test_a_typed_target_is_certified(reader):
    reader.open("#target")
    reader.settled()
    reader.ask("#target-target", "z1*z2")
    assert "Nothing is learnt" in reader.text("#panel-target .certificates")
    assert reader.text("#panel-target .formula").replace("\n", "") == "f*(z) = z1·z2"
    Select(reader.find("#target-pick")).select_by_value("stair2")
    reader.until(lambda: "Everything is learnt" in reader.text("#panel-target .certificates"))
    assert reader.find("#target-target").get_attribute("value") == "stair2"


def test_a_bad_target_is_a_sentence_and_the_old_answer_is_no_longer_shown_as_one(reader):
    reader.open("#target")
    reader.settled()
    reader.ask("#target-target", "z1 +* z2")
    assert reader.error().startswith("target: ")
    assert "stale" in reader.find("#panel-target").get_attribute("class")
    reader.ask("#target-target", "z1 + z2")
    assert reader.error() == ""
    assert "stale" not in reader.find("#panel-target").get_attribute("class")


def test_hostile_text_is_shown_as_text(reader):
    reader.open("#target")
    reader.settled()
    for attack in ("<img src=x onerror=alert(1)>", "</p><script>alert(1)</script>", "{{1}}"):
        reader.ask("#target-target", attack)
        assert reader.error() != ""
        assert (
            reader.driver.find_elements(By.CSS_SELECTOR, "#panel-target .answer img, #panel-target script")
            == []
        )
    reader.open(f"#target?target={'%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E'}&activation=%3Cb%3E")
    reader.settled()
    assert reader.error() != ""


def test_sliders_follow_the_arrow_keys_and_only_the_last_answer_counts(reader):
    reader.open("#curve")
    reader.settled()
    before, drawn = reader.text("#panel-curve .shows"), reader.drawings("curve")
    slider = reader.find("#curve-rate")
    for _ in range(12):
        slider.send_keys(Keys.ARROW_RIGHT)
    reader.until(lambda: "learning_rate_ratio=3.2" in reader.script("return location.hash"))
    reader.settled()
    assert slider.get_attribute("aria-valuetext") == "3.2"
    assert reader.text("#panel-curve .shows") != before
    assert reader.drawings("curve") > drawn
    # What stays is the answer to the last position, whatever was still under way.
    reader.open("#curve?learning_rate_ratio=3.2")
    reader.settled()
    fresh = reader.text("#panel-curve .table")
    reader.find("#curve-rate").send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    reader.until(lambda: reader.drawings("curve") > 2)
    reader.settled()
    reader.until(lambda: reader.text("#panel-curve .table") == fresh)


def test_a_long_run_shows_its_first_step_and_can_be_cancelled(reader, served):
    reader.open("#steps?dimension=1000000&seeds=20")
    reader.until(
        lambda: reader.drawings("overlaps") > 0 and "\n1 dim 1" in reader.text("#panel-steps .table")
    )
    cancel = reader.find("#panel-steps .cancel")
    assert reader.status() == "Computing …"
    assert reader.find("#panel-steps progress").is_displayed()
    cancel.click()
    assert reader.status() == "Cancelled."
    assert not reader.find("#panel-steps progress").is_displayed()
    reader.until(lambda: served.pool.asking == 0)


def test_a_link_restores_what_was_asked(reader):
    reader.open("#target")
    reader.settled()
    reader.ask("#target-target", "He3(z1)")
    reader.find("[name=bias]").click()
    reader.until(lambda: "bias=1" in reader.script("return location.hash"))
    reader.settled()
    link = reader.script("return location.href")
    assert "token" not in link
    shown = reader.text("#panel-target .certificates")
    reader.driver.get("about:blank")
    reader.driver.get(link)
    reader.settled()
    assert reader.find("#target-target").get_attribute("value") == "He3(z1)"
    assert reader.find("[name=bias]").is_selected()
    assert reader.text("#panel-target .certificates") == shown
    reader.driver.refresh()
    reader.settled()
    assert reader.text("#panel-target .certificates") == shown


def test_two_tabs_of_a_browser_do_not_disturb_each_other(reader):
    reader.open("#target?target=z1")
    reader.settled()
    first = reader.driver.current_window_handle
    reader.driver.switch_to.new_window("tab")
    try:
        reader.driver.get(f"{reader.base}/#target?target=z1*z2")
        reader.settled()
        assert "Nothing is learnt" in reader.text("#panel-target .certificates")
    finally:
        reader.driver.close()
        reader.driver.switch_to.window(first)
    reader.ask("#target-target", "z1 + z1*z2")
    assert "Everything is learnt" in reader.text("#panel-target .certificates")


def test_everything_is_reached_by_keyboard_and_has_a_name(reader):
    reader.open("#target")
    reader.settled()
    reader.find("#tab-target").send_keys(Keys.ARROW_RIGHT)
    assert (reader.panel(), reader.script("return document.activeElement.id")) == ("steps", "tab-steps")
    reader.find("#tab-steps").send_keys(Keys.END)
    assert reader.panel() == list(PANELS)[-1]
    reader.find(f"#tab-{list(PANELS)[-1]}").send_keys(Keys.HOME)
    assert reader.panel() == "target"
    visited = []
    reader.driver.refresh()
    reader.settled()
    for _ in range(30):
        reader.driver.switch_to.active_element.send_keys(Keys.TAB)
        visited.append(reader.script("return document.activeElement.id || document.activeElement.name"))
    wanted = ["share", "tab-target", "panel-target", "target-pick", "target-target", "target-activation"]
    places = [visited.index(name) for name in wanted]
    assert places == sorted(places)
    nameless = reader.script(
        "return [...document.querySelectorAll('input, select, button, progress')].filter((one) => !("
        "one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim()"
        ")).map((one) => one.outerHTML)"
    )
    assert nameless == [] or [one for one in nameless if "progress" not in one] == []
    outlines = "return getComputedStyle(document.activeElement).outlineStyle"
    assert reader.script(outlines) not in ("none", "")


def test_the_first_view_is_light(reader):
    reader.driver.execute_cdp_cmd("Network.enable", {})
    reader.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    reader.open("#target")
    reader.settled()
    reader.until(lambda: reader.drawings("stairs") > 0)
    sizes = reader.script(
        "return JSON.stringify([...performance.getEntriesByType('navigation'), "
        "...performance.getEntriesByType('resource')].map((one) => [one.name, one.transferSize]))"
    )
    found = json.loads(sizes)
    assert any(name.endswith("/vega.js") for name, _ in found)
    total = sum(size for _, size in found)
    print(f"first view: {total} bytes in {len(found)} requests")
    reader.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
    assert 200_000 < total < 2_000_000


def test_figures_code_and_study_are_handed_out(reader, tmp_path):
    reader.driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)}
    )
    reader.open("#target?target=stair2")
    reader.settled()
    for summary in reader.driver.find_elements(By.CSS_SELECTOR, "#panel-target summary"):
        summary.click()
    for button in reader.driver.find_elements(By.CSS_SELECTOR, "#panel-target .exports button"):
        if button.text != "Copy":
            button.click()
    names = {"stairs.svg", "stairs.png", "target.py", "target.toml"}
    reader.until(lambda: {path.name for path in tmp_path.iterdir()} == names)
    assert (tmp_path / "stairs.svg").read_text().startswith("<svg")
    assert (tmp_path / "stairs.png").read_bytes().startswith(b"\x89PNG")
    assert "gs.analyze" in (tmp_path / "target.py").read_text()


@pytest.mark.parametrize(
    "fragment",
    [
        "#constructor",
        "#__proto__?target=z1",
        "#target?target=%&activation=%ff%00",
        "#target?__proto__=1&constructor=2&batch_exponent=NaN",
        "#steps?dimension=1e99&mode=x&seeds=-1&width=Infinity",
        "#curve?ridge=1e999&noise=<b>",
    ],
)
def test_a_hostile_link_leaves_a_page_that_answers(reader, fragment):
    reader.open(fragment)
    reader.settled()
    reader.script("location.hash = '#target?target=z1+%2B+z5'")
    reader.until(lambda: reader.text("#panel-target .formula").replace("\n", "") == "f*(z) = z1 + z5")
    reader.settled()
    assert "Everything is learnt" in reader.text("#panel-target .certificates")


def test_what_is_too_long_for_the_page_blames_no_field_and_hands_out_no_figure_of_another_question(reader):
    reader.open("#steps?dimension=1000&seeds=1")
    reader.settled()
    reader.ask("#steps-batch", "d^4")
    assert reader.error().startswith("this run: would take about ")
    assert reader.driver.find_elements(By.CSS_SELECTOR, "[aria-invalid]") == []
    buttons = reader.driver.find_elements(By.CSS_SELECTOR, "#panel-steps .exports button")
    assert not [button for button in buttons if button.text.endswith((".svg", ".png"))]
    reader.find("#panel-steps .exports details:last-of-type summary").click()
    assert 'batch = "d^4"' in reader.text("#panel-steps .exports details:last-of-type pre")
