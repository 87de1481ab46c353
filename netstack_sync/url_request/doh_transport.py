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
    ERR_IO_PENDING,
    ERR_NAME_NOT_RESOLVED,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.dns.doh_server import DohFailure, DohReply
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.loop.timers import Alarm
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.url_request import URLRequest
from netstack_sync.wire.dns_message import MAX_MESSAGE_BYTES

TIME_LIMIT_S: Final = 5.0  # to get a connection, and again to get the answer; Chromium's longest fallback period
MEDIA_TYPE: Final = "application/dns-message"

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
    ) -> DohRequest:
        """See DohTransport."""
        assert self._context is not None, "attach() comes first"
        upload = None if body is None else BytesUpload(body)
        headers = RequestHeaders(_HEADERS)
        if upload is not None:
            headers.add("Content-Type", MEDIA_TYPE)
        # Somebody's request waits for each of them.
        info = HttpRequestInfo(url, method, headers, self._tls, upload, RequestPriority.HIGHEST)
        request = DohRequest(self._context, info, on_done)
        request.start()
        return request


class DohRequest:
    """One request with its time limit; the delegate of its URLRequest. Network thread only."""

    __slots__ = ("_body", "_on_done", "_request", "_timer")

    def __init__(
        self,
        context: URLRequestContext,
        info: HttpRequestInfo,
        on_done: Callable[[DohReply | DohFailure], None],
    ) -> None:
        self._on_done: Callable[[DohReply | DohFailure], None] | None = on_done
        self._body = b""
        self._timer = Alarm(context.thread.timers)
        self._request = URLRequest(context, info, self, max_redirects=0)

    def start(self) -> None:
        """Sends it."""
        self._timer.start(TIME_LIMIT_S, self._on_time_limit)
        self._request.start()

    def cancel(self) -> None:
        """See Cancelable."""
        self._on_done = None
        self._timer.stop()
        self._request.cancel()

    # --- URLRequestDelegate

    def on_received_redirect(self, redirect: RedirectInfo) -> bool:
        """Takes it as an answer, and no good one."""
        return False

    def on_connected(self) -> None:
        """From here on it is the server's time that runs."""
        self._timer.start(TIME_LIMIT_S, self._on_time_limit)

    def on_request_sent(self) -> None:
        """Nothing to do."""

    def on_response_started(self, net_error: int) -> None:
        """The head is there, or the request failed."""
        if net_error != OK:
            self._fail_with(net_error)
            return
        response = self._request.response
        assert response is not None
        if response.head.status != 200:
            self._finish(DohFailure(ERR_DNS_SERVER_FAILED, f"it answered with HTTP status {response.head.status}"))
        elif _media_type(response.head.headers) != MEDIA_TYPE:
            self._finish(DohFailure(ERR_DNS_MALFORMED_RESPONSE, f"its answer is not of the type {MEDIA_TYPE}"))
        else:
            self._read()

    def on_read_completed(self, data: bytes | int) -> None:
        """A piece that was waited for is there."""
        if self._take(data):
            self._read()

    # --- inside

    def _read(self) -> None:
        while True:
            data = self._request.read()
            if data == ERR_IO_PENDING or not self._take(data):
                return

    def _take(self, data: bytes | int) -> bool:
        """Keeps a piece; False at the end."""
        if isinstance(data, int):
            self._fail_with(data)
        elif not data:
            response = self._request.response
            assert response is not None
            self._finish(DohReply(self._body, _age_s(response.head.headers)))
        elif len(self._body) + len(data) > MAX_MESSAGE_BYTES:
            self._finish(DohFailure(ERR_DNS_MALFORMED_RESPONSE, f"its answer exceeds {MAX_MESSAGE_BYTES} bytes"))
        else:
            self._body += data
            return True
        return False

    def _fail_with(self, net_error: int) -> None:
        detail = self._request.error_detail or meaning(net_error)
        if net_error == ERR_NAME_NOT_RESOLVED:
            net_error = ERR_DNS_SECURE_RESOLVER_HOSTNAME_RESOLUTION_FAILED
        self._finish(DohFailure(net_error, detail))

    def _on_time_limit(self) -> None:
        state = self._request.load_state.name.lower().replace("_", " ")
        self._finish(DohFailure(ERR_DNS_TIMED_OUT, f"no answer within {TIME_LIMIT_S:g} s, while {state}"))

    def _finish(self, result: DohReply | DohFailure) -> None:
        on_done = self._on_done
        assert on_done is not None, "a request that was cancelled calls nobody"
        self.cancel()
        on_done(result)


def _media_type(headers: ResponseHeaders) -> str:
    return (headers.get("content-type") or "").partition(";")[0].strip().lower()


def _age_s(headers: ResponseHeaders) -> float:
    age = headers.get("age") or ""
    return float(age) if age.isascii() and age.isdigit() and len(age) <= _MAX_AGE_DIGITS else 0.0
