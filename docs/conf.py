"""Sphinx: every page is a notebook in Markdown whose cells run in the build; an error ends it."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "src"), str(HERE / "_ext")]
# Cells call `giantstep` as a reader would: the command of this interpreter, plain text, one width.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ |= {
    "PYTHONPATH": str(HERE.parent / "src"),
    "IPYTHONDIR": str(HERE / "_ext" / "ipython"),
    "COLUMNS": "100",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}

import giantstep  # noqa: E402

project = "giantstep"
author = "The giantstep developers"
version = release = giantstep.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "mathml",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_ext", "conf.py", "gallery.py", "**/.ipynb_checkpoints"]

myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_show_tb = True
nb_merge_streams = True
# Progress and estimates go to stderr; a page shows results.
nb_output_stderr = "remove"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_title = "giantstep"
html_sidebars = {"**": []}
html_static_path = ["_static"]
html_css_files = ["giantstep.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_persistent": [],
    "navbar_end": ["search-button", "theme-switcher"],
    "show_toc_level": 2,
    "header_links_before_dropdown": 4,
    "navigation_with_keys": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Vega-Lite charts are shown as their SVG; Sphinx does not know the other form they come in.
suppress_warnings = ["mystnb.unknown_mime_type"]


def setup(app):
    """Docstrings are plain text: a bar is an absolute value, not a substitution."""

    def escape(app, what, name, obj, options, lines):
        lines[:] = [line.replace("|", r"\|") for line in lines]

    app.connect("autodoc-process-docstring", escape, priority=400)
