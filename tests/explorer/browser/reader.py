"""Someone who reads the page in a real browser: chromium without a window, driven by selenium."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from tests.screenshots import FOLDER

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    # A name outside this machine resolves to nothing: what the page asked for elsewhere would fail loudly.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE = 300.0

STILL = """
const done = arguments[0];
let before = null, same = 0;
(function look() {
  const now = document.documentElement.scrollHeight + document.body.innerHTML;
  same = now === before ? same + 1 : 0;
  before = now;
  if (same < 12) requestAnimationFrame(look); else done(document.documentElement.scrollHeight);
})();
"""
"""Waits until nothing on the page has moved for a dozen frames; gives its height."""


def chromium(folder: Path, **extra: Any) -> webdriver.Chrome:
    """Start a browser that knows nothing yet.

    Raises
    ------
    RuntimeError
        When chromium or chromedriver is not installed.
    """
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        raise RuntimeError("chromium and chromedriver are not installed; .ci/run installs them")
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Reader:
    """What a person does with the page, and what they see."""

    def __init__(self, driver: webdriver.Chrome, url: str, base: str) -> None:
        self.driver, self.url, self.base = driver, url, base
        self.resize(1280)

    def open(self, fragment: str = "") -> None:
        """Open the printed address, as the first thing anyone does."""
        self.driver.get(self.url + fragment)
        self.until(lambda: self.script("return document.documentElement.dataset.ready") == "1")

    def resize(self, width: int, height: int = 900) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def until(self, true: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait for something to become true and return it."""
        end = time.monotonic() + seconds
        while True:
            found = true()
            if found:
                return found
            assert time.monotonic() < end, f"waited {seconds} s in vain; the page shows:\n{self.text('body')}"
            time.sleep(0.05)

    def find(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.find(selector).text

    def panel(self) -> str:
        return str(
            self.script("return document.querySelector('[role=tabpanel]:not([hidden])').id")
        ).removeprefix("panel-")

    def show(self, name: str) -> None:
        self.find(f"#tab-{name}").click()

    def status(self) -> str:
        return self.text(f"#panel-{self.panel()} .status")

    def error(self) -> str:
        return self.text(f"#panel-{self.panel()} .error")

    def settled(self) -> None:
        """Wait until the answer is complete and drawn, or an error is said."""

        def quiet() -> bool:
            busy = (
                f"return document.querySelector('#panel-{self.panel()} .results').getAttribute('aria-busy')"
            )
            return self.script(busy) == "false" and (
                self.error() != "" or self.status().startswith("Computed")
            )

        self.until(quiet)

    def type(self, selector: str, text: str) -> None:
        field = self.find(selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def ask(self, selector: str, text: str) -> None:
        """Type into a field and wait for the answer."""
        self.type(selector, text)
        # The link takes a value over at the moment it is asked for.
        asked = (
            "const field = arguments[0], given = new URLSearchParams(location.hash.split('?')[1]);"
            "return field.value === (given.get(field.name) ?? field.defaultValue)"
        )
        self.until(lambda: self.script(asked, self.find(selector)))
        self.settled()

    def drawings(self, chart: str) -> int:
        """How often a chart has been drawn."""
        text = (
            f"return document.querySelector('#panel-{self.panel()} [data-chart={chart}]').dataset.drawn || 0"
        )
        return int(self.script(text))

    def problems(self) -> list[str]:
        """What the console says, of any level, since the last look."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[dict[str, Any]]:
        """Every request since the last look: method and address."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [one["params"]["request"] for one in messages if one["method"] == "Network.requestWillBeSent"]
        return [one for one in sent if not one["url"].startswith(("data:", "blob:", "chrome:", "about:"))]

    def picture(self, name: str, width: int) -> None:
        """Write a screenshot of the whole page, once it stands still."""
        self.resize(width)
        height = self.driver.execute_async_script(STILL)
        self.resize(width, min(int(height), 6000))
        self.driver.execute_async_script(STILL)
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(FOLDER / f"explorer-{name}.png"))
        self.resize(1280)
