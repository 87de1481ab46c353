"""What an exchange writes into the NetLog; nothing while nobody captures."""

from __future__ import annotations

from netstack_sync.base.net_errors import ERR_ABORTED, OK
from netstack_sync.http.build_headers import head_params
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.params import response_header_params
from netstack_sync.wire.http1_response import ResponseHead


def log_sending(net_log: NetLogWithSource, head: bytes) -> None:
    """A request is about to be sent."""
    net_log.begin(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST)
    net_log.event(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST_HEADERS, head_params(head))


def log_sent(net_log: NetLogWithSource, result: int) -> None:
    """It is sent, and the answer is waited for, or it cannot be sent."""
    net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST, result)
    if result == OK:
        net_log.begin(NetLogEventType.HTTP_TRANSACTION_READ_HEADERS)


def log_head(net_log: NetLogWithSource, result: int, head: ResponseHead | None) -> None:
    """The answer is there, or there is none."""
    net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_READ_HEADERS, result)
    if head is not None:
        line = f"HTTP/{head.version[0]}.{head.version[1]} {head.status} {head.reason}"
        params = response_header_params(line, head.headers)
        net_log.event(NetLogEventType.HTTP_TRANSACTION_READ_RESPONSE_HEADERS, params)


def log_restart(net_log: NetLogWithSource, why: int) -> None:
    """It starts over because of a net error or an HTTP status."""
    key = "net_error" if why < 0 else "http_status_code"
    net_log.event(NetLogEventType.HTTP_TRANSACTION_RESTART_AFTER_ERROR, lambda _: {key: why})


def log_given_up(net_log: NetLogWithSource, is_sending: bool) -> None:
    """It is closed while it sends, or waits for the head."""
    waited_for = NetLogEventType.HTTP_TRANSACTION_READ_HEADERS
    net_log.end_with_net_error(NetLogEventType.HTTP_TRANSACTION_SEND_REQUEST if is_sending else waited_for, ERR_ABORTED)
