"""OcspFetcher over URLRequests: one small POST over plain http (RFC 6960 appendix A)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import (
    ERR_FILE_TOO_BIG,
    ERR_HTTP_RESPONSE_CODE_FAILURE,
    ERR_INVALID_RESPONSE,
    ERR_IO_PENDING,
    ERR_TIMED_OUT,
    OK,
)
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.loop.timers import Alarm
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.redirects import RedirectInfo
from netstack_sync.url_request.url_request import URLRequest

TIME_LIMIT_S: Final = 5.0  # for everything from the name to the last byte; a connection waits meanwhile
MAX_ANSWER_BYTES: Final = 64 * 1024  # answers have 0.5 to 4 KiB; a delegate's certificate makes the difference
MEDIA_TYPE: Final = "application/ocsp-response"

_HEADERS: Final = (
    ("Accept", MEDIA_TYPE),
    ("Accept-Encoding", "identity"),
    ("Content-Type", "application/ocsp-request"),
    ("User-Agent", "netstack_sync"),  # without a version: it says as little as can be
)


class UrlRequestOcspFetcher:
    """See OcspFetcher. The requests run in a context of their own, with limits of its own.

    A connection that waits for its certificate's verdict keeps its place in the user's pool. Did the question about
    it need a place there as well, a full pool would wait for itself. No redirect is followed: an answer counts by
    its signature, but what names the place to ask is the certificate, and no network between.
    """

    __slots__ = ("_context", "_tls")

    def __init__(self) -> None:
        self._tls = TlsConfig(TrustConfig())  # plain http does not look at it
        self._context: URLRequestContext | None = None

    def attach(self, context: URLRequestContext) -> None:
        """Says where the requests run, once, before the first; the context needs the verifier that this is for."""
        self._context = context

    def start(self, url: str, body: bytes, on_done: Callable[[bytes | int], None]) -> OcspRequest:
        """See OcspFetcher; InvalidURL for what is no URL."""
        assert self._context is not None, "attach() comes first"
        info = HttpRequestInfo(
            Url.parse(url),
            "POST",
            RequestHeaders(_HEADERS),
            self._tls,
            BytesUpload(body),
            RequestPriority.HIGHEST,  # somebody's request waits for each of them
        )
        request = OcspRequest(self._context, info, on_done)
        request.start()
        return request


class OcspRequest:
    """One request with its time limit; the delegate of its URLRequest. Network thread only."""

    __slots__ = ("_body", "_on_done", "_request", "_timer")

    def __init__(
        self, context: URLRequestContext, info: HttpRequestInfo, on_done: Callable[[bytes | int], None]
    ) -> None:
        self._on_done: Callable[[bytes | int], None] | None = on_done
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
        """Nothing to do."""

    def on_request_sent(self) -> None:
        """Nothing to do."""

    def on_response_started(self, net_error: int) -> None:
        """The head is there, or the request failed."""
        if net_error != OK:
            self._finish(net_error)
            return
        response = self._request.response
        assert response is not None
        media_type = (response.head.headers.get("content-type") or "").partition(";")[0].strip().lower()
        if response.head.status != 200:
            self._finish(ERR_HTTP_RESPONSE_CODE_FAILURE)
        elif media_type != MEDIA_TYPE:
            self._finish(ERR_INVALID_RESPONSE)
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
            self._finish(data)
        elif not data:
            self._finish(self._body)
        elif len(self._body) + len(data) > MAX_ANSWER_BYTES:
            self._finish(ERR_FILE_TOO_BIG)
        else:
            self._body += data
            return True
        return False

    def _on_time_limit(self) -> None:
        self._finish(ERR_TIMED_OUT)

    def _finish(self, result: bytes | int) -> None:
        on_done = self._on_done
        assert on_done is not None, "a request that was cancelled calls nobody"
        self.cancel()
        on_done(result)
