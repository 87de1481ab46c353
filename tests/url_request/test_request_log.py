"""What the NetLog shows of a request and its redirects."""

from __future__ import annotations

from netstack_sync.base.url import Url
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.request_log import redirect_params, start_params
from tests.support.scripted_stack import request_info


def test_passwords_are_shown_only_to_those_who_ask_for_them() -> None:
    """Of the request as of where it is sent."""
    start = start_params(request_info("http://u:secret@a.test/x", "PUT"))
    redirect = redirect_params(RedirectInfo(302, Url.parse("http://u:secret@b.test/"), "GET", True))
    shown = start(NetLogCaptureMode.DEFAULT)
    assert shown["method"] == "PUT" and shown["priority"] == "MEDIUM" and "a.test/x" in str(shown["url"])
    assert "secret" not in str(shown) and "secret" not in str(redirect(NetLogCaptureMode.DEFAULT))
    for params in (start, redirect):
        assert "secret" in str(params(NetLogCaptureMode.INCLUDE_SENSITIVE))
