"""OcspFetcher over URLRequests: one small POST over plain http (RFC 6960 appendix A)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.net_errors import ERR_HTTP_RESPONSE_CODE_FAILURE, ERR_INVALID_RESPONSE, OK
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.http.request_info import HttpRequestInfo
from netstack_sync.http.upload import BytesUpload
from netstack_sync.sockets.tls_config import TlsConfig
from netstack_sync.url_request.context import URLRequestContext
from netstack_sync.url_request.small_request import SmallAnswer, SmallRequest

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

    def __init__(self, context: URLRequestContext) -> None:
        """The requests run in `context`."""
        self._tls = TlsConfig(TrustConfig())  # plain http does not look at it
        self._context = context

    def start(self, url: str, body: bytes, on_done: Callable[[bytes | int], None]) -> SmallRequest:
        """See OcspFetcher; InvalidURL for what is no URL."""
        info = HttpRequestInfo(
            Url.parse(url),
            "POST",
            RequestHeaders(_HEADERS),
            self._tls,
            BytesUpload(body),
            RequestPriority.HIGHEST,  # somebody's request waits for each of them
        )
        request = SmallRequest(
            self._context, info, MAX_ANSWER_BYTES, TIME_LIMIT_S, lambda answer: on_done(_judged(answer))
        )
        request.start()
        return request


def _judged(answer: SmallAnswer) -> bytes | int:
    if answer.net_error != OK:
        return answer.net_error
    if answer.status != 200:
        return ERR_HTTP_RESPONSE_CODE_FAILURE
    return answer.body if answer.media_type == MEDIA_TYPE else ERR_INVALID_RESPONSE
