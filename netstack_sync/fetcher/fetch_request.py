"""FetchRequest: one fetch as values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.trust_config import TrustConfig
from netstack_sync.base.url import Url
from netstack_sync.fetcher.timeout import Timeout
from netstack_sync.http.build_headers import CREDENTIAL_HEADERS
from netstack_sync.sockets.tls_config import TlsConfig

if TYPE_CHECKING:
    from netstack_sync.auth.identity import AuthIdentity
    from netstack_sync.fetcher.hooks import Hooks
    from netstack_sync.fetcher.news_arguments import InformationalCallback, UploadProgressCallback
    from netstack_sync.fetcher.request_body import RequestBody
    from netstack_sync.fetcher.retry_policy import RetryPolicy
    from netstack_sync.http.request_info import OwnCookies
    from netstack_sync.proxy.config import ProxyConfig


class FetchRequest:
    """What a URLFetcher is started with and what an exception tells about. Never changed."""

    __slots__ = (
        "auth",
        "body",
        "cookies",
        "expect_continue",
        "follow_redirects",
        "headers",
        "hooks",
        "max_redirects",
        "max_response_size",
        "method",
        "on_informational",
        "priority",
        "proxy",
        "retries",
        "timeout",
        "tls",
        "upload_progress",
        "url",
    )

    def __init__(
        self,
        url: Url,
        method: str,
        headers: RequestHeaders,
        timeout: Timeout,
        tls: TlsConfig,
        follow_redirects: bool,
        max_redirects: int,
        priority: RequestPriority,
        max_response_size: int | None,
        retries: RetryPolicy | None = None,
        hooks: Hooks | None = None,
        auth: AuthIdentity | None = None,
        body: RequestBody | None = None,
        cookies: OwnCookies = (),
        expect_continue: bool = False,
        on_informational: InformationalCallback | None = None,
        upload_progress: UploadProgressCallback | None = None,
        proxy: ProxyConfig | None = None,
    ) -> None:
        self.url = url
        self.method = method
        self.headers = headers
        self.timeout = timeout
        self.tls = tls
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.priority = priority
        self.max_response_size = max_response_size
        self.retries = retries
        self.hooks = hooks
        """Called by the session that the request is made with, not by the fetchers of the layer below."""
        self.auth = auth
        """Who answers challenges; what is sent without one is in the headers, or in the URL."""
        self.body = body
        self.cookies = cookies
        self.expect_continue = expect_continue
        """True when the body is held back until the server asks for it."""
        self.on_informational = on_informational
        """Told of 1xx responses; as upload_progress by a SyncUrlFetcher, on the thread that waits for it."""
        self.upload_progress = upload_progress
        self.proxy = proxy
        """The way out of this request; None for the session's."""

    def replaced(self, **changes: Any) -> FetchRequest:
        """Another one, in which some fields differ."""
        return FetchRequest(**{**{name: getattr(self, name) for name in self.__slots__}, **changes})

    def __getstate__(self) -> tuple[None, dict[str, object]]:
        """Pickles without what is secret or belongs to this process: credentials, cookies, body, TLS settings,
        functions. Whoever makes the request again still goes through the same proxies.
        """
        headers = self.headers.copy()
        for name in CREDENTIAL_HEADERS:
            headers.remove(name)
        state = {name: getattr(self, name) for name in self.__slots__}
        state.update(url=self.url.without_credentials(), headers=headers, tls=TlsConfig(TrustConfig()))
        state.update(proxy=None if self.proxy is None else self.proxy.without_credentials())
        state.update(body=None, auth=None, cookies=(), on_informational=None, upload_progress=None, hooks=None)
        return None, state

    def __repr__(self) -> str:
        return f"<FetchRequest {self.method} {self.url.without_credentials()}>"
