"""How the tests read a page: its tags, its texts, and everything that could ask a network for something."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

ATTACKS = [
    *(Path(__file__).parents[1] / "data/attacks.txt").read_text("utf-8").splitlines(),
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>'",
    "' autofocus onfocus='alert(1)",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "<!-- --!> ]]> &lt;b&gt; &amp;",
    "\u202egnp.exe ünïcödé ∇ \u2028",
]
ADDRESSES = ("src", "href", "srcset", "action", "formaction", "data", "poster", "background", "xlink:href")


class Page(HTMLParser):
    """Tags with their attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    @property
    def addresses(self) -> list[str]:
        return [str(value) for _, own in self.tags for name, value in own.items() if name in ADDRESSES]

    @property
    def handlers(self) -> list[str]:
        return [name for _, own in self.tags for name in own if name.startswith("on")]

    def pictures(self) -> list[ElementTree.Element]:
        """Return the root of every picture that the page holds."""
        return [
            ElementTree.fromstring(base64.b64decode(address.split(",", 1)[1]))
            for address in self.addresses
            if address.startswith("data:image/svg+xml;base64,")
        ]
