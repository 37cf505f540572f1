"""Mathematics as MathML: it needs no script and no network, and a screen reader speaks it."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

# MathML Core has no styled letters; Unicode has them.
LETTERS = {
    r"\\mathbb\s*\{?E\}?": "𝔼",
    r"\\mathbb\s*\{?R\}?": "ℝ",
    r"\\mathbf\s*\{?1\}?": "𝟏",
    r"\\mathcal\s*\{?N\}?": "𝒩",
}
LINES = re.compile(r"\\begin\{aligned\}(.*)\\end\{aligned\}", re.DOTALL)


def mathml(latex, display):
    """Return the MathML of a formula; an aligned block becomes a table, columns right and left in turn."""
    for pattern, letter in LETTERS.items():
        latex = re.sub(pattern, letter, latex)
    if (block := LINES.search(latex)) is None:
        return convert(latex, display=display)
    rows = []
    for line in re.split(r"\\\\", block[1]):
        cells = [re.sub(r"^<math[^>]*>|</math>$", "", convert(cell)) for cell in line.split("&")]
        sides = ("right", "left")
        rows.append(
            "".join(f'<mtd style="text-align: {sides[k % 2]}">{cell}</mtd>' for k, cell in enumerate(cells))
        )
    table = "".join(f"<mtr>{row}</mtr>" for row in rows)
    head = f'<math xmlns="http://www.w3.org/1998/Math/MathML" display="{display}">'
    return f"{head}<mtable>{table}</mtable></math>"


def inline(self, node):
    self.body.append(mathml(node.astext(), "inline"))
    raise SkipNode


def block(self, node):
    self.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise SkipNode


def setup(app):
    """Register the renderer under the name ``mathml``."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
