"""Which validators prove that two answers are parts of the same."""

from __future__ import annotations

import pytest

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.http.validators import is_of_same_representation, strong_validator
from netstack_sync.wire.http1_framing import HTTP_1_0, HTTP_1_1, Framing
from netstack_sync.wire.http1_response import ResponseHead

CHANGED = "Sat, 21 Nov 2026 10:00:00 GMT"
A_MINUTE_LATER = "Sat, 21 Nov 2026 10:01:00 GMT"


def _head(headers: dict[str, str], version: tuple[int, int] = HTTP_1_1) -> ResponseHead:
    framing = Framing(None, False, True, False)
    return ResponseHead(200, "OK", version, ResponseHeaders.from_items(headers.items()), framing)


@pytest.mark.parametrize("etag", ['""', '"a"', '"W/"', '"\xe4,b"'])
def test_a_strong_etag_comes_first(etag: str) -> None:
    """Whatever is between the quotes is the server's (RFC 9110 §8.8.3)."""
    assert strong_validator(_head({"ETag": etag, "Last-Modified": CHANGED, "Date": A_MINUTE_LATER})) == etag


@pytest.mark.parametrize("etag", [None, 'W/"a"', "a", "", '"a', '"a" ,"b"', '"a b"'])
def test_a_weak_or_broken_etag_counts_for_nothing(etag: str | None) -> None:
    """If-Range wants a strong comparison (RFC 9110 §13.1.5); a date may still do."""
    headers = {} if etag is None else {"ETag": etag}
    assert strong_validator(_head(headers)) is None
    assert strong_validator(_head({**headers, "Last-Modified": CHANGED, "Date": A_MINUTE_LATER})) == CHANGED


@pytest.mark.parametrize(
    "dates",
    [
        {"Last-Modified": CHANGED},
        {"Last-Modified": CHANGED, "Date": CHANGED},
        {"Last-Modified": CHANGED, "Date": CHANGED.replace("00:00", "00:59")},
        {"Last-Modified": A_MINUTE_LATER, "Date": CHANGED},
        {"Last-Modified": "yesterday", "Date": CHANGED},
        {"Last-Modified": CHANGED, "Date": "now"},
        {"Last-Modified": CHANGED.replace("GMT", "-0000"), "Date": A_MINUTE_LATER},
        {"Last-Modified": "Sat, 21 Nov 99999999 10:00:00 GMT", "Date": A_MINUTE_LATER},
    ],
)
def test_a_date_is_strong_only_a_minute_later(dates: dict[str, str]) -> None:
    """Before that the file may have changed again within the same second (RFC 9110 §8.8.2.2)."""
    assert strong_validator(_head(dates)) is None


def test_an_http_1_0_server_is_not_trusted_with_validators() -> None:
    assert strong_validator(_head({"ETag": '"a"'}, HTTP_1_0)) is None


def test_an_answer_that_names_another_validator_is_of_something_else() -> None:
    """The kinds are not mixed: one file may have both."""
    headers = ResponseHeaders.from_items([("ETag", '"a"'), ("Last-Modified", CHANGED)])
    assert is_of_same_representation(headers, '"a"') and is_of_same_representation(headers, CHANGED)
    assert not is_of_same_representation(headers, '"b"')
    assert not is_of_same_representation(headers, A_MINUTE_LATER)
    assert is_of_same_representation(ResponseHeaders(b""), '"a"')
