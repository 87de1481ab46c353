"""Retry-After in its two forms, and what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.fetcher.retry_after import retry_after_s
from tests.support.responses import response_info

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def _headers(*fields: str) -> ResponseHeaders:
    return response_info(*fields).head.headers


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ((), None),
        (("Retry-After:",), None),
        (("Retry-After: 0",), 0.0),
        (("Retry-After:  120 ",), 120.0),
        (("Retry-After: 999999999",), 999999999.0),
        (("Retry-After: 1000000000",), float("inf")),
        (("Retry-After: -1",), None),
        (("Retry-After: 1.5",), None),
        (("Retry-After: soon",), None),
        (("Retry-After: \u00b2",), None),
        (("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT",), 60.0),
        (("Retry-After: Sun, 06 Nov 1994 08:50:37 -0000",), 60.0),
        (("Retry-After: Sun, 06 Nov 1994 08:00:00 GMT",), 0.0),
        (("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", "Date: rubbish"), 60.0),
    ],
)
def test_forms(fields: tuple[str, ...], seconds: float | None) -> None:
    assert retry_after_s(_headers(*fields), lambda: NOW) == seconds


def test_a_date_is_compared_with_the_servers_own_clock() -> None:
    """Ours may be years off."""

    def never() -> float:
        raise AssertionError("our clock is not asked")

    fields = ("Retry-After: Sun, 06 Nov 1994 08:50:37 GMT", "Date: Sun, 06 Nov 1994 08:50:07 GMT")
    assert retry_after_s(_headers(*fields), never) == 30.0


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_whatever_it_says_there_is_an_answer(value: str) -> None:
    seconds = retry_after_s(_headers(f"Retry-After: {value}"), lambda: NOW)
    assert seconds is None or seconds >= 0
