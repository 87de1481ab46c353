"""Origins: equal or not, and how they read."""

from __future__ import annotations

import pytest

from netstack_sync.base.origin import SchemeHostPort


@pytest.mark.parametrize(
    "origin, text",
    [
        (SchemeHostPort("http", "h", 80), "http://h"),
        (SchemeHostPort("https", "h", 443), "https://h"),
        (SchemeHostPort("https", "h", 80), "https://h:80"),
        (SchemeHostPort("ws", "::1", 80), "ws://[::1]"),
        (SchemeHostPort("wss", "::1", 1), "wss://[::1]:1"),
        (SchemeHostPort("ftp", "h", 21), "ftp://h:21"),
        (SchemeHostPort("data", "", 0), "data://"),
    ],
)
def test_an_origin_prints_without_the_default_port(origin: SchemeHostPort, text: str) -> None:
    """RFC 6454 §6.2."""
    assert str(origin) == text


def test_origins_are_the_same_if_scheme_host_and_port_are() -> None:
    """Rule R1: it is the heart of every pool key."""
    origin = SchemeHostPort("https", "h", 443)
    assert origin == SchemeHostPort("https", "h", 443)
    assert hash(origin) == hash(SchemeHostPort("https", "h", 443))
    assert origin != SchemeHostPort("http", "h", 443)
    assert origin != SchemeHostPort("https", "g", 443)
    assert origin != SchemeHostPort("https", "h", 444)
