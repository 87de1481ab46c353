"""HttpRequestInfo: what one HTTP exchange asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.upload import UploadStream
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.cookies.store import CookieStore
    from netstack_sync.http.exchange_delegate import ExchangeDelegate
    from netstack_sync.proxy.config import ProxyConfig

OwnCookies: TypeAlias = "tuple[tuple[str, str | None], ...]"
"""Name and value of the cookies of one request; None for a stored cookie that is not to be sent."""


class HttpRequestInfo:
    """Plain values; owned by the job of the request. A redirect makes a new one of a copy."""

    __slots__ = (
        "auth",
        "cookie_store",
        "cookies",
        "exchange_delegate",
        "headers",
        "interim",
        "method",
        "own_proxy_chain",
        "partition",
        "priority",
        "privacy_mode",
        "proxy",
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
        auth: AuthIdentity | None = None,
        cookies: OwnCookies = (),
        proxy: ProxyConfig | None = None,
        partition: str | None = None,
        privacy_mode: bool = False,
    ) -> None:
        self.url = url
        self.method = method
        self.headers = headers
        self.tls = tls
        self.upload = upload
        self.priority = priority
        self.auth = auth
        """Who answers challenges of the server; what is sent without one is in `headers`, or in the URL."""
        self.cookies = cookies
        self.proxy = proxy
        """The request's own settings; None for those of the session."""
        self.partition = partition
        self.privacy_mode = privacy_mode
        self.cookie_store: CookieStore | None = None
        """Cookies that last as long as the request, where there is no store for longer."""
        self.interim: InterimAnswers | None = None
        """What is done about 1xx responses; None where they are passed over."""
        self.exchange_delegate: ExchangeDelegate | None = None
        self.own_proxy_chain: ProxyChain | None = None
        """See HttpResponseInfo; of a response that has redirected here."""

    def copy(self) -> HttpRequestInfo:
        """Another one, which may be changed; what its values stand for is shared."""
        copy = HttpRequestInfo(
            self.url,
            self.method,
            self.headers,
            self.tls,
            self.upload,
            self.priority,
            self.auth,
            self.cookies,
            self.proxy,
            self.partition,
            self.privacy_mode,
        )
        copy.cookie_store, copy.interim = self.cookie_store, self.interim
        copy.exchange_delegate, copy.own_proxy_chain = self.exchange_delegate, self.own_proxy_chain
        return copy

    @property
    def expects_continue(self) -> bool:
        """True when the body is to wait until the server asks for it."""
        interim, upload = self.interim, self.upload
        return interim is not None and interim.expects_continue and upload is not None and upload.size != 0
