"""A network stack with a blocking face: fetch() from any thread, one network thread behind it.

.. code-block:: python

    import netstack_sync

    r = netstack_sync.fetch("https://api.example/items", params={"q": "x"}, timeout=5)
    r.raise_for_status()
    r.json()
"""

from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING

from netstack_sync._version import __version__

if TYPE_CHECKING:
    from netstack_sync.auth.credentials import (
        AnyAuth,
        BasicAuth,
        BearerAuth,
        DigestAuth,
        NegotiateAuth,
        NetrcAuth,
        NtlmAuth,
    )
    from netstack_sync.base.backoff import BackoffPolicy
    from netstack_sync.base.exceptions import (
        Attempt,
        CertificateError,
        ChecksumMismatch,
        ConnectionFailed,
        ConnectionRefused,
        ConnectionReset,
        ConnectTimeout,
        ContextShutDown,
        DeadlineExceeded,
        DecodingError,
        EmptyResponse,
        FetchCancelled,
        FetchTimeout,
        Http1Error,
        HTTPStatusError,
        InvalidURL,
        NameNotResolved,
        NetError,
        PoolTimeout,
        ProtocolError,
        ProxyError,
        ReadTimeout,
        ResponseTooLarge,
        TLSError,
        TooManyRedirects,
        TruncatedBody,
    )
    from netstack_sync.base.priority import RequestPriority
    from netstack_sync.base.proxy_chain import ProxyChain
    from netstack_sync.base.ssl_info import SSLInfo
    from netstack_sync.base.tls_warnings import InsecureTlsWarning
    from netstack_sync.base.x509 import CertificateFacts
    from netstack_sync.cookies.canonical import CanonicalCookie
    from netstack_sync.fetcher.dns_settings import DnsSettings
    from netstack_sync.fetcher.download import Download
    from netstack_sync.fetcher.fetch import download, fetch
    from netstack_sync.fetcher.fetch_request import FetchRequest
    from netstack_sync.fetcher.file_range import FileRange
    from netstack_sync.fetcher.future import FetchFuture
    from netstack_sync.fetcher.hsts_settings import HstsSettings
    from netstack_sync.fetcher.limits import Limits
    from netstack_sync.fetcher.pins import PinSet
    from netstack_sync.fetcher.proxy_values import AutoDetect, PacScript, PacUrl, ProxyConfig
    from netstack_sync.fetcher.resolution import Resolution
    from netstack_sync.fetcher.response import Response
    from netstack_sync.fetcher.retry_policy import RetryPolicy
    from netstack_sync.fetcher.session import Session
    from netstack_sync.fetcher.session_cookies import SessionCookies
    from netstack_sync.fetcher.stats import BadProxy, GroupStats, SessionStats
    from netstack_sync.fetcher.sync_url_fetcher import SyncUrlFetcher
    from netstack_sync.fetcher.timeout import Timeout
    from netstack_sync.fetcher.tls_settings import TlsSettings
    from netstack_sync.fetcher.url_fetcher import URLFetcher
    from netstack_sync.http.chunked_upload import ChunkedUpload
    from netstack_sync.network.quality import NetworkQuality
    from netstack_sync.pool.health_settings import EndpointHealthSettings
    from netstack_sync.sockets.options import TcpOptions
    from netstack_sync.url_request.network_delegate import NetworkDelegate
    from netstack_sync.url_request.rate_limit import RateLimit
    from netstack_sync.url_request.resource_scheduler import ResourceSchedulerSettings
    from netstack_sync.workers.handler_source import HandlerAnswer, HandlerRequest

