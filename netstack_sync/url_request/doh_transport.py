"""DohTransport over URLRequests: DNS messages over HTTPS (RFC 8484), carried by the stack they resolve names for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.headers import RequestHeaders, ResponseHeaders
from netstack_sync.base.net_error_meanings import meaning
from netstack_sync.base.net_errors import (
    ERR_DNS_MALFORMED_RESPONSE,
    ERR_DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED,
    ERR_DNS_SERVER_FAILED,
    ERR_DNS_TIMED_OUT,
    ERR_FILE_TOO_BIG,
    ERR_NAME_NOT_RESOLVED,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_server import DohFailure, DohReply
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.small_request import SmallAnswer, SmallRequest
from netstack_sync.wire.dns_message import MAX_MESSAGE_BYTES

TIME_LIMIT_S: Final = 5.0  # to get a connection, and again to get the answer; Chromium's longest fallback period
MEDIA_TYPE: Final = "application/dns-message"

# What it means for the name that was asked for.
_MEANINGS: Final = {
    ERR_NAME_NOT_RESOLVED: ERR_DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED,
    ERR_TIMED_OUT: ERR_DNS_TIMED_OUT,
    ERR_FILE_TOO_BIG: ERR_DNS_MALFORMED_RESPONSE,
}
_MAX_AGE_DIGITS: Final = 10  # RFC 9111 §1.2.2: nobody need understand more than 2^31 seconds
_HEADERS: Final = (
    ("Accept", MEDIA_TYPE),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "netstack_sync"),  # without a version: it says as little as can be (RFC 8484 §8.2)
)


class UrlRequestDohTransport:
    """See DohTransport. The requests run in a context of their own, whose resolver is a BootstrapResolver.

    So they share neither sockets nor anything else with the requests that wait for the names. No redirect is
    followed: a server is asked where its template says or not at all. There are no cookies, nothing is cached.
    """

    __slots__ = ("_context", "_tls")

    def __init__(self, tls: TlsConfig) -> None:
        self._tls = tls
        self._context: URLRequestContext | None = None

    def attach(self, context: URLRequestContext) -> None:
        """Says where the requests run, once, before the first; the context needs the resolver that this is for."""
        self._context = context

    def start(
        self, url: Url, method: str, body: bytes | None, on_done: Callable[[DohReply | DohFailure], None]
    ) -> SmallRequest:
        """See DohTransport."""
        assert self._context is not None, "attach() comes first"
        upload = None if body is None else BytesUpload(body)
        headers = RequestHeaders(_HEADERS)
        if upload is not None:
            headers.add("Content-Type", MEDIA_TYPE)
        # Somebody's request waits for each of them.
        info = HttpRequestInfo(url, method, headers, self._tls, upload, RequestPriority.HIGHEST)
        request = SmallRequest(
            self._context,
            info,
            MAX_MESSAGE_BYTES,
            TIME_LIMIT_S,
            lambda answer: on_done(_judged(answer)),
            has_limit_for_each=True,
        )
        request.start()
        return request


def _judged(answer: SmallAnswer) -> DohReply | DohFailure:
    if answer.net_error != OK:
        net_error = _MEANINGS.get(answer.net_error, answer.net_error)
        return DohFailure(net_error, answer.detail or meaning(answer.net_error))
    if answer.status != 200:
        return DohFailure(ERR_DNS_SERVER_FAILED, f"it answered with HTTP status {answer.status}")
    if answer.media_type != MEDIA_TYPE or answer.headers is None:
        return DohFailure(ERR_DNS_MALFORMED_RESPONSE, f"its answer is not of the type {MEDIA_TYPE}")
    return DohReply(answer.body, _age_s(answer.headers))


def _age_s(headers: ResponseHeaders) -> float:
    age = headers.get("age") or ""
    return float(age) if age.isascii() and age.isdigit() and len(age) <= _MAX_AGE_DIGITS else 0.0
