"""Which validator of an answer proves that bytes fetched later belong to the same representation."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from netstack_sync.base.headers import ResponseHeaders
from netstack_sync.wire.http1_framing import HTTP_1_1
from netstack_sync.wire.http1_response import ResponseHead

_is_strong_etag: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"').fullmatch  # RFC 9110 §8.8.3
# The file may have changed again within the second; and two clocks may differ (RFC 9110 §8.8.2.2, and Chromium's
# HttpUtil::HasStrongValidators).
_LAST_CHANGE_MIN_AGE_S: Final = 60


def strong_validator(head: ResponseHead) -> str | None:
    """What If-Range may say (RFC 9110 §13.1.5): a strong ETag, else a Last-Modified that is old enough, else None."""
    if head.version < HTTP_1_1:
        return None
    etag = head.headers.get("etag")
    if etag is not None and _is_strong_etag(etag):
        return etag
    return _strong_last_modified(head.headers)


def is_of_same_representation(headers: ResponseHeaders, validator: str) -> bool:
    """False when an answer names another validator of the same kind; one that names none is believed."""
    named = headers.get("etag" if validator.startswith('"') else "last-modified")
    return named is None or named == validator


def _strong_last_modified(headers: ResponseHeaders) -> str | None:
    last_modified, date = headers.get("last-modified"), headers.get("date")
    if last_modified is None or date is None:
        return None
    changed_at, sent_at = _parse_date(last_modified), _parse_date(date)
    if changed_at is None or sent_at is None:
        return None
    return last_modified if sent_at - changed_at >= _LAST_CHANGE_MIN_AGE_S else None


def _parse_date(value: str) -> float | None:
    """Seconds since the epoch; None for what is no date of HTTP, which is always in GMT."""
    try:
        parsed: datetime = parsedate_to_datetime(value)
        return parsed.timestamp() if parsed.tzinfo is not None else None
    except (ValueError, TypeError, OverflowError):
        return None
