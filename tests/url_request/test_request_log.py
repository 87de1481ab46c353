"""What the NetLog shows of a request and its redirects."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_CONNECTION_RESET
from netstack_sync.base.url import Url
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogEventType, NetLogSourceType
from netstack_sync.log.net_log import NetLogCaptureMode
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.request_log import log_read, redirect_params, start_params
from tests.support.net_logs import RecordingNetLog
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


def test_a_piece_is_counted_and_an_error_is_named() -> None:
    """The bytes themselves are the socket's to show."""
    net_log = RecordingNetLog()
    source = NetLogWithSource.make(net_log, NetLogSourceType.URL_REQUEST)
    log_read(source, b"secret")
    log_read(source, ERR_CONNECTION_RESET)
    none = NetLogEventPhase.NONE
    assert net_log.params_of(NetLogEventType.URL_REQUEST_JOB_BYTES_READ, none) == [{"byte_count": 6}]
    assert net_log.params_of(NetLogEventType.FAILED, none) == [{"net_error": ERR_CONNECTION_RESET}]
