"""What the NetLog shows of a request and its redirects."""

from __future__ import annotations

from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.log.bound import NetLogWithSource
from netstack_sync.log.event_types import NetLogEventType
from netstack_sync.log.net_log import NetLogParams
from netstack_sync.log.params import url_value
from netstack_sync.url_request.redirects import RedirectInfo


def start_params(info: HttpRequestInfo) -> NetLogParams:
    """Of URL_REQUEST_START_JOB."""
    return lambda mode: {
        "url": url_value(info.url, mode),
        "method": info.method,
        "priority": info.priority.name,
    }


def redirect_params(redirect: RedirectInfo) -> NetLogParams:
    """Of URL_REQUEST_REDIRECTED."""
    return lambda mode: {"location": url_value(redirect.url, mode)}


def log_read(net_log: NetLogWithSource, data: bytes | int) -> None:
    """Of what a read() brought: a piece, or the error that ends the body."""
    if isinstance(data, int):
        net_log.event(NetLogEventType.FAILED, lambda _: {"net_error": data})
    else:
        count = len(data)
        net_log.event(NetLogEventType.URL_REQUEST_JOB_BYTES_READ, lambda _: {"byte_count": count})
