"""Scripts as values, and what is none."""

from __future__ import annotations

import pytest

from netstack_sync.base.net_errors import ERR_PAC_SCRIPT_FAILED, OK
from netstack_sync.proxy.pac_file import PacFileData, judged
from netstack_sync.workers.pac_values import MAX_PAC_BYTES
from tests.support.pac import OTHER_TEXT, TEXT


def test_which_scripts_are_the_same() -> None:
    """Those that do the same in the same place, wherever they are from. The text is not shown."""
    script = PacFileData(TEXT, "http://a.test/", is_trusted=True)
    assert script == PacFileData(TEXT, "http://b.test/", is_trusted=True)
    assert script != PacFileData(TEXT, "http://a.test/", is_trusted=False)
    assert script != PacFileData(OTHER_TEXT, "http://a.test/", is_trusted=True)
    assert TEXT not in repr(script) and "http://a.test/" in repr(script)


@pytest.mark.parametrize(
    "text, word",
    [
        (TEXT, None),
        ("", "empty"),
        ("<!DOCTYPE html><p>FindProxyForURL", "HTML"),
        ("function findProxyForUrl() {}", "FindProxyForURL"),
        (TEXT + " " * MAX_PAC_BYTES, "larger"),
    ],
)
def test_what_a_look_at_it_tells(text: str, word: str | None) -> None:
    """It is a script, or there are words for why not, which begin with where it is from."""
    script = PacFileData(text, "http://a.test/", is_trusted=True)
    result = judged(script)
    if word is None:
        assert result == (OK, "", script)
    else:
        assert (result.net_error, result.script) == (ERR_PAC_SCRIPT_FAILED, None)
        assert result.detail.startswith("http://a.test/: ") and word in result.detail
