"""What a caller wants to hear while a request is under way, and the wait for 100 (Continue): checked arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from urllib3._collections import HTTPHeaderDict

from netstack_sync.base.headers import RequestHeaders

if TYPE_CHECKING:
    from netstack_sync.fetcher.request_body import RequestBody

InformationalCallback = Callable[[int, HTTPHeaderDict], object]
"""Called with the status and the headers of each 1xx response."""

UploadProgressCallback = Callable[[int, "int | None"], object]
"""Called with the bytes of the body that have been sent and those of the whole, None while that is not known."""


def check_callback(name: str, value: object) -> Any:
    """A function or None; raises TypeError."""
    if value is not None and not callable(value):
        raise TypeError(f"{name}: must be a function or None, not {value!r}")
    return value


def settle_expectation(value: object, headers: RequestHeaders, body: RequestBody | None) -> tuple[bool, RequestHeaders]:
    """Whether the body is to wait for 100 (Continue), and the headers without what only we may say of it.

    The argument counts before the caller's own header. Raises TypeError, and ValueError without a body: there is
    nothing that could wait (RFC 9110 §10.1.1).
    """
    if value is not None and not isinstance(value, bool):
        raise TypeError(f"expect_continue: must be True, False or None, not {value!r}")
    is_in_headers = (headers.get("expect") or "").lower() == "100-continue"
    if is_in_headers:
        headers = headers.copy()
        headers.remove("expect")
    expects = is_in_headers if value is None else value
    if expects and body is None:
        name = "expect_continue" if value else "headers: Expect"
        raise ValueError(f"{name}: the request has no body that could wait for 100 (Continue); leave it out")
    if expects and "expect" in headers:
        raise ValueError("expect_continue: the headers expect something else; leave Expect out of them")
    return expects, headers
