"""Sphinx settings; warnings are errors (see tox.ini)."""

from __future__ import annotations

from importlib.metadata import version as installed_version

project = "netstack_sync"
author = "The netstack_sync contributors"
copyright = f"2026, {author}"
release = version = installed_version("netstack-sync")

extensions = ["sphinx.ext.autodoc"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"netstack_sync {release}"
html_copy_source = False