__all__ = [
    "AnyAuth",
    "Attempt",
    "AutoDetect",
    "BackoffPolicy",
    "BadProxy",
    "BasicAuth",
    "BearerAuth",
    "CanonicalCookie",
    "CertificateError",
    "CertificateFacts",
    "ChecksumMismatch",
    "ChunkedUpload",
    "ConnectTimeout",
    "ConnectionFailed",
    "ConnectionRefused",
    "ConnectionReset",
    "ContextShutDown",
    "DeadlineExceeded",
    "DecodingError",
    "DigestAuth",
    "DnsSettings",
    "Download",
    "EmptyResponse",
    "EndpointHealthSettings",
    "FetchCancelled",
    "FetchFuture",
    "FetchRequest",
    "FetchTimeout",
    "FileRange",
    "GroupStats",
    "HTTPStatusError",
    "HandlerAnswer",
    "HandlerRequest",
    "HstsSettings",
    "Http1Error",
    "InsecureTlsWarning",
    "InvalidURL",
    "Limits",
    "NameNotResolved",
    "NegotiateAuth",
    "NetError",
    "NetrcAuth",
    "NetworkDelegate",
    "NetworkQuality",
    "NtlmAuth",
    "PacScript",
    "PacUrl",
    "PinSet",
    "PoolTimeout",
    "ProtocolError",
    "ProxyChain",
    "ProxyConfig",
    "ProxyError",
    "RateLimit",
    "ReadTimeout",
    "RequestPriority",
    "Resolution",
    "ResourceSchedulerSettings",
    "Response",
    "ResponseTooLarge",
    "RetryPolicy",
    "SSLInfo",
    "Session",
    "SessionCookies",
    "SessionStats",
    "SyncUrlFetcher",
    "TLSError",
    "TcpOptions",
    "Timeout",
    "TlsSettings",
    "TooManyRedirects",
    "TruncatedBody",
    "URLFetcher",
    "__version__",
    "download",
    "fetch",
]

# Importing the package costs next to nothing: a name is read from its file when it is first asked for (PEP 562).
# Type checkers, editors and freezers read the imports above; a test holds the two lists together.
_NAMES_OF = {
    "auth.credentials": "AnyAuth BasicAuth BearerAuth DigestAuth NegotiateAuth NetrcAuth NtlmAuth",
    "base.backoff": "BackoffPolicy",
    "base.exceptions": (
        "Attempt CertificateError ChecksumMismatch ConnectTimeout ConnectionFailed ConnectionRefused "
        "ConnectionReset ContextShutDown DeadlineExceeded DecodingError EmptyResponse FetchCancelled "
        "FetchTimeout HTTPStatusError Http1Error InvalidURL NameNotResolved NetError PoolTimeout "
        "ProtocolError ProxyError ReadTimeout ResponseTooLarge TLSError TooManyRedirects TruncatedBody"
    ),
    "base.priority": "RequestPriority",
    "base.proxy_chain": "ProxyChain",
    "base.ssl_info": "SSLInfo",
    "base.tls_warnings": "InsecureTlsWarning",
    "base.x509": "CertificateFacts",
    "cookies.canonical": "CanonicalCookie",
    "fetcher.dns_settings": "DnsSettings",
    "fetcher.download": "Download",
    "fetcher.fetch": "download fetch",
    "fetcher.fetch_request": "FetchRequest",
    "fetcher.file_range": "FileRange",
    "fetcher.future": "FetchFuture",
    "fetcher.hsts_settings": "HstsSettings",
    "fetcher.limits": "Limits",
    "fetcher.pins": "PinSet",
    "fetcher.proxy_values": "AutoDetect PacScript PacUrl ProxyConfig",
    "fetcher.resolution": "Resolution",
    "fetcher.response": "Response",
    "fetcher.retry_policy": "RetryPolicy",
    "fetcher.session": "Session",
    "fetcher.session_cookies": "SessionCookies",
    "fetcher.stats": "BadProxy GroupStats SessionStats",
    "fetcher.sync_url_fetcher": "SyncUrlFetcher",
    "fetcher.timeout": "Timeout",
    "fetcher.tls_settings": "TlsSettings",
    "fetcher.url_fetcher": "URLFetcher",
    "http.chunked_upload": "ChunkedUpload",
    "network.quality": "NetworkQuality",
    "pool.health_settings": "EndpointHealthSettings",
    "sockets.options": "TcpOptions",
    "url_request.network_delegate": "NetworkDelegate",
    "url_request.rate_limit": "RateLimit",
    "url_request.resource_scheduler": "ResourceSchedulerSettings",
    "workers.handler_source": "HandlerAnswer HandlerRequest",
}

# Threads that enter urllib3, whose files import each other, at several places at once would wait for each other: Python
# finds that out and raises. An RLock, because a file may ask for a name while it is read.
_reading = RLock()
_FILE_OF = {name: file for file, names in _NAMES_OF.items() for name in names.split()}

if not TYPE_CHECKING:  # else every name would be right, mistyped ones too

    def __getattr__(name: str) -> object:
        file = _FILE_OF.get(name)
        if file is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        with _reading:
            value = getattr(import_module(f"{__name__}.{file}"), name)
        globals()[name] = value  # from now on it is found without asking here
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
