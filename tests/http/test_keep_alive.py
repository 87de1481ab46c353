"""The Keep-Alive header."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.http.keep_alive import keep_alive_timeout_s


@pytest.mark.parametrize(
    "value, expected",
    [
        ("timeout=5", 5.0),
        ("timeout=5, max=100", 5.0),
        ("max=100, timeout=15", 15.0),
        ("Timeout = 60", 60.0),
        ('timeout="7"', 7.0),
        ("timeout=0", 0.0),
        ("max=100", None),
        ("timeout=soon", None),
        ("timeout=-1", None),
        ("notimeout=5", None),
        ("", None),
    ],
)
def test_the_promise_is_read(value: str, expected: float | None) -> None:
    """As servers write it; what cannot be read promises nothing."""
    assert keep_alive_timeout_s(ResponseHeaders.from_items([("Keep-Alive", value)])) == expected


def test_most_responses_promise_nothing() -> None:
    """Also those that name the header elsewhere."""
    headers = ResponseHeaders.from_items([("Connection", "keep-alive"), ("Content-Length", "0")])
    assert keep_alive_timeout_s(headers) is None
