"""The arguments about what happens on the way, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.fetcher.news_arguments import check_callback, settle_expectation
from netstack_sync.fetcher.request_body import RequestBody

BODY = RequestBody(b"x")


def test_a_callback_is_a_function() -> None:
    assert check_callback("on_informational", None) is None
    assert check_callback("on_informational", print) is print
    with pytest.raises(TypeError, match="upload_progress: must be a function or None, not 5"):
        check_callback("upload_progress", 5)


@pytest.mark.parametrize(
    "value, own, expects",
    [
        (None, None, False),
        (None, "100-Continue", True),
        (True, None, True),
        (True, "100-continue", True),
        (False, None, False),
        (False, "100-continue", False),
        (None, "a miracle", False),
    ],
)
def test_the_argument_counts_before_the_header(value: bool | None, own: str | None, expects: bool) -> None:
    """The header of the caller's own is taken out: it is ours to send, and to leave out the next time."""
    given = RequestHeaders([("A", "b")])
    if own is not None:
        given.add("Expect", own)
    count = len(given)
    found, headers = settle_expectation(value, given, BODY)
    assert found is expects and len(given) == count
    assert headers.get("expect") == ("a miracle" if own == "a miracle" else None)


@pytest.mark.parametrize(
    "value, own, body, error, text",
    [
        (1, None, BODY, TypeError, "expect_continue: must be True, False or None"),
        (True, None, None, ValueError, "expect_continue: the request has no body"),
        (None, "100-continue", None, ValueError, "headers: Expect: the request has no body"),
        (True, "a miracle", BODY, ValueError, "expect_continue: the headers expect something else"),
    ],
)
def test_what_makes_no_sense_is_refused(
    value: Any, own: str | None, body: RequestBody | None, error: type[Exception], text: str
) -> None:
    """RFC 9110 §10.1.1: no expectation without content."""
    headers = RequestHeaders([("Expect", own)] if own is not None else [])
    with pytest.raises(error, match=text):
        settle_expectation(value, headers, body)
