"""NO_PROXY, as users of curl and requests know it (row 36 of what users complain about)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.url import Url
from netstack_sync.proxy.no_proxy import parse_no_proxy
from tests.proxy.bypass_table import NO_PROXY


@pytest.mark.parametrize("text, url, goes_directly", NO_PROXY)
def test_the_table(text: str, url: str, goes_directly: bool) -> None:
    """Row 217 (ProxyBypassList); R7 (CVE-2026-8924): every spelling of a host gets the same verdict."""
    assert parse_no_proxy(text).matches(Url.parse(url)) is goes_directly


def test_it_becomes_bypass_rules() -> None:
    """In the words of those, which can be shown; this machine is exempt only when it is named."""
    assert parse_no_proxy("").text == "<-loopback>"
    assert parse_no_proxy(".a.example:80 10.0.0.0/8,*").text == "<-loopback>;a.example:80;.a.example:80;10.0.0.0/8;*"


def test_bad_entries() -> None:
    """The strict hear of the first one; others go without it."""
    assert parse_no_proxy("a/b,c.example") == parse_no_proxy("a/b,c.example", strict=False)
    with pytest.raises(ValueError, match="the rule 'a/b' has a / but is no range"):
        parse_no_proxy("c.example,a/b", strict=True)


@given(st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    """A variable may hold anything."""
    assert parse_no_proxy(text).matches(Url.parse("http://localhost/")) in (True, False)
