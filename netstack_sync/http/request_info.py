"""HttpRequestInfo: what one HTTP exchange asks for."""

from __future__ import annotations

from netstack_sync.auth.identity import AuthIdentity
from netstack_sync.base.headers import RequestHeaders
from netstack_sync.base.priority import RequestPriority
from netstack_sync.base.url import Url
from netstack_sync.http.upload import UploadStream
from netstack_sync.sockets.tls_config import TlsConfig


class HttpRequestInfo:
    """Plain values; owned by the job of the request. A redirect makes a new one."""

    __slots__ = ("auth", "headers", "method", "partition", "priority", "privacy_mode", "tls", "upload", "url")

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
