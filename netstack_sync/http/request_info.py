"""HttpRequestInfo: what one HTTP exchange asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.proxy_chain import ProxyChain
from netstack_sync.base.url import Url
from netstack_sync.http.interim import InterimAnswers
from netstack_sync.http.upload import UploadStream
from netstack_sync.proxy.config import ProxyConfig
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.cookies.store import CookieStore
    from netstack_sync.http.exchange_delegate import ExchangeDelegate

OwnCookies: TypeAlias = "tuple[tuple[str, str | None], ...]"
"""Name and value of the cookies of one request; None for a stored cookie that is not to be sent."""


@dataclass(slots=True, eq=False)
class HttpRequestInfo:
    """Plain values; owned by the job of the request. A redirect makes a new one, by `dataclasses.replace`."""

    url: Url
    method: str
    headers: RequestHeaders
    tls: TlsConfig
    upload: UploadStream | None = None
    priority: RequestPriority = RequestPriority.MEDIUM
    partition: str | None = None
    privacy_mode: bool = False
    auth: AuthIdentity | None = None
    """Who answers challenges of the server; what is sent without one is in `headers`, or in the URL."""
    cookies: OwnCookies = ()
    cookie_store: CookieStore | None = None
    """Cookies that last as long as the request, where there is no store for longer."""
    interim: InterimAnswers | None = None
    """What is done about 1xx responses; None where they are passed over."""
    exchange_delegate: ExchangeDelegate | None = None
    proxy: ProxyConfig | None = None
    """The request's own settings; None for those of the session."""
    own_proxy_chain: ProxyChain | None = None
    """See HttpResponseInfo; of a response that has redirected here."""

    @property
    def expects_continue(self) -> bool:
        """True when the body is to wait until the server asks for it."""
        interim, upload = self.interim, self.upload
        return interim is not None and interim.expects_continue and upload is not None and upload.size != 0
