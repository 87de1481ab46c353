"""Retry-After: how long a server asks to be left alone (RFC 9110 §10.2.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from email.utils import parsedate_to_datetime

from netstack_sync.base.headers import ResponseHeaders

_MAX_DIGITS = 9  # thirty years; int() of a stranger's million digits would take its time


def retry_after_s(headers: ResponseHeaders, wall_now: Callable[[], float]) -> float | None:
    """Seconds; None without the field, or when it makes no sense.

    A date is compared with the answer's own Date, so that two clocks need not agree; only without one is ours asked.
    """
    value = (headers.get("retry-after") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:_MAX_DIGITS]) if len(value) <= _MAX_DIGITS else float("inf")
    until = _moment(value)
    if until is None:
        return None
    now = _moment(headers.get("date") or "")
    return max(0.0, until - (now if now is not None else wall_now()))


def _moment(value: str) -> float | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return moment.timestamp() if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):  # whatever the parser trips over
        return None
