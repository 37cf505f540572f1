"""A chart as one page: Vega inside, nothing fetched, no text of the chart taken for markup or script."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

_EMBED = """
const spec = JSON.parse(document.getElementById("spec").textContent);
const actions = {export: true, source: false, compiled: false, editor: false};
vegaEmbed("#chart", spec, {renderer: "svg", ast: true, actions}).catch(console.error);
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<title>{{ title }}</title>
<style>body { margin: 1rem; font-family: Helvetica, Arial, sans-serif; } #chart { overflow-x: auto; }</style>
</head>
<body>
<div id="chart" role="img" aria-label="{{ words }}"></div>
<script type="application/json" id="spec">{{ spec }}</script>
<script>{{ vega }}</script>
<script>{{ embed }}</script>
</body>
</html>
"""


def page(chart: Any) -> str:
    """Return a page that shows a chart from disk.

    The policy in its head lets only these two scripts run, by their hashes, and nothing be fetched; Vega's
    expressions are interpreted, not evaluated. The chart itself is data between tags, with ``<`` written as
    an escape: a target called ``</script>`` stays a name.
    """
    import vl_convert
    from jinja2 import Environment
    from markupsafe import Markup

    from giantstep.figures.export import words_of

    bundle = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    vega = str(bundle).replace("</script", r"<\/script")
    words = words_of(chart)
    template = Environment(autoescape=True).from_string(_PAGE)
    return template.render(
        policy=policy(vega, _EMBED),
        title=words.split(". ")[0].rstrip("."),
        words=words,
        spec=Markup(inside_script(chart.to_json(indent=None))),
        vega=Markup(vega),
        embed=Markup(_EMBED),
    )


def policy(*scripts: str) -> str:
    """Return the content security policy of a page that holds everything and runs these scripts only.

    >>> policy()
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    """
    rules = ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"]
    if scripts:
        hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
        rules.insert(1, "script-src " + " ".join(f"'sha256-{one}'" for one in hashes))
    return "; ".join([*rules, "base-uri 'none'", "form-action 'none'"])


def inside_script(json_text: str) -> str:
    r"""Return JSON that may stand between script tags: the same document, no character of markup.

    >>> inside_script('{"a": "</script>&"}')
    '{"a": "\\u003c/script\\u003e\\u0026"}'
    """
    for mark in "<>&\u2028\u2029":
        json_text = json_text.replace(mark, f"\\u{ord(mark):04x}")
    return json_text
