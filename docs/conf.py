"""Sphinx: ``tox -e site`` builds these pages into ``docs/_build/html``."""

import sys
from importlib.metadata import version as _version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "eahas-plugins"
author = "The eahas-plugins contributors"
copyright = "2026, the eahas-plugins contributors, MIT licence"
release = _version("eahas-plugins")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "api_pages",
]
exclude_patterns = ["_build"]
default_role = "py:obj"  # a name in single backticks links where it is documented

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = False  # only the tables; the pages come from api_pages
autodoc_mock_imports = ["keras", "lightgbm", "lightning", "torch", "transformers", "xgboost"]
autodoc_inherit_docstrings = False  # what a host says of its own methods stands in its own docs
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True  # as they are written: a constant by its name
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"eahas-plugins {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
