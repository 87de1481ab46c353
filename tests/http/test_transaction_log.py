"""What an exchange writes into the NetLog."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_ABORTED, ERR_CONNECTION_RESET, OK
from netstack_sync.http.transaction_log import log_given_up, log_head, log_restart, log_sending, log_sent
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventPhase, NetLogSourceType
from netstack_sync.log.event_types import NetLogEventType as T
from netstack_sync.wire.http1_response import ResponseHeadParser
from tests.support.net_logs import RecordingNetLog


def bound() -> tuple[RecordingNetLog, NetLogWithSource]:
    recorded = RecordingNetLog()
    return recorded, NetLogWithSource.make(recorded, NetLogSourceType.URL_REQUEST)


def test_an_exchange_that_works() -> None:
    """Both heads, in spans that end."""
    recorded, log = bound()
    log_sending(log, b"GET / HTTP/1.1\r\nA: 1\r\n\r\n")
    log_sent(log, OK)
    head = ResponseHeadParser().receive(b"HTTP/1.0 200 Fine\r\nB: 2\r\n\r\n")
    log_head(log, OK, head)
    (sent,) = recorded.params_of(T.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, NetLogEventPhase.NONE)
    (received,) = recorded.params_of(T.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, NetLogEventPhase.NONE)
    assert sent == {"line": "GET / HTTP/1.1", "headers": ["A: 1"]}
    assert received == {"headers": ["HTTP/1.0 200 Fine", "B: 2"]}
    recorded.assert_spans_are_closed()


def test_an_exchange_that_fails() -> None:
    """Nothing is waited for that was not sent, and no head is shown that did not come."""
    recorded, log = bound()
    log_sending(log, b"GET / HTTP/1.1\r\n\r\n")
    log_sent(log, ERR_CONNECTION_RESET)
    log_sending(log, b"GET / HTTP/1.1\r\n\r\n")
    log_sent(log, OK)
    log_head(log, ERR_CONNECTION_RESET, None)
    log_restart(log, ERR_CONNECTION_RESET)
    log_restart(log, 408)
    whys = recorded.params_of(T.HTTP_TRANSACTION_RESTART_AFTER_ERROR, NetLogEventPhase.NONE)
    assert whys == [{"net_error": ERR_CONNECTION_RESET}, {"http_status_code": 408}]
    assert recorded.params_of(T.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, NetLogEventPhase.NONE) == []
    recorded.assert_spans_are_closed()


def test_an_exchange_that_is_given_up() -> None:
    """The span that is open ends."""
    recorded, log = bound()
    log_sending(log, b"GET / HTTP/1.1\r\n\r\n")
    log_given_up(log, is_sending=True)
    log_sending(log, b"GET / HTTP/1.1\r\n\r\n")
    log_sent(log, OK)
    log_given_up(log, is_sending=False)
    recorded.assert_spans_are_closed()
    ends = recorded.params_of(T.HTTP_TRANSACTION_READ_HEADERS, NetLogEventPhase.END)
    assert ends == [{"net_error": ERR_ABORTED}]
