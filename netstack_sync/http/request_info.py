"""HttpRequestInfo: what one HTTP exchange asks for."""

from __future__ import annotations

from typing import TypeAlias

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.cookies.store import CookieStore
from netstack_sync.http.exchange_delegate import ExchangeDelegate
from netstack_sync.http.upload import UploadStream
from netstack_sync.sockets.tls_config import TlsConfig

OwnCookies: TypeAlias = "tuple[tuple[str, str | None], ...]"
"""Name and value of the cookies of one request; None for a stored cookie that is not to be sent."""


class HttpRequestInfo:
    """Plain values; owned by the job of the request. A redirect makes a new one."""

    __slots__ = (
        "auth",
        "cookie_store",
        "cookies",
        "exchange_delegate",
        "headers",
        "method",
        "partition",
        "priority",
        "privacy_mode",
        "tls",
        "upload",
        "url",
    )

    def __init__(
        self,
        url: Url,
        method: str,
        headers: RequestHeaders,
        tls: TlsConfig,
        upload: UploadStream | None = None,
        priority: RequestPriority = RequestPriority.MEDIUM,
        partition: str | None = None,
        privacy_mode: bool = False,
        auth: AuthIdentity | None = None,
        cookies: OwnCookies = (),
        cookie_store: CookieStore | None = None,
        exchange_delegate: ExchangeDelegate | None = None,
    ) -> None:
        self.url = url
        self.method = method
        self.headers = headers
        self.tls = tls
        self.upload = upload
        self.priority = priority
        self.partition = partition
        self.privacy_mode = privacy_mode
        self.auth = auth
        """Who answers challenges of the server; what is sent without one is in `headers`, or in the URL."""
        self.cookies = cookies
        self.cookie_store = cookie_store
        """Cookies that last as long as the request, where there is no store for longer."""
        self.exchange_delegate = exchange_delegate

    def with_headers(self, headers: RequestHeaders) -> HttpRequestInfo:
        """The same request with other headers."""
        return HttpRequestInfo(
            self.url,
            self.method,
            headers,
            self.tls,
            self.upload,
            self.priority,
            self.partition,
            self.privacy_mode,
            self.auth,
            self.cookies,
            self.cookie_store,
            self.exchange_delegate,
        )
