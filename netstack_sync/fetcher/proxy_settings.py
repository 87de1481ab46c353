"""The proxies of a session and of its requests, in the words of the layers below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from netstack_sync.url_request.late_proxy_parts import load_proxy_rooms

if TYPE_CHECKING:
    from netstack_sync.fetcher.proxy_arguments import ProxyAuth
    from netstack_sync.fetcher.proxy_values import ProxyArgument, ProxyAuthArgument
    from netstack_sync.proxy.config import ProxyConfig

_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy")
"""In small letters and in capitals; see proxy/environment.py."""


def session_proxy(proxy: ProxyArgument, environment: Mapping[str, str]) -> ProxyConfig | None:
    """Through whom a session goes, None where nobody says anything; raises ValueError, TypeError and ImportError."""
    if proxy is None and not any([environment.get(name) or environment.get(name.upper()) for name in _VARIABLES]):
        return None
    # late: most go directly
    from netstack_sync.fetcher.proxy_arguments import proxy_from_value
    from netstack_sync.proxy.config import SYSTEM_CONFIG, ProxyConfig

    found = proxy_from_value(proxy, environment)
    config = found if isinstance(found, ProxyConfig) else SYSTEM_CONFIG
    if not config.needs_no_service:
        load_proxy_rooms()
    return config


def request_proxy(proxy: ProxyArgument, environment: Mapping[str, str]) -> ProxyConfig | None:
    """The same for one request, whose None is the session's."""
    return None if proxy is None else session_proxy(proxy, environment)


def session_proxy_auth(proxy_auth: ProxyAuthArgument) -> ProxyAuth | None:
    """As whom its proxies are spoken to; raises ValueError and ImportError."""
    if proxy_auth is None:
        return None
    from netstack_sync.fetcher.proxy_arguments import proxy_auth_from_value  # late: most go directly

    return proxy_auth_from_value(proxy_auth)
