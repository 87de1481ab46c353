"""The page on settings names all of them."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from netstack_sync import Session
from netstack_sync.base.features import DISABLE_VARIABLE, ENABLE_VARIABLE
from netstack_sync.fetcher.download_arguments import DownloadOptions

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.rst"
ARGUMENTS = inspect.signature(Session).parameters.keys() - {"unknown"}
DOWNLOADS = inspect.get_annotations(DownloadOptions).keys()


@pytest.mark.parametrize("name", sorted({*ARGUMENTS, *DOWNLOADS, ENABLE_VARIABLE, DISABLE_VARIABLE}))
def test_each_setting_has_its_place_in_a_table(name: str) -> None:
    """In the first column for an argument, in the second for a variable."""
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith(("   * - ``", "     - ``"))]
    assert any([f"``{name}``" in row for row in rows])
