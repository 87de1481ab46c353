"""What a script is told of a URL."""

from __future__ import annotations

import pytest

from netstack_sync.base.url import Url
from netstack_sync.workers.pac_url import host_for_pac, sanitize_url_for_pac


@pytest.mark.parametrize(
    "url, told",
    [
        ("http://example.com/a/b?c=d", "http://example.com/a/b?c=d"),
        ("http://user:secret@example.com/a?b#c", "http://example.com/a?b"),
        ("http://example.com/#", "http://example.com/"),
        ("https://example.com/a/b?c=d#e", "https://example.com/"),
        ("https://user:secret@example.com:8443/a?b", "https://example.com:8443/"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]/"),
        ("ws://example.com/a?b#c", "ws://example.com/a?b"),
        ("wss://user:secret@example.com/a?b#c", "wss://example.com/"),
        ("ftp://user:secret@example.com/a", "ftp://example.com/a"),
    ],
)
def test_a_script_never_sees_what_is_secret(url: str, told: str) -> None:
    """Row 221: SanitizeUrlForPacScript."""
    assert sanitize_url_for_pac(Url.parse(url)) == told


@pytest.mark.parametrize(
    "url, host",
    [("http://Example.com:81/", "example.com"), ("http://[::1]:81/", "::1"), ("http://1.2.3.4/", "1.2.3.4")],
)
def test_a_script_sees_the_host_without_brackets(url: str, host: str) -> None:
    """And without the port."""
    assert host_for_pac(Url.parse(url)) == host
